import { LARGEST_FRAME, NO_MEMO, area } from './window.js'
import type { StreamWindow, Tenant } from './window.js'

/** Why bytes were thrown away. `wake-up` (FE before a frame) is normal, the others are noise or attack. */
export type DiscardReason = 'wake-up' | 'noise' | 'length' | 'header' | 'checksum' | 'end'

/** How frames of one protocol are told from rubbish. */
export interface Framing<Name extends string = string> {
  readonly name: Name
  /** First byte of every frame. */
  readonly start: number
  /** Greatest whole frame that is accepted, in bytes. */
  readonly maxSize: number
  /**
   * Is there a frame at `at`, whose first byte is `start`? Its size when it is there whole and its checks hold;
   * `-n` when that cannot be told before n bytes from `at` are there; the reason when there is none. At least one
   * byte of `window` is there. Never asks for more than maxSize bytes: they would be buffered.
   */
  probe(window: StreamWindow, at: number): number | DiscardReason
}

export interface SplitterEvents<Name extends string = string> {
  /** A whole frame with its checks made; the bytes are its own. `protocol` is the name of its framing. */
  onFrame(bytes: Buffer, protocol: Name): void
  onDiscard?(count: number, reason: DiscardReason): void
}

export interface Splitter {
  /** Takes the next bytes of the stream, however they are cut. Callbacks come at the end, so they may do anything but throw. */
  push(chunk: Uint8Array): void
  /** Bytes that wait for the rest of their frame. */
  readonly pending: number
  /** Forgets them, e.g. because the rest took too long. Called from a callback it also drops what that push still had to tell. */
  reset(): void
}

/** A frame with its bytes, or bytes that were thrown away and why. */
interface Event {
  bytes: Buffer | undefined
  protocol: string
  count: number
  reason: DiscardReason
  next: Event | undefined
}

const WAKE_UP = 0xfe

/**
 * Cuts a byte stream into frames of one or several protocols and finds the next frame after rubbish: when a check fails
 * the search goes on one byte further. Where framings disagree the first in the list that has a whole frame wins, and
 * nothing is thrown away while one of them may still become one.
 *
 * Memory: at most one frame of the greatest maxSize, nothing while no frame is half received. What a splitter holds stays
 * in the common work area until another splitter pushes.
 */
export const createStreamSplitter = <Name extends string>(framings: readonly Framing<Name>[], events: SplitterEvents<Name>): Splitter => new StreamSplitter(framings, events)

/** Methods on a prototype: a gateway has one for every connection, and closures were most of it. */
class StreamSplitter<Name extends string> implements Splitter, Tenant {
  private readonly table: Table
  /** What is left of earlier chunks while another splitter has the work area; room for more behind `held`. */
  private store = EMPTY
  private held = 0
  private memo = NO_MEMO
  /** Nothing can be decided before so many bytes are there. */
  private need = 1
  private resets = 0

  constructor(framings: readonly Framing<Name>[], private readonly events: SplitterEvents<Name>) {
    this.table = tableOf(framings)
  }

  get pending(): number {
    return area.tenant === this ? area.end - area.start : this.held
  }

  push(chunk: Uint8Array): void {
    // A byte that comes alone and decides nothing: kept short, for a slow line brings many of them.
    if (chunk.length === 1 && area.tenant === this && area.end + 1 < area.limit) area.bytes[area.end++] = chunk[0]!
    else this.take(chunk)
  }

  reset(): void {
    if (area.tenant === this) {
      area.tenant = undefined
      area.clear()
    }
    this.forget()
    this.need = 1
    this.resets++
  }

  moveOut(): void {
    area.tenant = undefined
    if (area.start === area.end) return
    this.hold(area.bytes.subarray(area.start, area.end))
    this.memo = area.memo()
  }

  private take(chunk: Uint8Array): void {
    if (area.tenant !== this) {
      if (this.held + chunk.length < this.need) return this.hold(chunk)
      this.moveIn()
    }
    for (let taken = 0; taken < chunk.length;) {
      taken += area.append(chunk, taken)
      if (area.end - area.start >= this.need) this.need = scan(this.table.byStart)
      if (area.end === area.size) area.compact()
    }
    area.limit = Math.min(area.start + this.need, area.size)
    if (firstFound !== undefined) this.tell(takeFound())
  }

