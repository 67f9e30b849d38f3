import { equalBytes } from '../constant-time.js'
import { authFailed } from '../failure.js'
import { SM4_BLOCK, checkSm4Key, sm4Ctr, sm4EcbEncrypt } from './block.js'
import type { Sealed } from './ccm.js'
import { createGhash } from './ghash.js'

export interface Sm4Gcm {
  /** NEVER use a (key, nonce) pair twice: in GCM that reveals the authentication key. */
  seal(nonce: Uint8Array, aad: Uint8Array, plaintext: Uint8Array, tagLength?: number): Sealed
  /** @throws HesError AUTH_FAILED */
  open(nonce: Uint8Array, aad: Uint8Array, ciphertext: Uint8Array, tag: Uint8Array, tagLength?: number): Buffer
}

/** SM4-GCM (RFC 8998) as one sm4-ctr call and GHASH in JS. Keep the object: it holds the table of its key. Nonce of 12 bytes only. */
export function sm4Gcm(key: Uint8Array): Sm4Gcm {
  checkSm4Key(key)
  const ownKey = Buffer.from(key)
  const ghash = createGhash(sm4EcbEncrypt(ownKey, Buffer.alloc(SM4_BLOCK)))

  const run = (nonce: Uint8Array, text: Uint8Array): { out: Buffer; mask: Buffer } => {
    if (nonce.length !== 12) throw new RangeError('a GCM nonce has 12 bytes')
    const counter = Buffer.alloc(SM4_BLOCK)
    counter.set(nonce)
    counter[15] = 1
    // The 32-bit counter of GCM and the 128-bit one of CTR agree below 2^32 blocks, which text.length guarantees.
    const stream = sm4Ctr(ownKey, counter, Buffer.concat([Buffer.alloc(SM4_BLOCK), text]))
    return { mask: stream.subarray(0, SM4_BLOCK), out: stream.subarray(SM4_BLOCK) }
  }
  const tagOf = (mask: Buffer, aad: Uint8Array, ciphertext: Uint8Array, tagLength: number): Buffer => {
    if (tagLength < 12 || tagLength > 16) throw new RangeError('a GCM tag has 12 to 16 bytes')
    const tag = ghash(aad, ciphertext)
    for (let i = 0; i < SM4_BLOCK; i++) tag[i] = (tag[i] ?? 0) ^ (mask[i] ?? 0)
    return tag.subarray(0, tagLength)
  }
  return {
    seal(nonce, aad, plaintext, tagLength = 16) {
      const { out, mask } = run(nonce, plaintext)
      return { ciphertext: out, tag: tagOf(mask, aad, out, tagLength) }
    },
    open(nonce, aad, ciphertext, tag, tagLength = 16) {
      const { out, mask } = run(nonce, ciphertext)
      if (!equalBytes(tag, tagOf(mask, aad, ciphertext, tagLength))) throw authFailed()
      return out
    },
  }
}
