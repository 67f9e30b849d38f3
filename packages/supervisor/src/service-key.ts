import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { errorText, HesError } from '@zhuzhan/core'
import { PROJECT } from './data-folder.js'
import type { Wiring } from './service-table.js'

const run = promisify(execFile)

/**
 * LABORATORIES: the key the station signs with alone, made once by the command that people use for it. In production nothing makes
 * it by itself. @throws HesError UNAVAILABLE
 */
export async function ensureServiceKey({ config, folder, secrets }: Pick<Wiring, 'config' | 'folder' | 'secrets'>): Promise<void> {
  if (config.ZHUZHAN_PRODUCTION || config.ZHUZHAN_SERVICE_KEY_FILE !== undefined || existsSync(folder.serviceKey)) return
  try {
    await run(process.execPath, [join(PROJECT, 'packages/cli/dist/main.js'), 'ticket', 'service-key', '--out', folder.serviceKey, '--json'], {
      env: { ...process.env, ZHUZHAN_SERVICE_KEY_SECRET: secrets.serviceKeySecret },
    })
  } catch (error) {
    throw new HesError('UNAVAILABLE', `The key of the station's service could not be made: ${errorText(error)}`, {}, { cause: error })
  }
}
