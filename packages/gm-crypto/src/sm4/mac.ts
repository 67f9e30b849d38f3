import { equalBytes } from '../constant-time.js'
import { SM4_BLOCK, checkSm4Key, lastCbcBlock } from './block.js'
import { nativeModesIfAny } from './native-modes.js'

/**
 * CBC-MAC with IV 0 and no padding; equals `SDF_CalculateMAC(SGD_SM4_MAC)`. A PRF on inputs of ONE fixed length only:
 * over variable lengths it is forgeable, use CMAC there.
 * @throws RangeError when the message is empty or not whole blocks
 */
export function sm4CbcMac(key: Uint8Array, message: Uint8Array): Buffer {
  checkSm4Key(key)
  if (message.length === 0 || message.length % SM4_BLOCK !== 0) throw new RangeError('CBC-MAC needs whole blocks, at least one')
  return lastCbcBlock(key, message)
}

/** Doubling in GF(2^128), constant 0x87 (RFC 4493). */
function double(block: Uint8Array): Buffer {
  const out = Buffer.alloc(SM4_BLOCK)
  let carry = 0
  for (let i = SM4_BLOCK - 1; i >= 0; i--) {
    const byte = block[i] ?? 0
    out[i] = ((byte << 1) | carry) & 0xff
    carry = byte >>> 7
  }
  out[15] = (out[15] ?? 0) ^ (0x87 & -carry)
  return out
}

export interface Sm4Cmac {
  /** 16 bytes over the parts in order. */
  sign(...parts: readonly Uint8Array[]): Buffer
  /** Constant time; a MAC of another length is wrong. There is no short form. */
  verify(mac: Uint8Array, ...parts: readonly Uint8Array[]): boolean
}

/** CMAC (RFC 4493) with SM4: safe for any length. Subkeys, and where OpenSSL lets us the round keys, are computed once per key. */
export function sm4Cmac(key: Uint8Array): Sm4Cmac {
  checkSm4Key(key)
  const last = lastBlockUnder(key)
  const whole = double(last(Buffer.alloc(SM4_BLOCK)))
  const partial = double(whole)
  const sign = (...parts: readonly Uint8Array[]): Buffer => {
    let length = 0
    for (const part of parts) length += part.length
    // From the pool, and written to its end: a buffer of its own costs as much as the cipher does for a short message.
    const blocks = Buffer.allocUnsafe(Math.max(1, Math.ceil(length / SM4_BLOCK)) * SM4_BLOCK)
    let at = 0
    for (const part of parts) {
      blocks.set(part, at)
      at += part.length
    }
    const padded = length < blocks.length
    if (padded) {
      blocks[at++] = 0x80
      while (at < blocks.length) blocks[at++] = 0
    }
    const subkey = padded ? partial : whole
    const end = blocks.length - SM4_BLOCK
    for (let i = 0; i < SM4_BLOCK; i++) blocks[end + i] = (blocks[end + i] ?? 0) ^ (subkey[i] ?? 0)
    return last(blocks)
  }
  return { sign, verify: (mac, ...parts) => equalBytes(mac, sign(...parts)) }
}

/** The last CBC block of blocks that may be overwritten. */
function lastBlockUnder(key: Uint8Array): (blocks: Uint8Array) => Buffer {
  const modes = nativeModesIfAny()
  if (modes) {
    const schedule = modes.schedule(key)
    return (blocks) => modes.lastCbcBlock(schedule, blocks)
  }
  const own = Buffer.from(key)
  return (blocks) => lastCbcBlock(own, blocks)
}
