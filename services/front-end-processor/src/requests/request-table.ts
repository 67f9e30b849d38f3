import { HesError } from '@zhuzhan/core'
import type { Clock } from '@zhuzhan/core'
import type { Apdu } from '@zhuzhan/dlt698'
import { metric } from '@zhuzhan/telemetry'
import { expectation } from './expect.js'
import type { Expectation } from './expect.js'
import { createPiidPool } from './piid-pool.js'
import type { PiidPool } from './piid-pool.js'
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

export const createRequestTable = (send: Sender, clock: Clock): RequestTable => new Table(send, clock)

const LANES: readonly Lane[] = ['command', 'collection']
const NONE: readonly never[] = []
const plus = <T>(list: readonly T[], one: T): readonly T[] => [...list, one]
const without = <T>(list: readonly T[], one: T): readonly T[] => (list.length === 1 && list[0] === one ? NONE : list.filter((other) => other !== one))

/** Methods on a prototype, lists that share one empty list: most of a hundred thousand terminals have nothing under way. */
class Table implements RequestTable {
  private readonly pool: PiidPool
  private open: readonly Open[] = NONE
  /** Timed out, but an answer is still of use; until the number comes again. */
  private overdue: readonly Open[] = NONE
  private waiting: readonly Waiting[] = NONE
  private ended = false
  private retry: NodeJS.Timeout | undefined

  constructor(private readonly send: Sender, clock: Clock) {
    this.pool = createPiidPool(clock)
  }

  ask(ask: Ask): Promise<Apdu> {
    return new Promise((resolve, reject) => {
      if (this.ended) return reject(new HesError('TERMINAL_OFFLINE'))
      if (inLane(this.waiting, ask.lane) >= MAX_WAITING) return reject(new HesError('BUSY', 'too many requests wait for this terminal'))
      this.waiting = plus(this.waiting, { ask, resolve, reject })
      this.pump()
    })
  }

  answer(apdu: Apdu & { piid: { number: number } }, seq?: number): boolean {
    const { number } = apdu.piid
    const entry = this.open.find((one) => one.number === number) ?? this.overdue.find((one) => one.number === number)
    // A PIID comes again after a minute; an authentic answer that somebody held back that long belongs to another record.
    if (!entry || entry.sent.seq !== seq || !entry.expects(apdu)) {
      metric('fep_response_mismatches').add(1)
      return false
    }
    if (!this.take(entry)) {
      // Its number goes on resting: an answer may come twice.
      this.overdue = without(this.overdue, entry)
      entry.ask.late?.(apdu)
      return true
    }
    this.pool.answered(entry.number)
    entry.resolve(apdu)
    this.pump()
    return true
  }

  refused(seq: number, dar: number): void {
    const entry = this.open.find((one) => one.sent.seq === seq)
    if (!entry || !this.take(entry)) return
    this.pool.answered(entry.number)
    entry.reject(new HesError('DEVICE_REFUSED', `the device refused with DAR ${dar}`, { dar }))
    this.pump()
  }

  end(): void {
    this.ended = true
    this.overdue = NONE
    clearTimeout(this.retry)
    const gone = new HesError('TERMINAL_OFFLINE', 'the connection ended before the answer came')
    for (const entry of this.open) {
      this.take(entry)
      entry.reject(gone)
    }
    const { waiting } = this
    this.waiting = NONE
    for (const one of waiting) one.reject(gone)
  }

  private take(entry: Open): boolean {
    if (!this.open.includes(entry)) return false
    this.open = without(this.open, entry)
    openRequests -= 1
    clearTimeout(entry.timer)
    return true
  }

  /** May this one leave beside those that are under way? */
  private passes(wanted: Waiting): boolean {
    return wanted.ask.alone ? this.open.length === 0 : !this.open.some(({ ask }) => ask.alone)
  }

  private pump(): void {
    for (const lane of LANES) {
      while (!this.ended && this.open.length < MAX_OPEN && inLane(this.open, lane) < PLACES[lane]) {
        const next = this.waiting.find(({ ask }) => ask.lane === lane)
        if (!next) break
        if (!this.passes(next)) return
        const number = this.pool.take()
        if (number === undefined) {
          // Every number is in use or rests after a timeout.
          this.retry ??= setTimeout(() => {
            this.retry = undefined
            this.pump()
          }, 1_000)
          return
        }
        this.waiting = without(this.waiting, next)
        void this.launch(next, number)
      }
    }
  }

  private async launch(wanted: Waiting, number: number): Promise<void> {
    let apdu: Apdu
    try {
      apdu = wanted.ask.build({ number, priority: false, acd: false })
    } catch (error) {
      this.pool.answered(number)
      return wanted.reject(error as Error)
    }
    const entry: Open = { ...wanted, number, expects: expectation(apdu), timer: undefined, sent: {} }
    const former = this.overdue.find((one) => one.number === number)
    if (former) this.overdue = without(this.overdue, former)
    this.open = plus(this.open, entry)
    openRequests += 1
    try {
      await wanted.ask.beforeSend?.(apdu)
      if (!this.open.includes(entry)) return
      // The time is the terminal's: what the station needed before does not count.
      entry.timer = setTimeout(() => this.timedOut(entry), wanted.ask.timeoutMs)
      await this.send(apdu, wanted.ask, number, (sent) => {
        entry.sent = sent
        // Its time was over while it was sealed: nobody else will say so.
        if (!this.open.includes(entry)) sent.giveUp?.()
      })
    } catch (error) {
      if (!this.take(entry)) return
      this.pool.answered(number)
      entry.reject(error as Error)
      this.pump()
    }
  }

  private timedOut(entry: Open): void {
    if (!this.take(entry)) return
    this.pool.timedOut(entry.number)
    if (entry.ask.late) this.overdue = plus(this.overdue, entry)
    metric('fep_request_timeouts').add(1)
    entry.sent.giveUp?.()
    entry.reject(new HesError('TERMINAL_TIMEOUT'))
    this.pump()
  }
}

function inLane(list: readonly Waiting[], lane: Lane): number {
  return list.reduce((count, { ask }) => count + (ask.lane === lane ? 1 : 0), 0)
}
