import { HesError } from '@zhuzhan/core'
import type { Clock } from '@zhuzhan/core'
import type { Random } from '@zhuzhan/gm-crypto'
import { createVault } from '../keys/vault.js'
import type { Vault } from '../keys/vault.js'
import type { MachineStore } from '../store/store.js'
import { readBackup, writeBackup } from './backup-file.js'
import type { BackupMeta } from './backup-file.js'

export interface BackupOptions {
  store: MachineStore
  vault: Vault
  clock: Clock
  random: Random
  /** IDA, 8 bytes. */
  stationId: Buffer
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex').toUpperCase()

/** The file of a backup, part by part; the audit learns of it when its last part was taken. */
export async function* makeBackup({ store, vault, clock, random, stationId }: BackupOptions): AsyncGenerator<Buffer> {
  const id = random(16)
  const meta: BackupMeta = { createdAt: clock.now(), stationId: hex(stationId), epoch: hex(vault.epoch), devices: await store.deviceCount() }
  let bytes = 0
  for await (const part of writeBackup(vault, id, meta, store.dump())) {
    bytes += part.length
    yield part
  }
  await store.note({ kind: 'backup-made', subject: hex(id), detail: { bytes, devices: meta.devices } })
}

export interface RestoreOptions {
  store: MachineStore
  masterKey: Uint8Array
  source: AsyncIterable<Buffer>
  random: Random
  stationId: Buffer
  /** Take the place of what is there. */
  replace: boolean
  /** scrypt's N. */
  cost?: number
}

/**
 * The machine of the backup, with a new epoch: tickets, mandates and orders of the old one are dead, every report window is unknown,
 * nobody owns the machine. All of it or nothing. §7.6, §7.10
 * @throws HesError CONFIG_INVALID, EXISTS_ALREADY, STATE_CONFLICT, UNAVAILABLE
 */
export async function restoreMachine({ store, masterKey, source, random, stationId, replace, cost }: RestoreOptions): Promise<BackupMeta & { newEpoch: string }> {
  const epoch = random(8)
  const backup = await openWith(source, masterKey, random, epoch, cost)
  if (backup.meta.stationId !== hex(stationId)) throw new HesError('CONFIG_INVALID', `backup: it is of station ${backup.meta.stationId}, and ZHUZHAN_STATION_ID is ${hex(stationId)}`)
  await store.load(backup.tables(), {
    replace,
    begin: ({ salt }) => {
      if (!salt.equals(backup.salt)) throw new HesError('CONFIG_INVALID', 'backup: head and content are of two machines')
      return { epoch, keyCheck: backup.vault.keyCheck(epoch) }
    },
    event: { kind: 'restored', subject: `epoch ${hex(epoch)}`, detail: { before: backup.meta.epoch, madeAt: backup.meta.createdAt, replaced: replace } },
  })
  return { ...backup.meta, newEpoch: hex(epoch) }
}

/** Reads a backup to its end and changes nothing. @throws HesError CONFIG_INVALID */
export async function checkBackup(source: AsyncIterable<Buffer>, masterKey: Uint8Array, random: Random, cost?: number): Promise<BackupMeta & { rows: Record<string, number> }> {
  const backup = await openWith(source, masterKey, random, Buffer.alloc(8), cost)
  const rows: Record<string, number> = {}
  for await (const part of backup.tables()) rows[part.table] = (rows[part.table] ?? 0) + part.rows.length
  return { ...backup.meta, rows }
}

function openWith(source: AsyncIterable<Buffer>, masterKey: Uint8Array, random: Random, epoch: Buffer, cost: number | undefined): ReturnType<typeof readBackup> {
  return readBackup(source, (salt) => createVault(masterKey, salt, random, epoch, cost))
}
