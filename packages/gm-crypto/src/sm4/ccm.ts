import { createCipheriv } from 'node:crypto'
import { equalBytes } from '../constant-time.js'
import { authFailed } from '../failure.js'
import { SM4_BLOCK, checkSm4Key, lastCbcBlock } from './block.js'
import { checkCcm, counterBlock, macInputLength, writeMacHead } from './ccm-blocks.js'

/** Result of an AEAD encryption. */
export interface Sealed {
  ciphertext: Buffer
  tag: Buffer
}

/** B0 || AAD with its length, padded || plaintext, padded; the last CBC block is the raw tag. RFC 3610. */
function rawTag(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, plaintext: Uint8Array, tagLength: number): Buffer {
  const input = Buffer.alloc(macInputLength(aad, plaintext.length))
  input.set(plaintext, writeMacHead(input, nonce, aad, plaintext.length, tagLength))
  return lastCbcBlock(key, input)
}

/**
 * SM4-CCM (RFC 3610, RFC 8998) as one sm4-cbc and one sm4-ctr call. AAD up to 65279 bytes.
 * NEVER use a (key, nonce) pair twice. For many texts under one key see createCcm.
 */
export function sm4CcmSeal(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, plaintext: Uint8Array, tagLength: number): Sealed {
  checkSm4Key(key)
  checkCcm(nonce, aad, plaintext.length, tagLength)
  // CTR over (tag block || text) covers S0 and the text in one call.
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
  checkSm4Key(key)
  checkCcm(nonce, aad, ciphertext.length, tagLength)
  if (tag.length !== tagLength) throw authFailed()
  const text = Buffer.alloc(SM4_BLOCK + ciphertext.length)
  text.set(tag)
  text.set(ciphertext, SM4_BLOCK)
  const out = createCipheriv('sm4-ctr', key, counterBlock(nonce)).update(text)
  const plaintext = out.subarray(SM4_BLOCK)
  if (!equalBytes(rawTag(key, nonce, aad, plaintext, tagLength).subarray(0, tagLength), out.subarray(0, tagLength))) throw authFailed()
  return plaintext
}
