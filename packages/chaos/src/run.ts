import { setTimeout as sleep } from 'node:timers/promises'
import { errorText } from '@zhuzhan/core'
import { createSchedule } from './faults/schedule.js'
import { FAULTS } from './faults/table.js'
import type { FaultName } from './faults/table.js'
import type { Random } from './random.js'
import type { Backlog, BacklogProbe } from './rig/backlog.js'
import type { Rig } from './rig/rig.js'

/** One fault that struck. */
export interface Strike {
  /** Seconds after the load began. */
  at: number
  kind: FaultName
  /** What it hit. */
  target: string
  /** Seconds from its end until the station had caught up; only where nothing else struck meanwhile. */
  settledSeconds?: number
  /** Alone, and the station had still not caught up after 30 s. */
  notSettled?: true
  /** It could not be done. */
  failed?: string
}

export interface RunOptions {
  rig: Rig
  backlog: BacklogProbe
  faults: readonly FaultName[]
  seconds: number
  /** Reports a second. */
  rate: number
  random: Random
  signal: AbortSignal
  say(text: string): void
}

const SLOT_MS = 10_000
/** A settled slot is not waited for any longer; the fault then counts as not settled. */
const SETTLE_MS = 30_000
const LOOK_MS = 250
/** The second fault of a slot comes while the first is still felt. */
const APART_MS = 1_500
/** Jobs in the queue under ordinary load. */
const ORDINARY_JOBS = 10

/** Breaks the station, slot by slot, until the time is over. */
export async function strikeAll({ rig, backlog, faults, seconds, rate, random, signal, say }: RunOptions): Promise<Strike[]> {
  const strikes: Strike[] = []
  const schedule = createSchedule(faults, random)
  const begin = Date.now()
  const end = begin + seconds * 1_000
  const strike = async (name: FaultName, afterMs: number): Promise<Strike> => {
    await sleep(afterMs, undefined, { signal }).catch(() => undefined)
    const one: Strike = { at: Math.round((Date.now() - begin) / 100) / 10, kind: name, target: '' }
    strikes.push(one)
    try {
      one.target = await FAULTS[name].strike({ rig, random, signal })
    } catch (error) {
      one.failed = errorText(error)
    }
    say(`${name}: ${one.failed ?? one.target}`)
    return one
  }
  const calm = ({ waiting, away, jobs }: Backlog): boolean => away === 0 && jobs !== undefined && jobs <= ORDINARY_JOBS && waiting <= Math.max(rate, 10)

  for (let slotBegin = Date.now(); slotBegin + SLOT_MS <= end + 500 && !signal.aborted; slotBegin = Date.now()) {
    const slot = schedule.next(Math.max(1, Math.floor((end - slotBegin) / SLOT_MS)))
    if (slot.kind === 'overlapping') {
      const apart = random.whole(0, APART_MS)
      await Promise.all(slot.faults.map((name, i) => strike(name, i * apart)))
    } else {
      const one = await strike(slot.faults[0], 0)
      const over = Date.now()
      let last: Backlog | undefined
      while (!signal.aborted && Date.now() - over < SETTLE_MS) {
        last = await backlog.look()
        // The fault may not be felt yet.
        if (Date.now() - over > 1_000 && calm(last)) {
          one.settledSeconds = Math.round((Date.now() - over) / 100) / 10
          break
        }
        await sleep(LOOK_MS)
      }
      if (one.settledSeconds === undefined) {
        one.notSettled = true
        say(`  not settled after ${SETTLE_MS / 1_000} s: ${JSON.stringify(last)}`)
      }
      if ((one.settledSeconds ?? 0) > 5) say(`  settled after ${one.settledSeconds} s`)
    }
    await sleep(Math.max(0, slotBegin + SLOT_MS - Date.now()), undefined, { signal }).catch(() => undefined)
  }
  return strikes
}
