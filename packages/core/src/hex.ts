/** Bytes as upper-case hex, no blanks. */
export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex').toUpperCase()
}

/** Hex with or without blanks and `0x` to bytes. @throws RangeError when it is not hex or half a byte remains. */
export function fromHex(text: string): Buffer {
  const clean = text.replace(/^0x/i, '').replace(/\s+/g, '')
  if (clean.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(clean)) throw new RangeError('not hexadecimal bytes')
  return Buffer.from(clean, 'hex')
}
