import { createHash, createHmac } from 'node:crypto'

/** SM3 of the parts in order (GB/T 32905), 32 bytes. OpenSSL through node:crypto. */
export function sm3(...parts: readonly Uint8Array[]): Buffer {
  const hash = createHash('sm3')
  for (const part of parts) hash.update(part)
  return hash.digest()
}

/** HMAC-SM3, 32 bytes. An empty key is allowed. */
export function hmacSm3(key: Uint8Array, ...parts: readonly Uint8Array[]): Buffer {
  const mac = createHmac('sm3', key)
  for (const part of parts) mac.update(part)
  return mac.digest()
}

/**
 * KDF of GB/T 32918.4: SM3(z || 00000001) || SM3(z || 00000002) || ... cut to `length` bytes.
 * @throws RangeError when the length is no non-negative integer or needs more than 2^32 - 1 blocks
 */
export function sm2Kdf(z: Uint8Array, length: number): Buffer {
  if (!Number.isInteger(length) || length < 0 || length > 32 * 0xffff_ffff) throw new RangeError('KDF length out of range')
  const blocks: Buffer[] = []
  const counter = Buffer.alloc(4)
  for (let i = 1; blocks.length * 32 < length; i++) {
    counter.writeUInt32BE(i)
    blocks.push(sm3(z, counter))
  }
  return Buffer.concat(blocks).subarray(0, length)
}
