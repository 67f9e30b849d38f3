import { equalBytes } from '../constant-time.js'
import { authFailed } from '../failure.js'
import { checkSm4Key } from './block.js'
import { sm4CcmOpen, sm4CcmSeal } from './ccm.js'
import type { Sealed } from './ccm.js'
import { checkCcm } from './ccm-blocks.js'
import { nativeModes, nativeModesIfAny } from './native-modes.js'
import type { NativeModes } from './native-modes.js'

/** SM4-CCM under one key, for many texts. NEVER use a nonce twice. */
export interface Ccm {
  /** @throws RangeError for lengths CCM does not take */
  seal(nonce: Uint8Array, aad: Uint8Array, plaintext: Uint8Array, tagLength: number): Sealed
  /**
   * @param tagLength what the protocol demands, never what arrived.
   * @throws HesError AUTH_FAILED for any wrong tag, text, nonce or AAD
   */
  open(nonce: Uint8Array, aad: Uint8Array, ciphertext: Uint8Array, tag: Uint8Array, tagLength: number): Buffer
  /** Overwrite the key. Every later call throws. */
  destroy(): void
}

/** A secret that is overwritten once and refuses to be used afterwards. */
function erasable(secret: Buffer): { use(): Buffer; erase(): void } {
  let alive = true
  return {
    use() {
      if (!alive) throw new Error('this CCM key was destroyed')
      return secret
    },
    erase() {
      alive = false
      secret.fill(0)
    },
  }
}

/**
 * CCM of OpenSSL over round keys that are kept.
 * @throws Error where the FFI library or a symbol is missing
 */
export function createOpenSslCcm(key: Uint8Array, modes: NativeModes = nativeModes()): Ccm {
  checkSm4Key(key)
  const schedule = erasable(modes.schedule(key))
  const wanted = Buffer.alloc(16)
  return {
    seal(nonce, aad, plaintext, tagLength) {
      const roundKeys = schedule.use()
      const { length } = plaintext
      checkCcm(nonce, aad, length, tagLength)
      const out = Buffer.allocUnsafe(length + tagLength)
      const [ciphertext, tag] = [out.subarray(0, length), out.subarray(length)]
      modes.ccm('encrypt', roundKeys, nonce, aad, plaintext, ciphertext, tag)
      return { ciphertext, tag }
    },
    open(nonce, aad, ciphertext, tag, tagLength) {
      const roundKeys = schedule.use()
      checkCcm(nonce, aad, ciphertext.length, tagLength)
      if (tag.length !== tagLength) throw authFailed()
      const plaintext = Buffer.allocUnsafe(ciphertext.length)
      const computed = wanted.subarray(0, tagLength)
      modes.ccm('decrypt', roundKeys, nonce, aad, ciphertext, plaintext, computed)
      if (equalBytes(computed, tag)) return plaintext
      // What decrypts without the right tag must not lie about in memory that is handed out again.
      plaintext.fill(0)
      throw authFailed()
    },
    destroy: () => schedule.erase(),
  }
}

/** The same on node:crypto alone, which sets the key up for every text. */
export function createNodeCcm(key: Uint8Array): Ccm {
  checkSm4Key(key)
  const own = erasable(Buffer.from(key))
  return {
    seal: (nonce, aad, plaintext, tagLength) => sm4CcmSeal(own.use(), nonce, aad, plaintext, tagLength),
    open: (nonce, aad, ciphertext, tag, tagLength) => sm4CcmOpen(own.use(), nonce, aad, ciphertext, tag, tagLength),
    destroy: () => own.erase(),
  }
}

/** CCM of one key: OpenSSL's where it is to be had, otherwise on node:crypto. Keep it as long as the key, then destroy it. */
export function createCcm(key: Uint8Array): Ccm {
  const modes = nativeModesIfAny()
  return modes ? createOpenSslCcm(key, modes) : createNodeCcm(key)
}
