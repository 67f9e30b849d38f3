import { createCipheriv } from 'node:crypto'
import { equalBytes } from '../constant-time.js'
import { authFailed } from '../failure.js'
import { SM4_BLOCK, checkSm4Key } from './block.js'

/** Result of an AEAD encryption. */
export interface Sealed {
  ciphertext: Buffer
  tag: Buffer
}

const ZERO_BLOCK = Buffer.alloc(SM4_BLOCK)
const MAX_AAD = 0xfeff

function check(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, length: number, tagLength: number): void {
  checkSm4Key(key)
  if (nonce.length < 7 || nonce.length > 13) throw new RangeError('a CCM nonce has 7 to 13 bytes')
  if (tagLength < 4 || tagLength > 16 || tagLength % 2 !== 0) throw new RangeError('a CCM tag has 4, 6 .. 16 bytes')
  if (aad.length > MAX_AAD) throw new RangeError('CCM AAD beyond the 2-byte length form')
  if (length >= 2 ** (8 * (15 - nonce.length)) || length > 0x7fff_ffff) throw new RangeError('CCM plaintext too long for its nonce')
}

/** B0 || AAD with its length, padded || plaintext, padded; the last CBC block is the raw tag. RFC 3610. */
function rawTag(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, plaintext: Uint8Array, tagLength: number): Buffer {
  const aadLength = aad.length === 0 ? 0 : Math.ceil((aad.length + 2) / SM4_BLOCK) * SM4_BLOCK
  const input = Buffer.alloc(SM4_BLOCK + aadLength + Math.ceil(plaintext.length / SM4_BLOCK) * SM4_BLOCK)
  const lengthBytes = 15 - nonce.length
  input[0] = (aad.length > 0 ? 0x40 : 0) | (((tagLength - 2) / 2) << 3) | (lengthBytes - 1)
  input.set(nonce, 1)
  input.writeUIntBE(plaintext.length, SM4_BLOCK - Math.min(lengthBytes, 6), Math.min(lengthBytes, 6))
  if (aad.length > 0) {
    input.writeUInt16BE(aad.length, SM4_BLOCK)
    input.set(aad, SM4_BLOCK + 2)
  }
  input.set(plaintext, SM4_BLOCK + aadLength)
  const mac = createCipheriv('sm4-cbc', key, ZERO_BLOCK).setAutoPadding(false).update(input)
  return mac.subarray(mac.length - SM4_BLOCK)
}

/** Counter block 0; CTR over (tag block || text) covers S0 and the text in one call. */
function counterBlock(nonce: Uint8Array): Buffer {
  const block = Buffer.alloc(SM4_BLOCK)
  block[0] = 14 - nonce.length
  block.set(nonce, 1)
  return block
}

/**
 * SM4-CCM (RFC 3610, RFC 8998) as one sm4-cbc and one sm4-ctr call. AAD up to 65279 bytes.
 * NEVER use a (key, nonce) pair twice.
 */
export function sm4CcmSeal(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, plaintext: Uint8Array, tagLength: number): Sealed {
  check(key, nonce, aad, plaintext.length, tagLength)
  const text = Buffer.allocUnsafe(SM4_BLOCK + plaintext.length)
  text.set(rawTag(key, nonce, aad, plaintext, tagLength))
  text.set(plaintext, SM4_BLOCK)
  const out = createCipheriv('sm4-ctr', key, counterBlock(nonce)).update(text)
  return { ciphertext: out.subarray(SM4_BLOCK), tag: out.subarray(0, tagLength) }
}

/**
 * @param tagLength what the protocol demands, never what arrived.
 * @throws HesError AUTH_FAILED for any wrong tag, text, nonce or AAD
 */
export function sm4CcmOpen(
  key: Uint8Array,
  nonce: Uint8Array,
  aad: Uint8Array,
  ciphertext: Uint8Array,
  tag: Uint8Array,
  tagLength: number,
): Buffer {
  check(key, nonce, aad, ciphertext.length, tagLength)
  if (tag.length !== tagLength) throw authFailed()
  const text = Buffer.alloc(SM4_BLOCK + ciphertext.length)
  text.set(tag)
  text.set(ciphertext, SM4_BLOCK)
  const out = createCipheriv('sm4-ctr', key, counterBlock(nonce)).update(text)
  const plaintext = out.subarray(SM4_BLOCK)
  if (!equalBytes(rawTag(key, nonce, aad, plaintext, tagLength).subarray(0, tagLength), out.subarray(0, tagLength))) throw authFailed()
  return plaintext
}
