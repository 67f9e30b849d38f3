import { equalBytes } from '@zhuzhan/gm-crypto'
import type { DeviceKeys } from '../key-file.js'
import type { KeyUpdateHead, WrappedKey } from '../key-update.js'
import { PURPOSE, PURPOSES, deriveKey } from '../keys.js'
import type { Purpose } from '../keys.js'
import { handshakeKeys } from '../mode-s.js'
import type { HandshakeKeys } from '../mode-s.js'
import type { Counters, StoredKeySet } from './state.js'

/** One set of keys with all that is derived from it. */
export interface KeySet {
  readonly keyState: number
  readonly keyVersion: number
  readonly dispersion: Buffer
  readonly keys: Readonly<Record<Purpose, Buffer>>
  /** The update that brought it; none for the keys of the key file. */
  readonly updateId: Buffer | undefined
  /** Mode S. */
  readonly handshake: HandshakeKeys
  readonly reportCipher: Buffer
  readonly reportAnswer: Buffer
  readonly readProof: Buffer
  readonly transport: Buffer
}

/** A meter's keys: one active set and, during a key update, one pending. There is no standing previous one. §7.1 */
export interface Keyring {
  readonly active: KeySet
  readonly pending: KeySet | undefined
  /** Stored when this resolves. The same update with the same keys changes nothing; another one takes the place of the pending one. */
  stage(head: KeyUpdateHead, keys: readonly WrappedKey[]): Promise<KeySet>
  /** The pending set becomes the active one in one step; the old keys are gone. */
  commit(): Promise<void>
  abort(): Promise<void>
}

const BY_NUMBER = new Map(PURPOSES.map((purpose) => [PURPOSE[purpose] as number, purpose]))

function keySet(set: Pick<KeySet, 'keyState' | 'keyVersion' | 'dispersion' | 'keys' | 'updateId'>): KeySet {
  const { keys, dispersion } = set
  return {
    ...set,
    handshake: handshakeKeys(keys.session, dispersion),
    reportCipher: deriveKey(keys.report, 'reportCipher', dispersion),
    reportAnswer: deriveKey(keys.report, 'reportAnswer', dispersion),
    readProof: deriveKey(keys.report, 'readProof', dispersion),
    transport: deriveKey(keys.transport, 'transport', dispersion),
  }
}

const store = (set: KeySet): StoredKeySet => ({
  keyState: set.keyState,
  keyVersion: set.keyVersion,
  dispersion: set.dispersion.toString('hex'),
  keys: Object.fromEntries(PURPOSES.map((purpose) => [purpose, set.keys[purpose].toString('hex')])) as Record<Purpose, string>,
  ...(set.updateId && { updateId: set.updateId.toString('hex') }),
})

const restore = (set: StoredKeySet): KeySet =>
  keySet({
    keyState: set.keyState,
    keyVersion: set.keyVersion,
    dispersion: Buffer.from(set.dispersion, 'hex'),
    keys: Object.fromEntries(PURPOSES.map((purpose) => [purpose, Buffer.from(set.keys[purpose], 'hex')])) as Record<Purpose, Buffer>,
    updateId: set.updateId === undefined ? undefined : Buffer.from(set.updateId, 'hex'),
  })

export function createKeyring(file: DeviceKeys, counters: Counters): Keyring {
  const { keyState, keyVersion, dispersion, keys } = file
  let active = counters.state.active ? restore(counters.state.active) : keySet({ keyState, keyVersion, dispersion, keys, updateId: undefined })
  let pending = counters.state.pending && restore(counters.state.pending)
  return {
    get active() {
      return active
    },
    get pending() {
      return pending
    },
    async stage({ updateId, newState, newVersion, newDispersion }, carried) {
      const own = { ...active.keys }
      for (const { purpose, key } of carried) own[BY_NUMBER.get(purpose) as Purpose] = Buffer.from(key)
      const known = pending
      if (known?.updateId?.equals(updateId) && PURPOSES.every((purpose) => equalBytes(known.keys[purpose], own[purpose]))) return known
      const next = keySet({
        keyState: newState,
        keyVersion: newVersion,
        dispersion: Buffer.from(newDispersion),
        keys: own,
        updateId: Buffer.from(updateId),
      })
      await counters.change({ pending: store(next) })
      return (pending = next)
    },
    async commit() {
      if (!pending) return
      await counters.change({ active: store(pending), pending: undefined })
      active = pending
      pending = undefined
    },
    async abort() {
      await counters.change({ pending: undefined })
      pending = undefined
    },
  }
}
