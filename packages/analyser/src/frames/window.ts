import { crc16 } from '@zhuzhan/codec'
import type { StreamWindow } from '@zhuzhan/codec'

/** Bytes that are all there, as framings look at them. */
export function windowOf(bytes: Uint8Array): StreamWindow {
  return {
    bytes,
    end: bytes.length,
    crcHolds: (from, to) => crc16(bytes, from, to) === (bytes[to]! | (bytes[to + 1]! << 8)),
    sumHolds: (from, to) => {
      let sum = 0
      for (let i = from; i < to; i++) sum += bytes[i]!
      return (sum & 0xff) === bytes[to]
    },
  }
}
