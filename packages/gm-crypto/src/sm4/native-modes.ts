import { loadKoffi } from '../native/koffi.js'
import { SM4_BLOCK, lastCbcBlock } from './block.js'

/**
 * CCM, GCM and CBC-MAC of the OpenSSL inside Node over its own SM4 block function. The EVP layer of OpenSSL 3.0 has neither mode
 * for SM4, and its price for a text of 256 bytes is higher than that of the cipher.
 *
 * `ossl_sm4_*` are internal to OpenSSL: official Node builds export them, a Node linked with a system's libcrypto does
 * not. So they are used only where they are found and give the known answers; node:crypto does the same work elsewhere.
 */
type Pointer = bigint
type Bytes = Uint8Array | null

interface Symbols {
  setKey(key: Uint8Array, schedule: Uint8Array): number
  ccmInit(context: Uint8Array, tagLength: number, lengthBytes: number, schedule: Uint8Array, block: Pointer): void
  ccmNonce(context: Uint8Array, nonce: Uint8Array, nonceLength: number, textLength: number): number
  ccmAad(context: Uint8Array, aad: Uint8Array, length: number): void
  ccmEncrypt(context: Uint8Array, input: Bytes, out: Bytes, length: number): number
  ccmDecrypt(context: Uint8Array, input: Bytes, out: Bytes, length: number): number
  ccmTag(context: Uint8Array, tag: Uint8Array, length: number): number | bigint
  gcmNew(schedule: Uint8Array, block: Pointer): Pointer
  gcmInit(context: Pointer, schedule: Uint8Array, block: Pointer): void
  gcmNonce(context: Pointer, nonce: Uint8Array, length: number): void
  gcmAad(context: Pointer, aad: Uint8Array, length: number): number
  gcmEncrypt(context: Pointer, input: Bytes, out: Bytes, length: number): number
  gcmDecrypt(context: Pointer, input: Bytes, out: Bytes, length: number): number
  gcmTag(context: Pointer, tag: Uint8Array, length: number): void
  cbcEncrypt(input: Uint8Array, out: Uint8Array, length: number, schedule: Uint8Array, iv: Uint8Array, block: Pointer): void
}

// Out parameters are plain pointers: koffi passes the address of the array instead of copying.
const SIGNATURES: Record<keyof Symbols, string> = {
  setKey: 'int ossl_sm4_set_key(const void *key, void *schedule)',
  ccmInit: 'void CRYPTO_ccm128_init(void *context, unsigned int tagLength, unsigned int lengthBytes, void *schedule, void *block)',
  ccmNonce: 'int CRYPTO_ccm128_setiv(void *context, const void *nonce, size_t nonceLength, size_t textLength)',
  ccmAad: 'void CRYPTO_ccm128_aad(void *context, const void *aad, size_t length)',
  ccmEncrypt: 'int CRYPTO_ccm128_encrypt(void *context, const void *in, void *out, size_t length)',
  ccmDecrypt: 'int CRYPTO_ccm128_decrypt(void *context, const void *in, void *out, size_t length)',
  ccmTag: 'size_t CRYPTO_ccm128_tag(void *context, void *tag, size_t length)',
  gcmNew: 'void *CRYPTO_gcm128_new(void *schedule, void *block)',
  gcmInit: 'void CRYPTO_gcm128_init(void *context, void *schedule, void *block)',
  gcmNonce: 'void CRYPTO_gcm128_setiv(void *context, const void *nonce, size_t length)',
  gcmAad: 'int CRYPTO_gcm128_aad(void *context, const void *aad, size_t length)',
  gcmEncrypt: 'int CRYPTO_gcm128_encrypt(void *context, const void *in, void *out, size_t length)',
  gcmDecrypt: 'int CRYPTO_gcm128_decrypt(void *context, const void *in, void *out, size_t length)',
  gcmTag: 'void CRYPTO_gcm128_tag(void *context, void *tag, size_t length)',
  cbcEncrypt: 'void CRYPTO_cbc128_encrypt(const void *in, void *out, size_t length, void *schedule, void *iv, void *block)',
}

export type Direction = 'encrypt' | 'decrypt'

export interface NativeModes {
  /** Round keys of a key: 128 bytes, as secret as the key. */
  schedule(key: Uint8Array): Buffer
  /** Text to `out` (as long as the text), the whole masked tag to `tag`. Lengths were checked. The decrypted text is NOT authentic yet. */
  ccm(direction: Direction, schedule: Uint8Array, nonce: Uint8Array, aad: Uint8Array, text: Uint8Array, out: Uint8Array, tag: Uint8Array): void
  gcm(direction: Direction, schedule: Uint8Array, nonce: Uint8Array, aad: Uint8Array, text: Uint8Array, out: Uint8Array, tag: Uint8Array): void
  /** The last block of SM4-CBC with IV 0 over whole blocks, which are overwritten. */
  lastCbcBlock(schedule: Uint8Array, blocks: Uint8Array): Buffer
}

const SCHEDULE = 128
/** More than any CCM128_CONTEXT; rewritten by every call, and calls are synchronous, so one is enough. */
const CCM_CONTEXT = 256

