import { CONTROL, encodeApdu, encodeFrame } from '@zhuzhan/dlt698'
import type { Apdu, Data } from '@zhuzhan/dlt698'
import { createRandom } from '../fuzz/random.js'

/** Answers of many meters to the read that a station makes most, one behind the other. */
export interface AnswersStream {
  bytes: Buffer
  frames: Buffer[]
  /** Values in all of them. */
  values: number
  /** Sum of their raw integers. */
  sum: number
  /** In pieces of so many bytes, infinitely many for one piece. */
  cut(size: number): Buffer[]
}

/** Energies with four tariffs, voltages, currents, power, power factor: as a GET-Response NormalList. */
const ITEMS: readonly [oad: string, type: 'double-long-unsigned' | 'long-unsigned' | 'double-long' | 'long', count: number, below: number][] = [
  ['00100200', 'double-long-unsigned', 5, 1e8], ['20000200', 'long-unsigned', 3, 2600], ['20010200', 'double-long', 3, 60_000],
  ['20040200', 'double-long', 4, 1e6], ['200A0200', 'long', 4, 1000],
]
export const VALUES_PER_FRAME = ITEMS.reduce((sum, [, , count]) => sum + count, 0)

/** One byte of each damaged frame is another one. */
export function answersStream(count: number, damagedPercent: number): AnswersStream {
  const random = createRandom(698)
  let sum = 0
  const frames = Array.from({ length: count }, (_, n) => {
    const results = ITEMS.map(([oad, type, length, below]) => ({
      oad,
      data: { type: 'array', items: Array.from({ length }, (): Data => {
        const value = random.below(below)
        sum += value
        return { type, value }
      }) } as Data,
    }))
    const apdu: Apdu = { apdu: 'get-response', choice: 'normal-list', piid: { number: n % 64, priority: false, acd: false }, results }
    const frame = encodeFrame({
      control: CONTROL.serverResponse, data: encodeApdu(apdu),
      address: { type: 'single', logical: 0, server: String(random.below(1e9)).padStart(12, '0'), client: 0x10 },
    })
    if (random.below(1000) < damagedPercent * 10) frame[random.below(frame.length)]! ^= 1 + random.below(255)
    return frame
  })
  const bytes = Buffer.concat(frames)
  return {
    bytes, frames, values: count * VALUES_PER_FRAME, sum,
    cut: (size) => size === 1 ? Array.from(bytes, (byte) => SINGLE[byte]!) : Array.from({ length: Math.ceil(bytes.length / Math.min(size, bytes.length)) }, (_, i) => bytes.subarray(i * size || 0, (i + 1) * size)),
  }
}

/** Single bytes come from here, so that nobody pays for fetching thousands of small objects from memory. */
const SINGLE = Array.from({ length: 256 }, (_, byte) => Buffer.of(byte))
