import { createCipheriv, createDecipheriv } from 'node:crypto'
import { authFailed } from '../failure.js'

export const SM4_BLOCK = 16
const ZERO_BLOCK = Buffer.alloc(SM4_BLOCK)

/** @throws RangeError when the key is not 16 bytes */
export function checkSm4Key(key: Uint8Array): void {
  if (key.length !== 16) throw new RangeError('an SM4 key has 16 bytes')
}

function wholeBlocks(data: Uint8Array): void {
  if (data.length % SM4_BLOCK !== 0) throw new RangeError('length is not a multiple of 16 and no padding was asked for')
}

/** SM4-ECB without padding. Only for single blocks and counter blocks: ECB hides nothing about equal blocks. */
export function sm4EcbEncrypt(key: Uint8Array, data: Uint8Array): Buffer {
  wholeBlocks(data)
  return createCipheriv('sm4-ecb', key, null).setAutoPadding(false).update(data)
}

export function sm4EcbDecrypt(key: Uint8Array, data: Uint8Array): Buffer {
  wholeBlocks(data)
  return createDecipheriv('sm4-ecb', key, null).setAutoPadding(false).update(data)
}

export type Padding = 'none' | 'pkcs7'

export function sm4CbcEncrypt(key: Uint8Array, iv: Uint8Array, data: Uint8Array, padding: Padding): Buffer {
  if (padding === 'none') wholeBlocks(data)
  const cipher = createCipheriv('sm4-cbc', key, iv).setAutoPadding(padding === 'pkcs7')
  // Without padding everything comes out at once, and joining would copy it.
  if (padding === 'none') return cipher.update(data)
  return Buffer.concat([cipher.update(data), cipher.final()])
}

/**
 * SM4-CBC decryption. CBC alone authenticates nothing: check a MAC before calling this.
 * @throws HesError AUTH_FAILED when PKCS#7 padding is wrong
 */
export function sm4CbcDecrypt(key: Uint8Array, iv: Uint8Array, data: Uint8Array, padding: Padding): Buffer {
  if (padding === 'none') wholeBlocks(data)
  const cipher = createDecipheriv('sm4-cbc', key, iv).setAutoPadding(padding === 'pkcs7')
  try {
    return Buffer.concat([cipher.update(data), cipher.final()])
  } catch {
    throw authFailed()
  }
}

/** SM4-CTR: 128-bit big-endian counter that wraps to zero. Encryption and decryption are the same operation. */
export function sm4Ctr(key: Uint8Array, counter: Uint8Array, data: Uint8Array): Buffer {
  return createCipheriv('sm4-ctr', key, counter).update(data)
}

/** SM4 CFB-128 and OFB: not used by OSP-1, here for peers and vectors. */
export function sm4Stream(
  mode: 'cfb' | 'ofb',
  direction: 'encrypt' | 'decrypt',
  key: Uint8Array,
  iv: Uint8Array,
  data: Uint8Array,
): Buffer {
  const make = direction === 'encrypt' ? createCipheriv : createDecipheriv
  return make(`sm4-${mode}`, key, iv).update(data)
}

/** The last block of SM4-CBC with IV 0 over whole blocks. The caller answers for the safety of the input's form. */
export function lastCbcBlock(key: Uint8Array, blocks: Uint8Array): Buffer {
  const out = createCipheriv('sm4-cbc', key, ZERO_BLOCK).setAutoPadding(false).update(blocks)
  return Buffer.from(out.subarray(out.length - SM4_BLOCK))
}
