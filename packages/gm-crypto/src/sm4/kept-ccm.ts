import { equalBytes } from '../constant-time.js'
import { authFailed } from '../failure.js'
import { SM4_BLOCK, checkSm4Key } from './block.js'
import { sm4CcmOpen, sm4CcmSeal } from './ccm.js'
import type { Sealed } from './ccm.js'
import { checkCcm, macInputLength, writeMacHead } from './ccm-blocks.js'
import { createCipherPair } from './native-ciphers.js'
import type { CipherPair } from './native-ciphers.js'

/** SM4-CCM under one key, for many short texts. NEVER use a nonce twice. */
export interface Ccm {
  /** @throws RangeError for lengths CCM does not take */
  seal(nonce: Uint8Array, aad: Uint8Array, plaintext: Uint8Array, tagLength: number): Sealed
  /**
   * @param tagLength what the protocol demands, never what arrived.
   * @throws HesError AUTH_FAILED for any wrong tag, text, nonce or AAD
   */
  open(nonce: Uint8Array, aad: Uint8Array, ciphertext: Uint8Array, tag: Uint8Array, tagLength: number): Buffer
  /** Overwrite the key, in native memory too. Every later call throws. */
  destroy(): void
}

/** Texts whose MAC input or key stream is longer go the general way: there the calls are not what costs. */
const SCRATCH = 8192
/** Keys whose schedules stay in native memory, about 2 KiB each; beyond them a key is set again when it is used (2 µs). */
const SLOTS = 4096

interface Slot {
  ciphers: CipherPair
  /** Whose key is in it. */
  owner: object | undefined
  /** Last block of the CBC chain, which goes on from record to record. */
  chain: Uint32Array
}

/** Native contexts shared by all keys of the process, handed on in turn. */
const slots: Slot[] = []
const free: Slot[] = []
let turn = 0

function takeSlot(owner: object, key: Uint8Array): Slot {
  let slot = free.pop()
  if (!slot && slots.length < SLOTS) {
    slot = { ciphers: createCipherPair(), owner: undefined, chain: new Uint32Array(4) }
    slots.push(slot)
  }
  slot ??= slots[turn++ % SLOTS] as Slot
  slot.owner = undefined
  slot.ciphers.rekey(key)
  slot.chain.fill(0)
  slot.owner = owner
  return slot
}

/** Work space of one call; nothing of a text stays in it. Each as bytes and as words. */
const macBytes = new Uint8Array(SCRATCH)
const macWords = new Uint32Array(macBytes.buffer)
const streamBytes = new Uint8Array(SCRATCH)
const streamWords = new Uint32Array(streamBytes.buffer)
const wantedTag = new Uint8Array(SM4_BLOCK)

/** Counter blocks 0 .. count-1 into the stream, encrypted: S0 masks the tag, the others the text. */
function keyStream(ciphers: CipherPair, nonce: Uint8Array, count: number): void {
  streamBytes.fill(0, 0, SM4_BLOCK)
  streamBytes[0] = 14 - nonce.length
  streamBytes.set(nonce, 1)
  for (let block = 1; block < count; block++) {
    const word = block * 4
    for (let i = 0; i < 4; i++) streamWords[word + i] = streamWords[i] as number
    // SCRATCH keeps the count below 2^16, and the counter has 2 bytes at least.
    streamBytes[block * SM4_BLOCK + 14] = block >>> 8
    streamBytes[block * SM4_BLOCK + 15] = block & 0xff
  }
  ciphers.ecb(streamBytes, count * SM4_BLOCK)
}

/** CBC-MAC over the first `length` bytes of the MAC input, masked with S0, into the start of the stream. */
function maskedTag({ ciphers, chain }: Slot, length: number): void {
  // The chain stands at the last block of the record before: taking it out again is a fresh start with IV 0.
  for (let i = 0; i < 4; i++) macWords[i] = (macWords[i] as number) ^ (chain[i] as number)
  ciphers.cbc(macBytes, length)
  const last = length / 4 - 4
  for (let i = 0; i < 4; i++) {
    const word = macWords[last + i] as number
    chain[i] = word
    streamWords[i] = (streamWords[i] as number) ^ word
  }
}

/**
 * CCM on kept OpenSSL contexts: two native calls a text.
 * @throws Error where the FFI library or a symbol is missing
 */
