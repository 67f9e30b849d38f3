import { HesError, errorCode } from '@zhuzhan/core'
import { equalBytes, sm3 } from '@zhuzhan/gm-crypto'
import { z } from 'zod'
import type { Vault } from '../keys/vault.js'
import type { TableRows } from '../store/backup-store.js'

/**
 * A backup of the machine as one file.
 *
 *     ZZBACKUP | version(1) | salt(16) | id(16)                          header
 *     length(4) | vault.wrap(`backup/HEADER/n`, JSON)                    chunk n, from 0; the first is Meta, the rest TableRows
 *     00000000 | MAC(16)                                                 row MAC over the SM3 of everything before it
 *
 * Each chunk is SM4-CCM under the master key with its place in its name: none can be changed, left out, doubled or taken from another
 * backup. The MAC says that the file is whole. What is secret in the rows stays wrapped inside besides.
 */
const MAGIC = Buffer.from('ZZBACKUP', 'latin1')
const VERSION = 1
const SALT = 16
const HEADER = MAGIC.length + 1 + SALT + 16
const MAC = 16
const MAX_CHUNK = 32 * 1024 * 1024

export const BackupMeta = z.strictObject({
  /** Milliseconds since 1970 UTC. */
  createdAt: z.number().int(),
  stationId: z.string(),
  /** Of the machine when the backup was made; a restore begins another. */
  epoch: z.string(),
  devices: z.number().int(),
})
export type BackupMeta = z.infer<typeof BackupMeta>
const Rows = z.strictObject({ table: z.string(), rows: z.array(z.string()) })

const chunkName = (header: Buffer, number: number): string => `backup/${header.toString('hex')}/${number}`
const macOver = (vault: Vault, header: Buffer, parts: readonly Buffer[]): Buffer => vault.rowMac(`backup/${header.toString('hex')}`, [sm3(Buffer.concat(parts))])
const u32 = (value: number): Buffer => {
  const out = Buffer.alloc(4)
  out.writeUInt32BE(value)
  return out
}

export async function* writeBackup(vault: Vault, id: Buffer, meta: BackupMeta, tables: AsyncIterable<TableRows>): AsyncGenerator<Buffer> {
  const header = Buffer.concat([MAGIC, Buffer.of(VERSION), vault.salt, id])
  const sums = [sm3(header)]
  let number = 0
  const chunk = (value: object): Buffer => {
    const wrapped = vault.wrap(chunkName(header, number++), Buffer.from(JSON.stringify(value), 'utf8'))
    const bytes = Buffer.concat([u32(wrapped.length), wrapped])
    sums.push(sm3(bytes))
    return bytes
  }
  yield header
  yield chunk(meta)
  for await (const rows of tables) yield chunk(rows)
  yield Buffer.concat([u32(0), macOver(vault, header, sums)])
}

export interface OpenBackup {
  meta: BackupMeta
  salt: Buffer
  vault: Vault
  /** Ends only when the MAC at the end was right. @throws HesError CONFIG_INVALID */
  tables(): AsyncGenerator<TableRows>
}

function spoilt(why: string, cause?: unknown): HesError {
  return new HesError('CONFIG_INVALID', `backup: ${why}`, {}, { cause })
}

/**
 * @param openVault makes the vault for the salt the file names
 * @throws HesError CONFIG_INVALID for what is no backup, another master key's, damaged or changed
 */
export async function readBackup(source: AsyncIterable<Buffer>, openVault: (salt: Buffer) => Vault): Promise<OpenBackup> {
  const take = puller(source)
  const header = await take(HEADER)
  if (!header.subarray(0, MAGIC.length).equals(MAGIC)) throw spoilt('this is no backup of a crypto machine')
  if (header[MAGIC.length] !== VERSION) throw spoilt(`version ${header[MAGIC.length] ?? '?'} is not known here`)
  const salt = header.subarray(MAGIC.length + 1, MAGIC.length + 1 + SALT)
  const vault = openVault(salt)
  const sums = [sm3(header)]
  let number = 0

  const chunk = async (): Promise<unknown> => {
    const head = await take(4)
    const length = head.readUInt32BE(0)
    if (length === 0) {
      if (!equalBytes(await take(MAC), macOver(vault, header, sums))) throw spoilt('its MAC is wrong: the file was changed or cut')
      return undefined
    }
    if (length > MAX_CHUNK) throw spoilt('damaged')
    const wrapped = await take(length)
    sums.push(sm3(Buffer.concat([head, wrapped])))
    try {
      return JSON.parse(vault.unwrap(chunkName(header, number++), wrapped).toString('utf8'))
    } catch (error) {
      throw spoilt(number === 1 ? 'it is of another master key, or damaged' : `part ${number} was damaged or changed`, error)
    }
  }

  const meta = BackupMeta.safeParse(await chunk())
  if (!meta.success) throw spoilt('its first part is not readable here')
  return {
    meta: meta.data,
    salt,
    vault,
    async *tables() {
      for (;;) {
        const value = await chunk()
        if (value === undefined) return
        const rows = Rows.safeParse(value)
        if (!rows.success) throw spoilt(`part ${number} is not readable here`)
        yield rows.data
      }
    },
  }
}

/** Exactly so many bytes at a time. */
function puller(source: AsyncIterable<Buffer>): (count: number) => Promise<Buffer> {
  const parts = source[Symbol.asyncIterator]()
  let held = Buffer.alloc(0)
  return async (count) => {
    while (held.length < count) {
      const next = await parts.next().catch((error: unknown) => {
        throw errorCode(error) === 'INTERNAL' ? spoilt(`it cannot be read: ${(error as Error).message}`, error) : error
      })
      if (next.done) throw spoilt('it ends too early: the file was cut')
      held = Buffer.concat([held, next.value])
    }
    const taken = held.subarray(0, count)
    held = held.subarray(count)
    return taken
  }
}
