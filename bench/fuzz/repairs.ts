import { crc16 } from '@zhuzhan/codec'
import type { Random } from './random.js'

/**
 * Makes bytes a frame again whose lengths and checksums hold, so that what was changed inside gets past the link layer.
 * Changes `bytes` in place; bytes that are too short stay as they are.
 */
export type Repair = (bytes: Buffer, random: Random) => void

const END = 0x16

function sum(bytes: Buffer, from: number, to: number): number {
  let total = 0
  for (let i = from; i < to; i++) total += bytes[i]!
  return total & 0xff
}

/** Wake-up bytes in front. */
function wakeUps(bytes: Buffer): number {
  let at = 0
  while (bytes[at] === 0xfe) at++
  return at
}

const dlt698: Repair = (whole) => {
  const bytes = whole.subarray(wakeUps(whole))
  const { length } = bytes
  const header = 7 + ((bytes[4] ?? 0) & 0x0f)
  if (length < header + 5) return
  bytes[0] = 0x68
  bytes.writeUInt16LE(length - 2 & 0x3fff, 1)
  bytes.writeUInt16LE(crc16(bytes, 1, header), header)
  bytes.writeUInt16LE(crc16(bytes, 1, length - 3), length - 3)
  bytes[length - 1] = END
}

const dlt645: Repair = (whole) => {
  const bytes = whole.subarray(wakeUps(whole))
  const { length } = bytes
  if (length < 12) return
  bytes[0] = bytes[7] = 0x68
  bytes[9] = length - 12
  bytes[length - 2] = sum(bytes, 0, length - 2)
  bytes[length - 1] = END
}

const upward: Repair = (bytes, random) => {
  const { length } = bytes
  if (length < 16) return
  const field = ((length - 8) << 2 | (random.oneIn(50) ? random.below(4) : 2)) & 0xffff
  bytes[0] = bytes[5] = 0x68
  bytes.writeUInt16LE(field, 1)
  bytes.writeUInt16LE(field, 3)
  bytes[length - 2] = sum(bytes, 6, length - 2)
  bytes[length - 1] = END
}

const local: Repair = (bytes) => {
  const { length } = bytes
  if (length < 15 || length > 0xffff) return
  bytes[0] = 0x68
  bytes.writeUInt16LE(length, 1)
  bytes[length - 2] = sum(bytes, 3, length - 2)
  bytes[length - 1] = END
}

/** Sizes of FC, SV, DAT, DA, SA, TA, CI, TP, GA by what their first byte says, in the order of the control word's bits from 15 down. */
const SSAL_FIELDS: readonly ((first: number, minusOne: boolean) => number)[] = [
  () => 1, () => 2, () => 2,
  (first, minusOne) => 1 + (first & 0x0f) + (minusOne ? 1 : 0) + ((first >> 4) & 7),
  (first) => 1 + (first & 0x1f) + (first >> 5), (first) => 1 + (first & 0x1f) + (first >> 5),
  (first) => 1 + (first & 0x0f), () => 7, (first) => 1 + first,
]

const ssal: Repair = (bytes, random) => {
  const { length } = bytes
  if (length < 12) return
  bytes[0] = 0x98
  bytes.writeUInt16LE(length - 4 & 0xffff, 1)
  const word = bytes.readUInt16LE(5)
  const minusOne = !random.oneIn(4)
  let header = 7
  SSAL_FIELDS.forEach((size, i) => {
    if (word & (0x8000 >> i)) header += size(bytes[header] ?? 0, minusOne)
  })
  if (header + 5 <= length) {
    const content = length - header - 2 - 3
    if (content >= 2 && !random.oneIn(3)) bytes.writeUInt16LE(content - 2, header + 2)
    bytes.writeUInt16LE(crc16(bytes, 1, header), header)
  }
  bytes.writeUInt16LE(crc16(bytes, 1, length - 3), length - 3)
  bytes[length - 1] = END
}

export const REPAIRS: Readonly<Record<string, Repair>> = { dlt698, dlt645, 'gdw1376.1': upward, 'gdw1376.2': local, ssal }
