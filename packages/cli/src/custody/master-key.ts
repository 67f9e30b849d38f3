import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { HesError } from '@zhuzhan/core'
import { chooseEngine } from '@zhuzhan/gm-crypto'
import { dataFolder } from '../station.js'
import { collect, readShares } from './shares.js'

export interface MasterKeySource {
  /** A file; the station's unless said. */
  key?: string
  /** Shares of the officers instead. */
  share?: string[]
  passphraseFile?: string
}

/** The master key from its file or from shares; wipe it after use. @throws HesError NOT_FOUND, SHARE_REFUSED, STATE_CONFLICT */
export async function masterKeyOf({ key, share, passphraseFile }: MasterKeySource): Promise<Buffer> {
  if (share === undefined) return keyFile(key ?? (process.env['ZHUZHAN_MASTER_KEY_FILE'] || join(dataFolder(), 'master-key')))
  const { engine } = await chooseEngine()
  const collector = await collect(engine, await readShares(share), passphraseFile)
  try {
    return await collector.combine()
  } finally {
    collector.wipe()
  }
}

/** @throws HesError NOT_FOUND */
export function keyFile(file: string): Promise<Buffer> {
  return readFile(file).catch((error: Error) => { throw new HesError('NOT_FOUND', `${file}: ${error.message}`) })
}
