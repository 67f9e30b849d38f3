import { HesError, errorCode } from '@zhuzhan/core'
import { equalBytes } from '@zhuzhan/gm-crypto'
import type { Random } from '@zhuzhan/gm-crypto'
import { checkIdentity, createVault } from '../keys/vault.js'
import type { MachineStore } from '../store/store.js'
import { SEALED_TABLES, resealRow } from './sealed-tables.js'

export interface ChangeMasterKeyOptions {
  store: MachineStore
  oldKey: Uint8Array
  newKey: Uint8Array
  random: Random
  /** For the audit: the custody set the new key was split into, or `file`. */
  custody: string
  /** scrypt's N. */
  cost?: number
}

export interface MasterKeyChanged {
  /** False: the store was under the new key before. */
  changed: boolean
  /** Rows sealed anew. */
  rows: number
  /** Rows that had been changed outside of the machine: they were left as they are, and stay refused. */
  left: number
}

const MIN_BYTES = 16

/**
 * The whole store under another master key, in one commit: killed at any moment, it opens with the old key or with the new one.
 * Everything wrapped is wrapped anew and every row's MAC made anew under keys of their own, so that the old master key and an old copy
 * of the database neither open what comes later nor make a row of it. The process that owned the machine is fenced off.
 * Open key updates, sessions' counters, tickets and the epoch stay as they are.
 * @throws HesError CONFIG_INVALID when the old key is not the one of this store, STATE_CONFLICT, NOT_FOUND, UNAVAILABLE
 */
export async function changeMasterKey({ store, oldKey, newKey, random, custody, cost }: ChangeMasterKeyOptions): Promise<MasterKeyChanged> {
  if (newKey.length < MIN_BYTES) throw new HesError('CONFIG_INVALID', `the new master key has less than ${MIN_BYTES} bytes`)
  const before = await store.identity(() => {
    throw new HesError('NOT_FOUND', 'there is no crypto machine in this database yet')
  })
  if (equalBytes(oldKey, newKey)) throw new HesError('STATE_CONFLICT', 'the new master key is the old one')
  const from = createVault(oldKey, before.salt, random, before.epoch, cost)
  const subject = `custody ${custody}`
  try {
    checkIdentity(from, before)
  } catch (error) {
    // A second try after one that was cut off behind its commit.
    if (opens(createVault(newKey, before.salt, random, before.epoch, cost))) return { changed: false, rows: 0, left: 0 }
    await store.note({ kind: 'master-key-refused', subject, detail: { reason: errorCode(error) } })
    throw error
  }

  const salt = random(16)
  const to = createVault(newKey, salt, random, before.epoch, cost)
  const done = { rows: 0, left: 0 }
  await store.reseal({
    tables: SEALED_TABLES,
    before,
    after: { epoch: before.epoch, salt, keyCheck: to.keyCheck(before.epoch) },
    seal: (name, row) => {
      const sealed = SEALED_TABLES.find(({ table }) => table === name)
      if (!sealed) throw new HesError('INTERNAL', `nobody knows how ${name} is sealed`)
      const result = resealRow(from, to, sealed, row)
      done.rows += 1
      if (result.left) done.left += 1
      return result.sealed
    },
    event: () => ({ kind: 'master-key-changed', subject, detail: { ...done } }),
  })
  return { changed: true, ...done }

  function opens(vault: ReturnType<typeof createVault>): boolean {
    try {
      checkIdentity(vault, before)
      return true
    } catch {
      return false
    }
  }
}
