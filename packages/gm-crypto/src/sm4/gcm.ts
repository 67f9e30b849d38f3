import { equalBytes } from '../constant-time.js'
import { authFailed } from '../failure.js'
import { SM4_BLOCK, checkSm4Key, sm4Ctr, sm4EcbEncrypt } from './block.js'
import type { Sealed } from './ccm.js'
import { createGhash } from './ghash.js'
import { nativeModes, nativeModesIfAny } from './native-modes.js'
import type { Direction, NativeModes } from './native-modes.js'

export interface Sm4Gcm {
  /** NEVER use a (key, nonce) pair twice: in GCM that reveals the authentication key. */
  seal(nonce: Uint8Array, aad: Uint8Array, plaintext: Uint8Array, tagLength?: number): Sealed
  /** @throws HesError AUTH_FAILED */
  open(nonce: Uint8Array, aad: Uint8Array, ciphertext: Uint8Array, tag: Uint8Array, tagLength?: number): Buffer
}

/** Text and the whole tag of one direction; the tag always covers the ciphertext. */
type Run = (direction: Direction, nonce: Uint8Array, aad: Uint8Array, text: Uint8Array) => { out: Buffer; tag: Buffer }

function gcmOf(run: Run): Sm4Gcm {
  const check = (nonce: Uint8Array, tagLength: number): void => {
    if (nonce.length !== 12) throw new RangeError('a GCM nonce has 12 bytes')
    if (tagLength < 12 || tagLength > 16) throw new RangeError('a GCM tag has 12 to 16 bytes')
  }
  return {
    seal(nonce, aad, plaintext, tagLength = 16) {
      check(nonce, tagLength)
      const { out, tag } = run('encrypt', nonce, aad, plaintext)
      return { ciphertext: out, tag: tag.subarray(0, tagLength) }
    },
    open(nonce, aad, ciphertext, tag, tagLength = 16) {
      check(nonce, tagLength)
      const { out, tag: wanted } = run('decrypt', nonce, aad, ciphertext)
      if (equalBytes(tag, wanted.subarray(0, tagLength))) return out
      out.fill(0)
      throw authFailed()
    },
  }
}

/** GCM of OpenSSL, GHASH with the processor's carry-less multiplication. @throws Error where it is not to be had */
export function createOpenSslGcm(key: Uint8Array, modes: NativeModes = nativeModes()): Sm4Gcm {
  checkSm4Key(key)
  const schedule = modes.schedule(key)
  return gcmOf((direction, nonce, aad, text) => {
    const [out, tag] = [Buffer.allocUnsafe(text.length), Buffer.alloc(SM4_BLOCK)]
    modes.gcm(direction, schedule, nonce, aad, text, out, tag)
    return { out, tag }
  })
}

/** One sm4-ctr call of node:crypto, and GHASH in JavaScript with the tables of the key. */
export function createNodeGcm(key: Uint8Array): Sm4Gcm {
  checkSm4Key(key)
  const ownKey = Buffer.from(key)
  const ghash = createGhash(sm4EcbEncrypt(ownKey, Buffer.alloc(SM4_BLOCK)))
  return gcmOf((direction, nonce, aad, text) => {
    const counter = Buffer.alloc(SM4_BLOCK)
    counter.set(nonce)
    counter[15] = 1
    // The 32-bit counter of GCM and the 128-bit one of CTR agree below 2^32 blocks, which text.length guarantees.
    const stream = sm4Ctr(ownKey, counter, Buffer.concat([Buffer.alloc(SM4_BLOCK), text]))
    const out = stream.subarray(SM4_BLOCK)
    const tag = ghash(aad, direction === 'encrypt' ? out : text)
    for (let i = 0; i < SM4_BLOCK; i++) tag[i] = (tag[i] as number) ^ (stream[i] as number)
    return { out, tag }
  })
}

/** SM4-GCM (RFC 8998): OpenSSL's where it is to be had, otherwise on node:crypto. Keep the object with its key. Nonce of 12 bytes only. */
export function sm4Gcm(key: Uint8Array): Sm4Gcm {
  const modes = nativeModesIfAny()
  return modes ? createOpenSslGcm(key, modes) : createNodeGcm(key)
}
