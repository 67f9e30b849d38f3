import { readFile, stat } from 'node:fs/promises'
import { HesError, errorText } from '@zhuzhan/core'

const MIN_BYTES = 16
const OTHERS = 0o077

/**
 * Content of the master key file. In production a file that anybody but its owner may read is refused.
 * @throws HesError CONFIG_INVALID
 */
export async function readMasterKeyFile(path: string, production: boolean): Promise<Buffer> {
  try {
    const { mode } = await stat(path)
    if (production && (mode & OTHERS) !== 0) throw new HesError('CONFIG_INVALID', `${path} must be readable by its owner only (chmod 600)`)
    const content = await readFile(path)
    if (content.length < MIN_BYTES) throw new HesError('CONFIG_INVALID', `${path} holds less than ${MIN_BYTES} bytes`)
    return content
  } catch (error) {
    if (error instanceof HesError) throw error
    throw new HesError('CONFIG_INVALID', `ZHUZHAN_MASTER_KEY_FILE: ${errorText(error)}`, {}, { cause: error })
  }
}
