import type { Clock } from '@zhuzhan/core'
import { equalBytes, hmacSm3 } from '@zhuzhan/gm-crypto'
import type { Random } from '@zhuzhan/gm-crypto'
import { hexOf, label, u32 } from '../bytes.js'
import { headOf } from '../message.js'
import type { FieldContext } from '../message.js'

const SLOT_MS = 30_000
/** Accepted AUTHs of one device that are remembered; more in a minute are refused. */
const MAX_REMEMBERED = 8
const LABEL = label('FSP1-CKI')

interface Remembered {
  nD: string
  auth: Buffer
  accept: Buffer
  at: number
}

/**
 * The meter's question to a HELLO. It keeps nothing until an answer proves itself: the cookie is computed again from
 * nD, the time and a secret of this run, so a flood of HELLOs costs no memory and displaces nobody. §6.2
 */
export interface Challenges {
  /** Slot and cookie. */
  ask(c: FieldContext, nD: Uint8Array): { slot: Buffer; cookie: Buffer }
  /** Was this asked by us, in this slot or the one before? */
  isOurs(c: FieldContext, nD: Uint8Array, slot: Uint8Array, cookie: Uint8Array): boolean
  /** An AUTH with this nD that was accepted: its bytes and its answer. */
  known(pid: string, nD: Uint8Array): Remembered | undefined
  /** @returns false when this device has opened too many sessions in too short a time */
  roomFor(pid: string): boolean
  remember(pid: string, nD: Uint8Array, auth: Uint8Array, accept: Buffer): void
  /** A new secret: every question asked so far is void. */
  reset(): void
}

export function createChallenges(clock: Clock, random: Random): Challenges {
  let secret = random(32)
  const remembered = new Map<string, Remembered[]>()
  const slotNow = (): number => Math.floor(clock.monotonic() / SLOT_MS) >>> 0
  const cookieOf = (c: FieldContext, nD: Uint8Array, slot: Uint8Array): Buffer => hmacSm3(secret, LABEL, headOf(c, 'challenge'), nD, slot).subarray(0, 16)
  const listOf = (pid: string): Remembered[] => {
    const fresh = (remembered.get(pid) ?? []).filter(({ at }) => clock.monotonic() - at <= 2 * SLOT_MS)
    if (fresh.length > 0) remembered.set(pid, fresh)
    else remembered.delete(pid)
    return fresh
  }
  return {
    ask(c, nD) {
      const slot = u32(slotNow())
      return { slot, cookie: cookieOf(c, nD, slot) }
    },
    isOurs(c, nD, slot, cookie) {
      const age = slotNow() - Buffer.from(slot).readUInt32BE(0)
      return (age === 0 || age === 1) && equalBytes(cookie, cookieOf(c, nD, slot))
    },
    known: (pid, nD) => listOf(pid).find((one) => one.nD === hexOf(nD)),
    roomFor: (pid) => listOf(pid).length < MAX_REMEMBERED,
    remember(pid, nD, auth, accept) {
      remembered.set(pid, [...listOf(pid), { nD: hexOf(nD), auth: Buffer.from(auth), accept, at: clock.monotonic() }])
    },
    reset() {
      secret = random(32)
      remembered.clear()
    },
  }
}
