import { hmacSm3, sm4EcbEncrypt } from '@zhuzhan/gm-crypto'
import { exactly, label, zeros } from './bytes.js'
import { CONTEXT, prf } from './cipher/modes.js'
import type { BlockCipher, BlockKey } from './cipher/port.js'
import { KINDS } from './kinds.js'
import type { FieldContext } from './message.js'

/** Keys of FSP-1. §5 */

/**
 * DK = SM4-ECB(RK, PID || not PID), as in OSP-1 §7.1: keys of two devices are independent, and RK encrypts nothing else.
 * Whoever issues devices does this once; a device and a meter only ever hold DK.
 */
export function diversifyField(root: Uint8Array, pid: Uint8Array): Buffer {
  exactly(8, pid, 'PID')
  return sm4EcbEncrypt(root, Buffer.concat([pid, pid.map((byte) => byte ^ 0xff)]))
}

/** ids = kind || suite || 0^14 || PID || MID || 0^16: one context of 48 bytes for one relation. */
export function idsOf({ kind, suite, pid, mid }: FieldContext): Buffer {
  const ids = Buffer.alloc(CONTEXT)
  ids[0] = KINDS[kind].code
  ids[1] = suite.number
  ids.set(exactly(8, pid, 'PID'), 16)
  ids.set(exactly(8, mid, 'MID'), 24)
  return ids
}

/** A key made by PRF from another, imported into the same cipher. */
export async function derive(cipher: BlockCipher, from: BlockKey, name: string, context: Uint8Array): Promise<BlockKey> {
  const bytes = await prf(from, name, context)
  try {
    return await cipher.importKey(bytes)
  } finally {
    bytes.fill(0)
  }
}

/** KI = PRF(DK, "FSP1-KID", ids): proves the device's own key at pairing. */
export const identityKey = (cipher: BlockCipher, deviceKey: BlockKey, c: FieldContext): Promise<BlockKey> => derive(cipher, deviceKey, 'FSP1-KID', idsOf(c))

/** KP = PRF(PS, "FSP1-KPA", ids): proves knowledge of the pairing code. */
export async function pairingKeyBlock(cipher: BlockCipher, secret: Uint8Array, c: FieldContext): Promise<BlockKey> {
  const code = await cipher.importKey(exactly(16, secret, 'pairing secret'))
  const key = await derive(cipher, code, 'FSP1-KPA', idsOf(c))
  code.erase()
  return key
}

/**
 * LK = PRF(PRF(DK, "FSP1-LK1", nD || nM || PID || MID), "FSP1-LK2", PS || 0^32): neither a photographed code nor a
 * stolen device key alone gives it.
 */
export async function linkKeyBlock(cipher: BlockCipher, deviceKey: BlockKey, secret: Uint8Array, c: FieldContext, nD: Uint8Array, nM: Uint8Array): Promise<Buffer> {
  const inner = await derive(cipher, deviceKey, 'FSP1-LK1', Buffer.concat([nD, nM, c.pid, c.mid]))
  const link = await prf(inner, 'FSP1-LK2', Buffer.concat([secret, zeros(32)]))
  inner.erase()
  return link
}

/** KP of suite 1 = HMAC-SM3(PS, "FSP1-KPA" || ids), 32 bytes. */
export const pairingKeySm2 = (secret: Uint8Array, c: FieldContext): Buffer => hmacSm3(exactly(16, secret, 'pairing secret'), label('FSP1-KPA'), idsOf(c))

/** LK of suite 1 = HMAC-SM3(PS, "FSP1-LNK" || ids || nD || nM || PD || PM), 32 bytes. */
export function linkKeySm2(secret: Uint8Array, c: FieldContext, nD: Uint8Array, nM: Uint8Array, deviceKey: Uint8Array, meterKey: Uint8Array): Buffer {
  return hmacSm3(exactly(16, secret, 'pairing secret'), label('FSP1-LNK'), idsOf(c), nD, nM, deviceKey, meterKey)
}

/** HMAC-SM3(K, label || th || ids): keys of a session from the agreed K of 32 bytes. */
export const agreedKey = (master: Uint8Array, name: string, th: Uint8Array, c: FieldContext): Buffer => hmacSm3(master, label(name), th, idsOf(c))
