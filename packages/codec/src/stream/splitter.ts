import { LARGEST_FRAME, NO_MEMO, area } from './window.js'
import type { StreamWindow } from './window.js'

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

type Event<Name> = { bytes: Buffer; protocol: Name } | { count: number; reason: DiscardReason }

const WAKE_UP = 0xfe

/**
 * Cuts a byte stream into frames of one or several protocols and finds the next frame after rubbish: when a check fails
 * the search goes on one byte further. Where framings disagree the first in the list that has a whole frame wins, and
 * nothing is thrown away while one of them may still become one.
 *
 * Memory: at most one frame of the greatest maxSize, nothing while no frame is half received.
 */
export function createStreamSplitter<Name extends string>(framings: readonly Framing<Name>[], { onFrame, onDiscard }: SplitterEvents<Name>): Splitter {
  const byStart = new Array<Framing<Name>[] | undefined>(256).fill(undefined)
  for (const framing of framings) byStart[framing.start] = [...byStart[framing.start] ?? [], framing]
  const maxSize = Math.max(...framings.map((framing) => framing.maxSize))
  if (!(maxSize <= LARGEST_FRAME)) throw new RangeError(`frames of at most ${LARGEST_FRAME} bytes`)

  /** What is left of earlier chunks; room for more behind `held`. */
  let store = Buffer.alloc(0)
  let held = 0
  let memo = NO_MEMO
  /** Nothing can be decided before so many bytes are there. */
  let need = 1
  let resets = 0

  function push(chunk: Uint8Array): void {
    if (held + chunk.length < need) return hold(chunk)
    const events: Event<Name>[] = []
    area.load(store, held, memo)
    held = 0
    for (let taken = 0; taken < chunk.length;) {
      taken += area.append(taken === 0 ? chunk : chunk.subarray(taken))
      if (area.end - area.start >= need) need = scan(events, byStart)
      if (area.full) area.compact()
    }
    unload()
    tell(events)
  }

  function tell(events: readonly Event<Name>[]): void {
    const before = resets
    for (let i = 0; i < events.length && resets === before; i++) {
      const event = events[i]!
      if ('bytes' in event) onFrame(event.bytes, event.protocol)
      else onDiscard?.(event.count, event.reason)
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

  function unload(): void {
    const left = area.end - area.start
    if (left === 0) {
      if (store.length > 0) forget()
      return
    }
    if (store.length > 4 * left) store = Buffer.alloc(0)
    hold(area.bytes.subarray(area.start, area.end))
    memo = area.memo()
  }

  function forget(): void {
    store = Buffer.alloc(0)
    memo = NO_MEMO
    held = 0
    need = 1
  }

  function reset(): void {
    forget()
    resets++
  }

  return { push, reset, get pending() { return held } }
}

/** Takes frames and rubbish from the front of the work area. Returns how many bytes must be there before it can go on. */
function scan<Name extends string>(events: Event<Name>[], byStart: readonly (Framing<Name>[] | undefined)[]): number {
  for (;;) {
    skipToStart(events, byStart)
    const at = area.start
    const have = area.end - at
    if (have === 0) return 1
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
        events.push({ bytes: Buffer.from(area.bytes.subarray(at, at + size)), protocol: framing.name })
      }
    }
    if (size > 0) area.start += size
    else if (need !== Number.POSITIVE_INFINITY) return need
    else discard(events, 1, reason)
  }
}

function skipToStart<Name extends string>(events: Event<Name>[], byStart: readonly (Framing<Name>[] | undefined)[]): void {
  const { bytes, end } = area
  while (area.start < end && byStart[bytes[area.start]!] === undefined) {
    const wakeUp = bytes[area.start] === WAKE_UP
    let i = area.start + 1
    while (i < end && byStart[bytes[i]!] === undefined && (bytes[i] === WAKE_UP) === wakeUp) i++
    discard(events, i - area.start, wakeUp ? 'wake-up' : 'noise')
  }
}

function discard<Name extends string>(events: Event<Name>[], count: number, reason: DiscardReason): void {
  const last = events.at(-1)
  if (last !== undefined && 'count' in last && last.reason === reason) last.count += count
  else events.push({ count, reason })
  area.start += count
}