export function createOpenSslCcm(key: Uint8Array): Ccm {
  checkSm4Key(key)
  const ownKey = Buffer.from(key)
  const self = {}
  let slot: Slot | undefined = takeSlot(self, ownKey)
  let alive = true

  const ready = (): Slot => {
    if (!alive) throw new Error('this CCM key was destroyed')
    if (slot?.owner !== self) slot = takeSlot(self, ownKey)
    return slot
  }
  /** A native call that failed leaves the chain unknown: the slot starts anew. */
  const broken = (): void => {
    if (slot?.owner === self) {
      slot.owner = undefined
      free.push(slot)
    }
    slot = undefined
  }
  const wipe = (macLength: number, streamLength: number): void => {
    macBytes.fill(0, 0, macLength)
    streamBytes.fill(0, 0, streamLength)
  }

  return {
    seal(nonce, aad, plaintext, tagLength) {
      const mine = ready()
      const { length } = plaintext
      checkCcm(nonce, aad, length, tagLength)
      const macLength = macInputLength(aad, length)
      const blocks = 1 + Math.ceil(length / SM4_BLOCK)
      if (macLength > SCRATCH || blocks * SM4_BLOCK > SCRATCH) return sm4CcmSeal(ownKey, nonce, aad, plaintext, tagLength)
      try {
        const textAt = writeMacHead(macBytes, nonce, aad, length, tagLength)
        macBytes.set(plaintext, textAt)
        macBytes.fill(0, textAt + length, macLength)
        keyStream(mine.ciphers, nonce, blocks)
        xorWords(streamWords, 4, macWords, textAt / 4, (blocks - 1) * 4)
        maskedTag(mine, macLength)
        const out = Buffer.allocUnsafe(length + tagLength)
        out.set(streamBytes.subarray(SM4_BLOCK, SM4_BLOCK + length))
        out.set(streamBytes.subarray(0, tagLength), length)
        return { ciphertext: out.subarray(0, length), tag: out.subarray(length) }
      } catch (error) {
        broken()
        throw error
      } finally {
        wipe(macLength, SM4_BLOCK)
      }
    },
    open(nonce, aad, ciphertext, tag, tagLength) {
      const mine = ready()
      const { length } = ciphertext
      checkCcm(nonce, aad, length, tagLength)
      if (tag.length !== tagLength) throw authFailed()
      const macLength = macInputLength(aad, length)
      const blocks = 1 + Math.ceil(length / SM4_BLOCK)
      if (macLength > SCRATCH || blocks * SM4_BLOCK > SCRATCH) return sm4CcmOpen(ownKey, nonce, aad, ciphertext, tag, tagLength)
      let plaintext: Buffer
      try {
        const textAt = writeMacHead(macBytes, nonce, aad, length, tagLength)
        macBytes.set(ciphertext, textAt)
        keyStream(mine.ciphers, nonce, blocks)
        xorWords(macWords, textAt / 4, streamWords, 4, (blocks - 1) * 4)
        macBytes.fill(0, textAt + length, macLength)
        plaintext = Buffer.from(macBytes.subarray(textAt, textAt + length))
        maskedTag(mine, macLength)
        wantedTag.set(streamBytes.subarray(0, SM4_BLOCK))
      } catch (error) {
        broken()
        throw error
      } finally {
        wipe(macLength, blocks * SM4_BLOCK)
      }
      if (equalBytes(wantedTag.subarray(0, tagLength), tag)) return plaintext
      plaintext.fill(0)
      throw authFailed()
    },
    destroy() {
      if (!alive) return
      alive = false
      ownKey.fill(0)
      if (slot?.owner === self) {
        slot.owner = undefined
        slot.ciphers.rekey(ownKey)
        free.push(slot)
      }
      slot = undefined
    },
  }
}

function xorWords(target: Uint32Array, targetAt: number, source: Uint32Array, sourceAt: number, count: number): void {
  for (let i = 0; i < count; i++) target[targetAt + i] = (target[targetAt + i] as number) ^ (source[sourceAt + i] as number)
}

/** The same on node:crypto alone, which sets the key up for every text. */
export function createNodeCcm(key: Uint8Array): Ccm {
  checkSm4Key(key)
  const ownKey = Buffer.from(key)
  let alive = true
  const living = (): Buffer => {
    if (!alive) throw new Error('this CCM key was destroyed')
    return ownKey
  }
  return {
    seal: (nonce, aad, plaintext, tagLength) => sm4CcmSeal(living(), nonce, aad, plaintext, tagLength),
    open: (nonce, aad, ciphertext, tag, tagLength) => sm4CcmOpen(living(), nonce, aad, ciphertext, tag, tagLength),
    destroy() {
      alive = false
      ownKey.fill(0)
    },
  }
}

let native: boolean | undefined

/** CCM of one key on kept OpenSSL contexts, or on node:crypto where those are not to be had. Keep it as long as the key, then destroy it. */
export function createCcm(key: Uint8Array): Ccm {
  checkSm4Key(key)
  if (native === undefined) {
    try {
      createCipherPair().free()
      native = true
    } catch {
      native = false
    }
  }
  return native ? createOpenSslCcm(key) : createNodeCcm(key)
}