  private tell(first: Event): void {
    const before = this.resets
    for (let event: Event | undefined = first; event !== undefined && this.resets === before; event = event.next) {
      if (event.bytes !== undefined) this.events.onFrame(event.bytes, event.protocol as Name)
      else this.events.onDiscard?.(event.count, event.reason)
    }
  }

  private hold(chunk: Uint8Array): void {
    if (this.held + chunk.length > this.store.length) {
      const bigger = Buffer.allocUnsafeSlow(Math.min(this.table.maxSize, Math.max(64, 2 * (this.held + chunk.length))))
      this.store.copy(bigger, 0, 0, this.held)
      this.store = bigger
    }
    this.store.set(chunk, this.held)
    this.held += chunk.length
  }

  private moveIn(): void {
    area.tenant?.moveOut()
    area.tenant = this
    area.load(this.store, this.held, this.memo)
    area.limit = 0
    this.forget()
  }

  private forget(): void {
    this.store = EMPTY
    this.memo = NO_MEMO
    this.held = 0
  }
}

/** Which framings a first byte may begin, and the greatest frame of them all. */
interface Table {
  readonly byStart: readonly (readonly Framing[] | undefined)[]
  readonly maxSize: number
}

/** One for each list: a gateway has a splitter for every connection, and two kilobytes of table for each would be most of it. */
const tables = new WeakMap<readonly Framing[], Table>()

function tableOf(framings: readonly Framing[]): Table {
  const known = tables.get(framings)
  if (known) return known
  const byStart = new Array<Framing[] | undefined>(256).fill(undefined)
  for (const framing of framings) byStart[framing.start] = [...byStart[framing.start] ?? [], framing]
  const maxSize = Math.max(...framings.map((framing) => framing.maxSize))
  if (!(maxSize <= LARGEST_FRAME)) throw new RangeError(`frames of at most ${LARGEST_FRAME} bytes`)
  const table = { byStart, maxSize }
  tables.set(framings, table)
  return table
}

const EMPTY = Buffer.alloc(0)

/** What the scan under way has found, in order; taken away before anybody is told, so that callbacks may push on. */
let firstFound: Event | undefined
let lastFound: Event | undefined

function find(event: Event): void {
  if (lastFound === undefined) firstFound = event
  else lastFound.next = event
  lastFound = event
}

function takeFound(): Event {
  const first = firstFound!
  firstFound = lastFound = undefined
  return first
}

/** Takes frames and rubbish from the front of the work area. Returns how many bytes must be there before it can go on. */
function scan(byStart: readonly (readonly Framing[] | undefined)[]): number {
  for (;;) {
    skipToStart(byStart)
    const at = area.start
    if (at === area.end) {
      area.clear()
      return 1
    }
    const candidates = byStart[area.bytes[at]!]!
    let need = Number.POSITIVE_INFINITY
    let reason: DiscardReason = 'noise'
    let size = 0
    for (let i = 0; i < candidates.length && size === 0; i++) {
      const framing = candidates[i]!
      const verdict = framing.probe(area, at)
      if (typeof verdict === 'string') reason = verdict
      else if (verdict < 0) need = Math.min(need, -verdict)
      else {
        size = verdict
        find({ bytes: area.copyOf(at, size), protocol: framing.name, count: 0, reason, next: undefined })
      }
    }
    if (size > 0) area.start += size
    else if (need !== Number.POSITIVE_INFINITY) return need
    else discard(1, reason)
  }
}

function skipToStart(byStart: readonly (readonly Framing[] | undefined)[]): void {
  const { bytes, end } = area
  while (area.start < end && byStart[bytes[area.start]!] === undefined) {
    const wakeUp = bytes[area.start] === WAKE_UP
    let i = area.start + 1
    while (i < end && byStart[bytes[i]!] === undefined && (bytes[i] === WAKE_UP) === wakeUp) i++
    discard(i - area.start, wakeUp ? 'wake-up' : 'noise')
  }
}

function discard(count: number, reason: DiscardReason): void {
  if (lastFound !== undefined && lastFound.bytes === undefined && lastFound.reason === reason) lastFound.count += count
  else find({ bytes: undefined, protocol: '', count, reason, next: undefined })
  area.start += count
}
