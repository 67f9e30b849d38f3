import { authFailed, equalBytes } from '@zhuzhan/gm-crypto'
import { exactly, label, u32 } from '../bytes.js'
import { BLOCK } from './port.js'
import type { BlockKey } from './port.js'

/** Modes over a BlockKey: PRF, CMAC (RFC 4493), CCM (RFC 3610). With SM4 they equal those of gm-crypto; a test says so. */

const FIRST = u32(1)
const TOTAL_BITS = u32(0x80)
export const CONTEXT = 48
export const TAG = 16

/**
 * PRF(K, label, ctx) = CBC-MAC over label(8) || 00000001 || 00000080 || ctx(48): exactly 64 bytes, as in OSP-1 §7.1. A PRF
 * because the length is fixed. @throws RangeError for any other context length
 */
export function prf(key: BlockKey, name: string, context: Uint8Array): Promise<Buffer> {
  return key.mac(Buffer.concat([label(name), FIRST, TOTAL_BITS, exactly(CONTEXT, context, 'PRF context')]))
}

/** Doubling in GF(2^128), constant 0x87. */
function double(block: Uint8Array): Buffer {
  const out = Buffer.alloc(BLOCK)
  let carry = 0
  for (let i = BLOCK - 1; i >= 0; i--) {
    const byte = block[i] ?? 0
    out[i] = ((byte << 1) | carry) & 0xff
    carry = byte >>> 7
  }
  out[BLOCK - 1] = (out[BLOCK - 1] ?? 0) ^ (0x87 & -carry)
  return out
}

/** CMAC, 16 bytes, safe for any length. */
export async function cmac(key: BlockKey, message: Uint8Array): Promise<Buffer> {
  const blocks = padded(message, Math.max(BLOCK, Math.ceil(message.length / BLOCK) * BLOCK))
  let subkey = double(await key.encrypt(Buffer.alloc(BLOCK)))
  if (message.length < blocks.length) {
    blocks[message.length] = 0x80
    subkey = double(subkey)
  }
  const last = blocks.length - BLOCK
  for (let i = 0; i < BLOCK; i++) blocks[last + i] = (blocks[last + i] ?? 0) ^ (subkey[i] ?? 0)
  return key.mac(blocks)
}

/** Constant time; the length is that of a whole tag. */
export async function cmacVerify(key: BlockKey, message: Uint8Array, tag: Uint8Array): Promise<boolean> {
  return equalBytes(tag, await cmac(key, message))
}

function padded(bytes: Uint8Array, length: number): Buffer {
  const out = Buffer.alloc(length)
  out.set(bytes)
  return out
}

/** Bytes of the length field of CCM with nonces of 12 bytes. */
const LENGTH_BYTES = 3
const MAX_AAD = 0xfeff

/** Nonce 12, tag 16, AAD up to the 2-byte length form. */
async function rawTag(key: BlockKey, nonce: Uint8Array, aad: Uint8Array, text: Uint8Array): Promise<Buffer> {
  exactly(12, nonce, 'CCM nonce')
  if (aad.length === 0 || aad.length > MAX_AAD || text.length >= 2 ** (8 * LENGTH_BYTES)) throw new RangeError('CCM lengths')
  const first = Buffer.alloc(BLOCK)
  first[0] = 0x40 | (((TAG - 2) / 2) << 3) | (LENGTH_BYTES - 1)
  first.set(nonce, 1)
  first.writeUIntBE(text.length, BLOCK - LENGTH_BYTES, LENGTH_BYTES)
  const length = Buffer.alloc(2)
  length.writeUInt16BE(aad.length)
  const whole = (bytes: Uint8Array): Buffer => padded(bytes, Math.ceil(bytes.length / BLOCK) * BLOCK)
  return key.mac(Buffer.concat([first, whole(Buffer.concat([length, aad])), whole(text)]))
}

/** Counter blocks 0, 1, ... encrypted: block 0 masks the tag. */
async function keyStream(key: BlockKey, nonce: Uint8Array, bytes: number): Promise<Buffer> {
  const blocks = Buffer.alloc((1 + Math.ceil(bytes / BLOCK)) * BLOCK)
  for (let i = 0; i * BLOCK < blocks.length; i++) {
    blocks[i * BLOCK] = LENGTH_BYTES - 1
    blocks.set(nonce, i * BLOCK + 1)
    blocks.writeUIntBE(i, (i + 1) * BLOCK - LENGTH_BYTES, LENGTH_BYTES)
  }
  return key.encrypt(blocks)
}

function xor(a: Uint8Array, b: Uint8Array): Buffer {
  return Buffer.from(a.map((byte, i) => byte ^ (b[i] ?? 0)))
}

/** Ciphertext || tag(16). NEVER use a (key, nonce) pair twice. */
export async function ccmSeal(key: BlockKey, nonce: Uint8Array, aad: Uint8Array, text: Uint8Array): Promise<Buffer> {
  const tag = await rawTag(key, nonce, aad, text)
  const stream = await keyStream(key, nonce, text.length)
  return Buffer.concat([xor(text, stream.subarray(BLOCK)), xor(tag, stream)])
}

/** @throws HesError AUTH_FAILED */
export async function ccmOpen(key: BlockKey, nonce: Uint8Array, aad: Uint8Array, sealed: Uint8Array): Promise<Buffer> {
  if (sealed.length < TAG) throw authFailed()
  const [ciphertext, tag] = [sealed.subarray(0, -TAG), sealed.subarray(-TAG)]
  const stream = await keyStream(key, nonce, ciphertext.length)
  const text = xor(ciphertext, stream.subarray(BLOCK))
  if (!equalBytes(xor(tag, stream), await rawTag(key, nonce, aad, text))) throw authFailed()
  return text
}