function bind(): NativeModes {
  const library = loadKoffi().load(null)
  const block = library.symbol('ossl_sm4_encrypt') as Pointer
  const table = Object.entries(SIGNATURES).map(([name, signature]) => [name, library.func(signature)] as const)
  const ssl = Object.fromEntries(table) as unknown as Symbols
  const idle = Buffer.alloc(SCHEDULE)
  const ccmContext = Buffer.alloc(CCM_CONTEXT)
  const gcmContext = ssl.gcmNew(idle, block)
  if (!gcmContext) throw new Error('OpenSSL gave no GCM context')
  const done = (ok: boolean): void => {
    if (!ok) throw new Error('SM4 in OpenSSL failed')
  }
  return {
    schedule(key) {
      const schedule = Buffer.alloc(SCHEDULE)
      done(ssl.setKey(key, schedule) === 1)
      return schedule
    },
    ccm(direction, schedule, nonce, aad, text, out, tag) {
      ssl.ccmInit(ccmContext, tag.length, 15 - nonce.length, schedule, block)
      done(ssl.ccmNonce(ccmContext, nonce, nonce.length, text.length) === 0)
      if (aad.length > 0) ssl.ccmAad(ccmContext, aad, aad.length)
      const run = direction === 'encrypt' ? ssl.ccmEncrypt : ssl.ccmDecrypt
      done(run(ccmContext, text, out, text.length) === 0)
      done(Number(ssl.ccmTag(ccmContext, tag, tag.length)) === tag.length)
    },
    gcm(direction, schedule, nonce, aad, text, out, tag) {
      ssl.gcmInit(gcmContext, schedule, block)
      ssl.gcmNonce(gcmContext, nonce, nonce.length)
      if (aad.length > 0) done(ssl.gcmAad(gcmContext, aad, aad.length) === 0)
      const run = direction === 'encrypt' ? ssl.gcmEncrypt : ssl.gcmDecrypt
      done(run(gcmContext, text, out, text.length) === 0)
      ssl.gcmTag(gcmContext, tag, tag.length)
      // The context holds the hash key; that of no key takes its place.
      ssl.gcmInit(gcmContext, idle, block)
    },
    lastCbcBlock(schedule, blocks) {
      // OpenSSL leaves the last ciphertext block in the place of the IV.
      const last = Buffer.allocUnsafe(SM4_BLOCK).fill(0)
      ssl.cbcEncrypt(blocks, blocks, blocks.length, schedule, last, block)
      return last
    },
  }
}

const hex = (text: string): Buffer => Buffer.from(text, 'hex')

/** RFC 8998 appendix A: one key, nonce, AAD and text for both modes. */
const KNOWN = {
  key: hex('0123456789abcdeffedcba9876543210'),
  nonce: hex('00001234567800000000abcd'),
  aad: hex('feedfacedeadbeeffeedfacedeadbeefabaddad2'),
  text: hex('aaaaaaaaaaaaaaaabbbbbbbbbbbbbbbbccccccccccccccccddddddddddddddddeeeeeeeeeeeeeeeeffffffffffffffffeeeeeeeeeeeeeeeeaaaaaaaaaaaaaaaa'),
  sealed: {
    ccm: hex('48af93501fa62adbcd414cce6034d895dda1bf8f132f042098661572e7483094fd12e518ce062c98acee28d95df4416bed31a2f04476c18bb40c84a74b97dc5b16842d4fa186f56ab33256971fa110f4'),
    gcm: hex('17f399f08c67d5ee19d0dc9969c4bb7d5fd46fd3756489069157b282bb200735d82710ca5c22f0ccfa7cbf93d496ac15a56834cbcf98c397b4024a2691233b8d83de3541e4c2b58177e065a9bf7b62ec'),
  },
}

/** @throws Error when an answer is not the known one */
export function checkNativeModes(modes: NativeModes): void {
  const { key, nonce, aad, text, sealed } = KNOWN
  const schedule = modes.schedule(key)
  for (const mode of ['ccm', 'gcm'] as const) {
    const wanted = sealed[mode]
    const out = { encrypt: Buffer.alloc(text.length), decrypt: Buffer.alloc(text.length) }
    const tags = { encrypt: Buffer.alloc(16), decrypt: Buffer.alloc(16) }
    modes[mode]('encrypt', schedule, nonce, aad, text, out.encrypt, tags.encrypt)
    modes[mode]('decrypt', schedule, nonce, aad, out.encrypt, out.decrypt, tags.decrypt)
    const right = Buffer.concat([out.encrypt, tags.encrypt]).equals(wanted) && out.decrypt.equals(text) && tags.decrypt.equals(tags.encrypt)
    if (!right) throw new Error(`SM4-${mode.toUpperCase()} known answer`)
  }
  if (!modes.lastCbcBlock(schedule, Buffer.from(text)).equals(lastCbcBlock(key, text))) throw new Error('SM4-CBC-MAC known answer')
}

let found: { modes: NativeModes } | { error: unknown } | undefined

/**
 * Bound and tested once per process.
 * @throws Error where the FFI library or a symbol is missing or an answer is wrong
 */
export function nativeModes(): NativeModes {
  if (!found) {
    try {
      const modes = bind()
      checkNativeModes(modes)
      found = { modes }
    } catch (error) {
      found = { error }
    }
  }
  if ('error' in found) throw found.error
  return found.modes
}

/** The same, or undefined where they are not to be had. */
export function nativeModesIfAny(): NativeModes | undefined {
  try {
    return nativeModes()
  } catch {
    return undefined
  }
}
