import type { Clock } from '@zhuzhan/core'
import { MAX_SEQ } from '../counters.js'
import type { SessionKeys } from '../session-keys.js'
import { erase } from '../session-keys.js'
import type { KeySet } from './keyring.js'

/** A half-open session waits this long for its first record. §7.4 */
const HALF_OPEN_MS = 120_000

export interface DeviceSession {
  keys: SessionKeys
  /** The set its CONNECT proved; in mode F, the one that was active then. */
  set: KeySet
  /** Highest seq seen; -1 before the first. */
  lastSeq: number
  /** The last request and its one answer, for retransmissions. */
  last?: { data: Buffer; mac: Buffer; answer: Buffer }
  /** Monotonic milliseconds. */
  endsAt: number
}

/** Per client address one established and one half-open session, in volatile memory only. */
export interface DeviceSessions {
  /** An answered CONNECT: waits beside the established session until its first valid record. */
  halfOpen(clientAddress: number, keys: SessionKeys, sessionSeconds: number, set: KeySet): void
  /** The sessions to try a record against, half-open first. */
  candidates(clientAddress: number): DeviceSession[]
  /** A valid record came under this session: it is the established one now, the other is gone. */
  establish(clientAddress: number, session: DeviceSession): void
  end(clientAddress: number, session: DeviceSession): void
  endAll(): void
  readonly count: number
}

export function createDeviceSessions(clock: Clock): DeviceSessions {
  interface Slot {
    established?: DeviceSession
    opening?: { session: DeviceSession; until: number }
  }
  const slots = new Map<number, Slot>()
  const wipe = (session: DeviceSession | undefined): void => erase(session?.keys.toServer, session?.keys.toClient)

  const sweep = (slot: Slot): void => {
    const now = clock.monotonic()
    if (slot.established && (now >= slot.established.endsAt || slot.established.lastSeq >= MAX_SEQ)) {
      wipe(slot.established)
      delete slot.established
    }
    if (slot.opening && now >= slot.opening.until) {
      wipe(slot.opening.session)
      delete slot.opening
    }
  }
  return {
    halfOpen(clientAddress, keys, sessionSeconds, set) {
      const slot = slots.get(clientAddress) ?? {}
      slots.set(clientAddress, slot)
      wipe(slot.opening?.session)
      const now = clock.monotonic()
      slot.opening = { session: { keys, set, lastSeq: -1, endsAt: now + sessionSeconds * 1000 }, until: now + HALF_OPEN_MS }
    },
    candidates(clientAddress) {
      const slot = slots.get(clientAddress)
      if (!slot) return []
      sweep(slot)
      return [slot.opening?.session, slot.established].filter((session) => session !== undefined)
    },
    establish(clientAddress, session) {
      const slot = slots.get(clientAddress)
      if (!slot || slot.established === session) return
      wipe(slot.established)
      slot.established = session
      delete slot.opening
    },
    end(clientAddress, session) {
      wipe(session)
      const slot = slots.get(clientAddress)
      if (slot?.established === session) delete slot.established
      if (slot?.opening?.session === session) delete slot.opening
    },
    endAll() {
      for (const slot of slots.values()) {
        wipe(slot.established)
        wipe(slot.opening?.session)
      }
      slots.clear()
    },
    get count() {
      let count = 0
      for (const slot of slots.values()) {
        sweep(slot)
        if (slot.established) count++
      }
      return count
    },
  }
}
