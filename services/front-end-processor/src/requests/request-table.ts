import { HesError } from '@zhuzhan/core'
import type { Clock } from '@zhuzhan/core'
import type { Apdu } from '@zhuzhan/dlt698'
import { metric } from '@zhuzhan/telemetry'
import { expectation } from './expect.js'
import type { Expectation } from './expect.js'
import { createPiidPool } from './piid-pool.js'
import type { SealedRequest } from '../secure/secure-channel.js'

/** Commands of people go before the collection, and the collection never takes all places. */
export type Lane = 'command' | 'collection'
const PLACES: Record<Lane, number> = { command: 4, collection: 2 }
const MAX_OPEN = 4

export interface Ask {
  /** The request for a given PIID number. */
  build(piid: { number: number; priority: boolean; acd: boolean }): Apdu
  lane: Lane
  /** Time for the answer, from when it leaves. */
  timeoutMs: number
  /** Nothing else is under way while this is: what is no read shares a session with nothing (OSP-1 §7.4). */
  alone?: boolean
  /** Seals it instead of the session's usual way. */
  seal?(piid: number): Promise<SealedRequest>
  /** Called with the request before it leaves; what it throws ends the request unsent. */
  beforeSend?(apdu: Apdu): Promise<void>
  /** Told an answer that comes after its time, while its number rests: for what may be asked again meanwhile. */
  late?(answer: Apdu): void
}

/** How an encoded request left: plain, or sealed as record `seq`; `giveUp` is told when its answer did not come. */
export interface Sent {
  seq?: number
  giveUp?(): void
}
/** Says how it leaves before it does: the answer may be faster than the promise. */
export type Sender = (apdu: Apdu, ask: Ask, piid: number, leaving: (sent: Sent) => void) => Promise<void>

/** The requests of one connection that wait for an answer. */
export interface RequestTable {
  /** @throws HesError TERMINAL_TIMEOUT, TERMINAL_OFFLINE, BUSY, or what the sender throws */
  ask(request: Ask): Promise<Apdu>
  /** Gives an answer to the request it belongs to, of record `seq` in a session; false when it belongs to none. */
  answer(apdu: Apdu & { piid: { number: number } }, seq?: number): boolean
  /** The device refused record `seq` with an authentic DAR. */
  refused(seq: number, dar: number): void
  /** The connection is gone. */
  end(): void
}

interface Waiting {
  ask: Ask
  resolve(answer: Apdu): void
  reject(error: Error): void
}

interface Open extends Waiting {
  number: number
  expects: Expectation
  timer: NodeJS.Timeout | undefined
  sent: Sent
}

const MAX_WAITING = 256
let openRequests = 0

/** Requests without an answer in this process, for the metric. */
export const openRequestCount = (): number => openRequests

export function createRequestTable(send: Sender, clock: Clock): RequestTable {
  const pool = createPiidPool(clock)
  const open = new Map<number, Open>()
  /** Timed out, but an answer is still of use; until the number comes again. */
  const overdue = new Map<number, Open>()
  const waiting: Record<Lane, Waiting[]> = { command: [], collection: [] }
  const inLane: Record<Lane, number> = { command: 0, collection: 0 }
  let ended = false
  let retry: NodeJS.Timeout | undefined

  const take = (entry: Open): boolean => {
    if (open.get(entry.number) !== entry) return false
    open.delete(entry.number)
    openRequests -= 1
    inLane[entry.ask.lane] -= 1
    clearTimeout(entry.timer)
    return true
  }

  /** May this one leave beside those that are under way? */
  const passes = (wanted: Waiting): boolean => (wanted.ask.alone ? open.size === 0 : ![...open.values()].some(({ ask }) => ask.alone))

  const pump = (): void => {
    for (const lane of ['command', 'collection'] as const) {
      while (!ended && open.size < MAX_OPEN && inLane[lane] < PLACES[lane] && waiting[lane].length > 0) {
        if (!passes(waiting[lane][0] as Waiting)) return
        const number = pool.take()
        if (number === undefined) {
          // Every number is in use or rests after a timeout.
          retry ??= setTimeout(() => {
            retry = undefined
            pump()
          }, 1_000)
          return
        }
        void launch(waiting[lane].shift() as Waiting, number)
      }
    }
  }

  const launch = async (wanted: Waiting, number: number): Promise<void> => {
    let apdu: Apdu
    try {
      apdu = wanted.ask.build({ number, priority: false, acd: false })
    } catch (error) {
      pool.answered(number)
      return wanted.reject(error as Error)
    }
    const entry: Open = { ...wanted, number, expects: expectation(apdu), timer: undefined, sent: {} }
    overdue.delete(number)
    open.set(number, entry)
    openRequests += 1
    inLane[wanted.ask.lane] += 1
    const timedOut = (): void => {
      if (!take(entry)) return
      pool.timedOut(number)
      if (entry.ask.late) overdue.set(number, entry)
      metric('fep_request_timeouts').add(1)
      entry.sent.giveUp?.()
      entry.reject(new HesError('TERMINAL_TIMEOUT'))
      pump()
    }
    try {
      await wanted.ask.beforeSend?.(apdu)
      if (open.get(number) !== entry) return
      // The time is the terminal's: what the station needed before does not count.
      entry.timer = setTimeout(timedOut, wanted.ask.timeoutMs)
      await send(apdu, wanted.ask, number, (sent) => {
        entry.sent = sent
        // Its time was over while it was sealed: nobody else will say so.
        if (open.get(number) !== entry) sent.giveUp?.()
      })
    } catch (error) {
      if (!take(entry)) return
      pool.answered(number)
      entry.reject(error as Error)
      pump()
    }
  }

  return {
    ask: (ask) => new Promise((resolve, reject) => {
      if (ended) return reject(new HesError('TERMINAL_OFFLINE'))
      if (waiting[ask.lane].length >= MAX_WAITING) return reject(new HesError('BUSY', 'too many requests wait for this terminal'))
      waiting[ask.lane].push({ ask, resolve, reject })
      pump()
    }),
    answer: (apdu, seq) => {
      const entry = open.get(apdu.piid.number) ?? overdue.get(apdu.piid.number)
      // A PIID comes again after a minute; an authentic answer that somebody held back that long belongs to another record.
      if (!entry || entry.sent.seq !== seq || !entry.expects(apdu)) {
        metric('fep_response_mismatches').add(1)
        return false
      }
      if (!take(entry)) {
        // Its number goes on resting: an answer may come twice.
        overdue.delete(entry.number)
        entry.ask.late?.(apdu)
        return true
      }
      pool.answered(entry.number)
      entry.resolve(apdu)
      pump()
      return true
    },
    refused: (seq, dar) => {
      const entry = [...open.values()].find((one) => one.sent.seq === seq)
      if (!entry || !take(entry)) return
      pool.answered(entry.number)
      entry.reject(new HesError('DEVICE_REFUSED', `the device refused with DAR ${dar}`, { dar }))
      pump()
    },
    end: () => {
      ended = true
      overdue.clear()
      clearTimeout(retry)
      const gone = new HesError('TERMINAL_OFFLINE', 'the connection ended before the answer came')
      for (const entry of [...open.values()]) {
        take(entry)
        entry.reject(gone)
      }
      for (const lane of Object.values(waiting)) for (const one of lane.splice(0)) one.reject(gone)
    },
  }
}
