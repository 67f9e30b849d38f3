import { controlOf, encodeFrame } from '@zhuzhan/dlt645'

/** Answers of many meters, the values a master station reads most, one behind the other. */
export interface AnswersStream {
  bytes: Buffer
  /** First byte behind each frame. */
  ends: number[]
  /** Of all values' digits as integers. */
  sum: number
  /** In pieces of so many bytes, infinitely many for one piece. */
  cut(size: number): Buffer[]
}

/** Items that both sides know, with the bytes of their values and whether there is a sign. */
const ITEMS = [
  ['00000000', 4, false], ['00010000', 4, false], ['02010100', 2, false], ['02010200', 2, false], ['02020100', 3, false],
  ['02030000', 3, true], ['02040000', 3, true], ['02060000', 2, true], ['02800002', 2, false],
] as const

/** The same numbers every time. */
function random(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor(state / 2 ** 32 * below)
  }
}

/** One byte of each damaged frame is another one. */
export function answersStream(frames: number, damagedPercent: number): AnswersStream {
  const next = random(645)
  const list: Buffer[] = []
  const ends: number[] = []
  let sum = 0
  let end = 0
  for (let i = 0; i < frames; i++) {
    const [di, size, signed] = ITEMS[i % ITEMS.length]!
    const digits = Array.from({ length: 2 * size }, (_, place) => next(place === 0 ? 2 : 10)).join('')
    const negative = signed && next(2) === 1
    const value = Buffer.from(digits, 'hex').reverse()
    if (negative) value[size - 1]! |= 0x80
    sum += negative ? -Number(digits) : Number(digits)
    const data = Buffer.concat([Buffer.from(di, 'hex').reverse(), value])
    const frame = encodeFrame({ address: String(next(1e12)).padStart(12, '0'), control: controlOf(0x91), data })
    if (next(1000) < damagedPercent * 10) frame[next(frame.length)]! ^= 1 + next(255)
    list.push(frame)
    end += frame.length
    ends.push(end)
  }
  const bytes = Buffer.concat(list)
  return { bytes, ends, sum, cut: (size) => size === 1 ? Array.from(bytes, (byte) => SINGLE[byte]!) : pieces(bytes, size) }
}

/** Single bytes come from here, so that neither side pays for fetching thousands of small objects from memory. */
const SINGLE = Array.from({ length: 256 }, (_, byte) => Buffer.of(byte))

function pieces(bytes: Buffer, size: number): Buffer[] {
  const count = Math.max(1, Math.ceil(bytes.length / size))
  return Array.from({ length: count }, (_, i) => count === 1 ? bytes : bytes.subarray(i * size, (i + 1) * size))
}
