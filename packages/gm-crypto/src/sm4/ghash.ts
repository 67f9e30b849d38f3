/** A 128-bit value of GF(2^128) in GCM's bit order: four big-endian words, most significant bit first. */
type Field = Uint32Array

/** Multiplication by x (a right shift in GCM's order). */
function timesX(v: Field): Field {
  const [a = 0, b = 0, c = 0, d = 0] = v
  const carry = -(d & 1)
  return Uint32Array.of(((a >>> 1) ^ (0xe100_0000 & carry)) >>> 0, (b >>> 1) | (a << 31), (c >>> 1) | (b << 31), (d >>> 1) | (c << 31))
}

/** Reduction of the four bits shifted out below, for the 4-bit table method. */
const REDUCE = Uint32Array.from({ length: 16 }, (_, bits) => {
  let v: Field = Uint32Array.of(0, 0, 0, bits)
  for (let i = 0; i < 4; i++) v = timesX(v)
  return v[0] ?? 0
})

/**
 * GHASH of one key H with 4-bit tables (16 entries of 4 words).
 * @returns a function of (AAD, ciphertext) giving the 16-byte hash, lengths included
 */
export function createGhash(h: Uint8Array): (aad: Uint8Array, text: Uint8Array) => Buffer {
  const table = new Uint32Array(64)
  const view = Buffer.from(h)
  let v: Field = Uint32Array.of(view.readUInt32BE(0), view.readUInt32BE(4), view.readUInt32BE(8), view.readUInt32BE(12))
  for (const bit of [8, 4, 2, 1]) {
    for (let n = 0; n < 16; n++) if (n & bit) for (let w = 0; w < 4; w++) table[n * 4 + w] = (table[n * 4 + w] ?? 0) ^ (v[w] ?? 0)
    v = timesX(v)
  }

  return (aad, text) => {
    const y = new Uint8Array(16)
    const absorb = (data: Uint8Array): void => {
      for (let at = 0; at < data.length; at += 16) {
        const end = Math.min(16, data.length - at)
        for (let i = 0; i < end; i++) y[i] = (y[i] ?? 0) ^ (data[at + i] ?? 0)
        multiply(y, table)
      }
    }
    absorb(aad)
    absorb(text)
    const lengths = Buffer.alloc(16)
    lengths.writeBigUInt64BE(BigInt(aad.length) * 8n, 0)
    lengths.writeBigUInt64BE(BigInt(text.length) * 8n, 8)
    absorb(lengths)
    return Buffer.from(y)
  }
}

/** y = y * H, nibble by nibble from the last. */
function multiply(y: Uint8Array, table: Uint32Array): void {
  let a = 0
  let b = 0
  let c = 0
  let d = 0
  for (let i = 31; i >= 0; i--) {
    const byte = y[i >> 1] ?? 0
    const nibble = i & 1 ? byte & 15 : byte >>> 4
    if (i < 31) {
      const out = d & 15
      d = (d >>> 4) | (c << 28)
      c = (c >>> 4) | (b << 28)
      b = (b >>> 4) | (a << 28)
      a = (a >>> 4) ^ (REDUCE[out] ?? 0)
    }
    const row = nibble * 4
    a ^= table[row] ?? 0
    b ^= table[row + 1] ?? 0
    c ^= table[row + 2] ?? 0
    d ^= table[row + 3] ?? 0
  }
  const out = Buffer.from(y.buffer, y.byteOffset, 16)
  out.writeUInt32BE(a >>> 0, 0)
  out.writeUInt32BE(b >>> 0, 4)
  out.writeUInt32BE(c >>> 0, 8)
  out.writeUInt32BE(d >>> 0, 12)
}
