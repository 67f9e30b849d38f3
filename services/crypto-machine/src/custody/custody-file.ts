import { readFile } from 'node:fs/promises'
import { HesError, errorText } from '@zhuzhan/core'
import { parseCustodySet } from '@zhuzhan/custody'
import type { CustodySet } from '@zhuzhan/custody'
import type { Config } from '../config.js'

/**
 * The custody set the configuration names; undefined when the master key is in a file.
 * @throws HesError CONFIG_INVALID also when both or neither are named, or shares could not be given
 */
export async function readCustody(
  config: Pick<Config, 'ZHUZHAN_MASTER_KEY_FILE' | 'ZHUZHAN_KEY_CUSTODY_FILE' | 'ZHUZHAN_CEREMONY_SOCKET'>,
): Promise<CustodySet | undefined> {
  const { ZHUZHAN_MASTER_KEY_FILE: keyFile, ZHUZHAN_KEY_CUSTODY_FILE: custodyFile, ZHUZHAN_CEREMONY_SOCKET: socket } = config
  if ((keyFile === undefined) === (custodyFile === undefined))
    throw new HesError('CONFIG_INVALID', 'set ZHUZHAN_MASTER_KEY_FILE or ZHUZHAN_KEY_CUSTODY_FILE: one of them, not both')
  if (custodyFile === undefined) return undefined
  if (socket === undefined) throw new HesError('CONFIG_INVALID', 'ZHUZHAN_KEY_CUSTODY_FILE needs ZHUZHAN_CEREMONY_SOCKET: without it no share can be given')
  const text = await readFile(custodyFile, 'utf8').catch((error: unknown) => {
    throw new HesError('CONFIG_INVALID', `ZHUZHAN_KEY_CUSTODY_FILE: ${errorText(error)}`, {}, { cause: error })
  })
  return parseCustodySet(text)
}
