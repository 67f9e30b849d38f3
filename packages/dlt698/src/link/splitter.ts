import { sliceChecksum, step } from './crc.js'
import { BEFORE_SA, END, MAX_LENGTH, START } from './frame.js'

/** Why bytes were thrown away. `wake-up` (FE before a frame) is normal, the others are noise or attack. */
export type DiscardReason = 'wake-up' | 'noise' | 'length' | 'header' | 'checksum' | 'end'

export interface SplitterOptions {
  /** Greatest L that is accepted (the frame has two bytes more). */
  maxLength?: number
  /** A whole frame, 68 to 16, checksums checked; the bytes are its own. */
  onFrame(bytes: Buffer): void
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

type Event = Buffer | { count: number; reason: DiscardReason }

const WAKE_UP = 0xfe
const HCS_SIZE = 2
/** Flag, SA, CA, HCS and FCS besides L and C: the shortest L for an address of one byte. */
const SHORTEST = 10

/**
 * One work area for all splitters: a push never yields, and callbacks come when it is over. `registers[i]` is a running
 * checksum register before byte i, which makes the checksum of any slice cheap (crc.ts): however many false frame
 * starts an attacker nests into his bytes, each byte goes through the CRC once.
 */
const WORK = 2 * (MAX_LENGTH + 2)
const work = { bytes: Buffer.allocUnsafeSlow(WORK), registers: new Uint16Array(WORK + 1), start: 0, end: 0, checked: 0 }

/**
 * Cuts a byte stream into frames and finds the next frame after rubbish, DL/T 698.45 reference §1: the header checksum
 * is checked before L is trusted; when any check fails the search goes on one byte past that 68.
 * Memory: at most one frame of maxLength, nothing while no frame is half received.
 */
export function createSplitter({ maxLength = 2048, onFrame, onDiscard }: SplitterOptions): Splitter {
  if (!Number.isInteger(maxLength) || maxLength < SHORTEST || maxLength > MAX_LENGTH) throw new RangeError(`maxLength: ${SHORTEST} to ${MAX_LENGTH}`)
  /** What is left of earlier chunks; room for more behind `held`. */
  let store = Buffer.alloc(0)
  let held = 0
  /** Registers before the held bytes that went through the CRC already. */
  let registers = new Uint16Array(0)
  /** Nothing can be decided before so many bytes are there. */
  let need = 1
  let resets = 0

  function push(chunk: Uint8Array): void {
    if (held + chunk.length < need) return hold(chunk)
    const events: Event[] = []
    load()
    for (let taken = 0; taken < chunk.length;) {
      const piece = chunk.subarray(taken, taken + WORK - work.end)
      work.bytes.set(piece, work.end)
      work.end += piece.length
      taken += piece.length
      if (work.end - work.start >= need) need = scan(events, maxLength)
      if (work.end === WORK) compact()
    }
    unload()
    const before = resets
    for (const event of events) {
      if (resets !== before) return
      if (Buffer.isBuffer(event)) onFrame(event)
      else onDiscard?.(event.count, event.reason)
    }
  }

  function hold(chunk: Uint8Array): void {
    if (held + chunk.length > store.length) {
      const bigger = Buffer.allocUnsafeSlow(Math.min(maxLength + 2, Math.max(64, 2 * (held + chunk.length))))
      store.copy(bigger, 0, 0, held)
      store = bigger
    }
    store.set(chunk, held)
    held += chunk.length
  }

  function load(): void {
    store.copy(work.bytes, 0, 0, held)
    work.registers.set(registers)
    work.start = 0
    work.end = held
    work.checked = Math.max(0, registers.length - 1)
    held = 0
  }

  function unload(): void {
    if (work.start === work.end) {
      if (store.length > 0) reset()
      return
    }
    if (store.length > 4 * (work.end - work.start)) store = Buffer.alloc(0)
    hold(work.bytes.subarray(work.start, work.end))
    registers = work.registers.slice(work.start, Math.max(work.start, work.checked + 1))
  }

  function reset(): void {
    store = Buffer.alloc(0)
    registers = new Uint16Array(0)
    held = 0
    need = 1
    resets++
  }

  return { push, reset, get pending() { return held } }
}

/** Takes frames and rubbish from the front of the work area. Returns how many bytes must be there before it can go on. */
function scan(events: Event[], maxLength: number): number {
  const { bytes } = work
  for (;;) {
    skipToStart(events)
    const at = work.start
    const have = work.end - at
    if (have === 0) return 1
    if (have < 3) return 3
    const length = bytes[at + 1]! | (bytes[at + 2]! << 8)
    if (length < SHORTEST || length > maxLength) {
      discard(events, 1, 'length')
      continue
    }
    if (have < BEFORE_SA) return BEFORE_SA
    const header = BEFORE_SA + (bytes[at + 4]! & 0x0f) + 2
    if (length < header + HCS_SIZE + 1) {
      discard(events, 1, 'length')
      continue
    }
    if (have < header + HCS_SIZE) return header + HCS_SIZE
    if (!checksumHolds(at + 1, at + header)) {
      discard(events, 1, 'header')
      continue
    }
    if (have < length + 2) return length + 2
    if (bytes[at + length + 1] !== END) discard(events, 1, 'end')
    else if (!checksumHolds(at + 1, at + length - 1)) discard(events, 1, 'checksum')
    else {
      events.push(Buffer.from(bytes.subarray(at, at + length + 2)))
      work.start += length + 2
    }
  }
}

function skipToStart(events: Event[]): void {
  const { bytes, end } = work
  while (work.start < end && bytes[work.start] !== START) {
    const wakeUp = bytes[work.start] === WAKE_UP
    let i = work.start + 1
    while (i < end && bytes[i] !== START && (bytes[i] === WAKE_UP) === wakeUp) i++
    discard(events, i - work.start, wakeUp ? 'wake-up' : 'noise')
  }
}

function discard(events: Event[], count: number, reason: DiscardReason): void {
  const last = events.at(-1)
  if (last !== undefined && !Buffer.isBuffer(last) && last.reason === reason) last.count += count
  else events.push({ count, reason })
  work.start += count
}

/** Does the checksum of bytes `from` to `to` stand behind them, low byte first? */
function checksumHolds(from: number, to: number): boolean {
  const { bytes, registers } = work
  if (work.checked < from) {
    registers[from] = 0
    work.checked = from
  }
  for (; work.checked < to; work.checked++) registers[work.checked + 1] = step(registers[work.checked]!, bytes[work.checked]!)
  return sliceChecksum(registers[from]!, registers[to]!, to - from) === (bytes[to]! | (bytes[to + 1]! << 8))
}

/** Moves what is left to the front: at most half of the area, after at least half was used up. */
function compact(): void {
  const { bytes, registers, start, end } = work
  bytes.copyWithin(0, start, end)
  registers.copyWithin(0, start, work.checked + 1)
  work.checked = Math.max(0, work.checked - start)
  work.start = 0
  work.end = end - start
}
