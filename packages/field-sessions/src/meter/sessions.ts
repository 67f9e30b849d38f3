import type { Clock } from '@zhuzhan/core'
import type { FieldContext } from '../message.js'
import { MAX_SEQ, eraseKeys } from '../record.js'
import type { SessionKeys } from '../record.js'

/** A half-open session waits this long for its first record. */
const HALF_OPEN_MS = 60_000

export interface FieldSession {
  context: FieldContext
  keys: SessionKeys
  /** Highest seq accepted; 0 before the first. */
  lastUp: number
  /** Highest seq sealed; a seq is sealed once. */
  lastDown: number
  /** Monotonic milliseconds. */
  endsAt: number
}

/** Per device one established and one half-open session, in volatile memory only. */
export interface Sessions {
  halfOpen(pid: string, session: Omit<FieldSession, 'lastUp' | 'lastDown' | 'endsAt'>, seconds: number): void
  /** The sessions to try a record against, half-open first. */
  candidates(pid: string): FieldSession[]
  established(pid: string): FieldSession | undefined
  /** A valid record came under this session: it is the established one, the other is gone. @returns true when it is new */
  establish(pid: string, session: FieldSession): boolean
  end(pid: string): void
  endAll(): void
}

export function createSessions(clock: Clock): Sessions {
  interface Slot {
    established?: FieldSession
    opening?: { session: FieldSession; until: number }
  }
  const slots = new Map<string, Slot>()
  const wipe = (session: FieldSession | undefined): void => {
    if (session) eraseKeys(session.keys)
  }
  const over = ({ endsAt, lastUp, lastDown }: FieldSession): boolean => clock.monotonic() >= endsAt || lastUp >= MAX_SEQ || lastDown >= MAX_SEQ
  const swept = (pid: string): Slot => {
    const slot = slots.get(pid) ?? {}
    if (slot.established && over(slot.established)) {
      wipe(slot.established)
      delete slot.established
    }
    if (slot.opening && clock.monotonic() >= slot.opening.until) {
      wipe(slot.opening.session)
      delete slot.opening
    }
    return slot
  }
  return {
    halfOpen(pid, { context, keys }, seconds) {
      const slot = swept(pid)
      slots.set(pid, slot)
      wipe(slot.opening?.session)
      const now = clock.monotonic()
      slot.opening = { session: { context, keys, lastUp: 0, lastDown: 0, endsAt: now + seconds * 1000 }, until: now + HALF_OPEN_MS }
    },
    candidates(pid) {
      const { opening, established } = swept(pid)
      return [opening?.session, established].filter((session) => session !== undefined)
    },
    established: (pid) => swept(pid).established,
    establish(pid, session) {
      const slot = swept(pid)
      if (slot.established === session) return false
      wipe(slot.established)
      slots.set(pid, { established: session })
      return true
    },
    end(pid) {
      const slot = slots.get(pid)
      wipe(slot?.established)
      wipe(slot?.opening?.session)
      slots.delete(pid)
    },
    endAll() {
      for (const pid of [...slots.keys()]) this.end(pid)
    },
  }
}
