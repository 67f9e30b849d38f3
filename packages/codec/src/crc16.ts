/**
 * CRC-16/X-25: polynomial 1021 reflected, initial and final value FFFF, sent low byte first (HCS and FCS of DL/T 698.45 and SSAL).
 * DL/T 698.45 reference §1.3. A "register" here is the value before the final exclusive-or.
 */
const STEP = Uint16Array.from({ length: 256 }, (_, byte) => {
  let register = byte
  for (let bit = 0; bit < 8; bit++) register = register & 1 ? (register >>> 1) ^ 0x8408 : register >>> 1
  return register
})

export const INITIAL = 0xffff

/** The register after one more byte. */
export function step(register: number, byte: number): number {
  return (register >>> 8) ^ STEP[(register ^ byte) & 0xff]!
}

/** Checksum of bytes `from` (included) to `to` (excluded). */
export function crc16(bytes: Uint8Array, from = 0, to = bytes.length): number {
  let register = INITIAL
  for (let i = from; i < to; i++) register = (register >>> 8) ^ STEP[(register ^ bytes[i]!) & 0xff]!
  return register ^ 0xffff
}

/** POWERS[k] maps a register to what 2^k zero bytes make of it: 256 entries for its low byte, 256 for its high byte. */
const POWERS: Uint16Array[] = []
for (let k = 0; k < 15; k++) {
  const before = POWERS[k - 1]
  const once = (v: number) => before === undefined ? step(v, 0) : before[v & 0xff]! ^ before[256 + (v >>> 8)]!
  const apply = before === undefined ? once : (v: number) => once(once(v))
  POWERS.push(Uint16Array.from({ length: 512 }, (_, i) => apply(i < 256 ? i : (i - 256) << 8)))
}

/**
 * The register after `count` zero bytes (count below 32768), in at most 15 look-ups. Since the CRC is linear, this
 * gives the checksum of any slice from the running registers at its two ends: see `sliceChecksum`.
 */
export function advance(register: number, count: number): number {
  let value = register
  for (let k = 0, rest = count; rest > 0; k++, rest >>>= 1) {
    if (rest & 1) {
      const power = POWERS[k]!
      value = power[value & 0xff]! ^ power[256 + (value >>> 8)]!
    }
  }
  return value
}

/** Checksum of a slice of `count` bytes, from one running register before it and after it, whatever that register started with. */
export function sliceChecksum(before: number, after: number, count: number): number {
  return after ^ advance(before ^ INITIAL, count) ^ 0xffff
}
