/** Encodings of FSP-1 §2: integers big-endian, labels of 8 ASCII bytes, ids of 8 bytes. */

export function u32(value: number): Buffer {
  const out = Buffer.alloc(4)
  out.writeUInt32BE(value)
  return out
}

export function zeros(count: number): Buffer {
  return Buffer.alloc(count)
}

/** 8 ASCII bytes, so that what follows starts at a fixed place. @throws RangeError */
export function label(text: string): Buffer {
  const out = Buffer.from(text, 'latin1')
  if (out.length !== 8) throw new RangeError(`'${text}' is no label of 8 bytes`)
  return out
}

/** @throws RangeError unless the value has exactly this many bytes */
export function exactly(count: number, bytes: Uint8Array, name: string): Uint8Array {
  if (bytes.length !== count) throw new RangeError(`${name} has ${count} bytes, not ${bytes.length}`)
  return bytes
}

/** Overwrite secrets that are not needed any more. */
export function erase(...secrets: readonly (Uint8Array | undefined)[]): void {
  for (const secret of secrets) secret?.fill(0)
}

export const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
