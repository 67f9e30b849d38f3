import { sliceChecksum, step } from '../crc16.js'

/** What probes look at: some bytes of a stream, and whether a checksum of any slice of them holds, cheaply. */
export interface StreamWindow {
  readonly bytes: Uint8Array
  /** Bytes from here on are not there yet. */
  readonly end: number
  /** Does the CRC-16/X-25 of bytes `from` to `to` stand behind them, low byte first? */
  crcHolds(from: number, to: number): boolean
  /** Does the sum of bytes `from` to `to`, modulo 256, stand behind them? */
  sumHolds(from: number, to: number): boolean
}

/** Greatest frame of any protocol here, whole: SSAL; 1376.1 and 698.45 are well below. */
export const LARGEST_FRAME = 0x7fff
/** Bytes the area holds. */
const AREA = 2 * LARGEST_FRAME

/**
 * Running values of a checksum: `values[i]` before byte i, known from `from` to `to`. Any value may stand at the
 * beginning of the known stretch: a slice only needs its two ends to belong together.
 */
interface Running {
  readonly values: Uint16Array
  from: number
  to: number
}

/** Running values of bytes that a splitter holds back, from the first of them on. */
export interface Memo {
  crc: Uint16Array
  sum: Uint16Array
}

export const NO_MEMO: Memo = { crc: new Uint16Array(0), sum: new Uint16Array(0) }

/** Whoever's bytes are in the work area. */
export interface Tenant {
  /** Takes its bytes out of the area: another splitter needs it. */
  moveOut(): void
}

/** So few bytes are copied faster one by one than by a call, and added faster than they are remembered. */
const FEW = 64

/**
 * The one work area of all splitters: a push never yields, so one is enough. The bytes of the splitter that pushed last
 * stay here until another one needs the area. Since running values are kept, each byte goes through each checksum once,
 * however many false frame starts an attacker nests into his bytes.
 */
class WorkArea implements StreamWindow {
  readonly bytes = Buffer.allocUnsafeSlow(AREA)
  start = 0
  end = 0
  /** Before so many bytes are there nothing can be decided and there is room. */
  limit = 0
  tenant: Tenant | undefined
  private readonly crc: Running = { values: new Uint16Array(AREA + 1), from: 0, to: 0 }
  private readonly sum: Running = { values: new Uint16Array(AREA + 1), from: 0, to: 0 }

  readonly size = AREA

  crcHolds(from: number, to: number): boolean {
    const { bytes, crc } = this
    const { values } = crc
    let at = known(crc, from)
    for (; at < to; at++) values[at + 1] = step(values[at]!, bytes[at]!)
    crc.to = at
    return sliceChecksum(values[from]!, values[to]!, to - from) === (bytes[to]! | (bytes[to + 1]! << 8))
  }

  sumHolds(from: number, to: number): boolean {
    const { bytes, sum } = this
    if (to - from <= FEW) return sumOf(bytes, from, to) === bytes[to]!
    const { values } = sum
    let at = known(sum, from)
    for (; at < to; at++) values[at + 1] = values[at]! + bytes[at]!
    sum.to = at
    return ((values[to]! - values[from]!) & 0xff) === bytes[to]!
  }

  load(held: Buffer, size: number, memo: Memo): void {
    held.copy(this.bytes, 0, 0, size)
    this.start = 0
    this.end = size
    restore(this.crc, memo.crc)
    restore(this.sum, memo.sum)
  }

  /** Takes as many bytes of `chunk`, from `at` on, as there is room for and says how many. */
  append(chunk: Uint8Array, at: number): number {
    const { bytes, end } = this
    const size = Math.min(chunk.length - at, AREA - end)
    if (size <= FEW) for (let i = 0; i < size; i++) bytes[end + i] = chunk[at + i]!
    else bytes.set(size === chunk.length ? chunk : chunk.subarray(at, at + size), end)
    this.end = end + size
    return size
  }

  /** Bytes of their own. */
  copyOf(at: number, size: number): Buffer {
    const { bytes } = this
    const copy = Buffer.allocUnsafe(size)
    if (size <= FEW) for (let i = 0; i < size; i++) copy[i] = bytes[at + i]!
    else bytes.copy(copy, 0, at, at + size)
    return copy
  }

  /** Forgets what is there. */
  clear(): void {
    this.start = this.end = 0
    forget(this.crc)
    forget(this.sum)
  }

  /** What is known of the bytes that remain. */
  memo(): Memo {
    return { crc: kept(this.crc, this.start), sum: kept(this.sum, this.start) }
  }

  /** Moves what is left to the front. */
  compact(): void {
    const memo = this.memo()
    this.bytes.copyWithin(0, this.start, this.end)
    this.end -= this.start
    this.start = 0
    restore(this.crc, memo.crc)
    restore(this.sum, memo.sum)
  }
}

function sumOf(bytes: Uint8Array, from: number, to: number): number {
  let sum = 0
  for (let i = from; i < to; i++) sum += bytes[i]!
  return sum & 0xff
}

/** Makes sure that the value before byte `from` is known; returns up to where they are. */
function known(running: Running, from: number): number {
  if (from < running.from || from > running.to) {
    running.values[from] = 0
    running.from = running.to = from
  }
  return running.to
}

function kept({ values, from, to }: Running, start: number): Uint16Array {
  return from <= start && to > start ? values.slice(start, to + 1) : NO_MEMO.crc
}

function restore(running: Running, values: Uint16Array): void {
  if (values.length === 0) return forget(running)
  running.values.set(values)
  running.from = 0
  running.to = values.length - 1
}

function forget(running: Running): void {
  running.values[0] = 0
  running.from = running.to = 0
}

export const area = new WorkArea()
