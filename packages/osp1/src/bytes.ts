/** Encodings of OSP-1 §7.0: integers big-endian, LP(x) = 2-byte length || x, labels of 8 ASCII bytes. */

export function u8(value: number): Buffer {
  return Buffer.of(value)
}

export function u16(value: number): Buffer {
  const out = Buffer.allocUnsafe(2)
  out.writeUInt16BE(value)
  return out
}

export function u32(value: number): Buffer {
  const out = Buffer.alloc(4)
  out.writeUInt32BE(value)
  return out
}

/** 8 bytes from a safe integer. */
export function u64(value: number): Buffer {
  const out = Buffer.alloc(8)
  out.writeBigUInt64BE(BigInt(value))
  return out
}

/** A safe integer from 8 bytes; undefined above 2^53 - 1. */
export function readU64(bytes: Uint8Array): number | undefined {
  const value = Buffer.from(bytes).readBigUInt64BE(0)
  return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : undefined
}

/** LP(x). @throws RangeError above 65535 bytes */
export function lp(bytes: Uint8Array): Buffer {
  return Buffer.concat([u16(bytes.length), bytes])
}

export function zeros(count: number): Buffer {
  return Buffer.alloc(count)
}

/** The label of a message: 8 ASCII bytes, so that what follows starts at a fixed place. */
export function label(text: string): Buffer {
  const out = Buffer.from(text, 'latin1')
  if (out.length !== 8) throw new RangeError(`'${text}' is no label of 8 bytes`)
  return out
}

/** @throws RangeError unless the value has exactly this many bytes */
export function exactly(count: number, bytes: Uint8Array, name: string): void {
  if (bytes.length !== count) throw new RangeError(`${name} has ${count} bytes, not ${bytes.length}`)
}
