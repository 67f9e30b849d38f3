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
export function createStreamSplitter<Name extends string>(framings: readonly Framing<Name>[], { onFrame, onDiscard }: SplitterEvents<Name>): Splitter {
  const byStart = new Array<Framing<Name>[] | undefined>(256).fill(undefined)
  for (const framing of framings) byStart[framing.start] = [...byStart[framing.start] ?? [], framing]
  const maxSize = Math.max(...framings.map((framing) => framing.maxSize))
  if (!(maxSize <= LARGEST_FRAME)) throw new RangeError(`frames of at most ${LARGEST_FRAME} bytes`)

  /** What is left of earlier chunks while another splitter has the work area; room for more behind `held`. */
  let store = EMPTY
  let held = 0
  let memo = NO_MEMO
  /** Nothing can be decided before so many bytes are there. */
  let need = 1
  let resets = 0
  const self: Tenant = { moveOut }

  function push(chunk: Uint8Array): void {
    if (area.tenant !== self) {
      if (held + chunk.length < need) return hold(chunk)
      moveIn()
    }
    for (let taken = 0; taken < chunk.length;) {
      taken += area.append(chunk, taken)
      if (area.end - area.start >= need) need = scan(byStart)
      if (area.full) area.compact()
    }
    if (found.length > 0) tell(takeFound())
  }

  function tell(events: readonly Event[]): void {
    const before = resets
    for (let i = 0; i < events.length && resets === before; i++) {
      const { bytes, protocol, count, reason } = events[i]!
      if (bytes !== undefined) onFrame(bytes, protocol as Name)
      else onDiscard?.(count, reason)
    }
  }

  function hold(chunk: Uint8Array): void {
    if (held + chunk.length > store.length) {
      const bigger = Buffer.allocUnsafeSlow(Math.min(maxSize, Math.max(64, 2 * (held + chunk.length))))
      store.copy(bigger, 0, 0, held)
      store = bigger
    }
    store.set(chunk, held)
    held += chunk.length
  }

  function moveIn(): void {
    area.tenant?.moveOut()
    area.tenant = self
    area.load(store, held, memo)
    forget()
  }

  function moveOut(): void {
    area.tenant = undefined
    if (area.start === area.end) return
    hold(area.bytes.subarray(area.start, area.end))
    memo = area.memo()
  }

  function forget(): void {
    store = EMPTY
    memo = NO_MEMO
    held = 0
  }

  function reset(): void {
    if (area.tenant === self) {
      area.tenant = undefined
      area.clear()
    }
    forget()
    need = 1
    resets++
  }

  return { push, reset, get pending() { return area.tenant === self ? area.end - area.start : held } }
}

const EMPTY = Buffer.alloc(0)

/** What the scan under way has found; taken away before anybody is told, so that callbacks may push on. */
let found: Event[] = []

function takeFound(): readonly Event[] {
  const taken = found
  found = []
  return taken
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
        found.push({ bytes: area.copyOf(at, size), protocol: framing.name, count: 0, reason })
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
  const last = found.at(-1)
  if (last !== undefined && last.bytes === undefined && last.reason === reason) last.count += count
  else found.push({ bytes: undefined, protocol: '', count, reason })
  area.start += count
}
