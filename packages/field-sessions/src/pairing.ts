import { decode, encode } from '@zhuzhan/codec'
import { SM2_DEFAULT_ID, authFailed, equalBytes, hmacSm3, isCurvePoint, sm3 } from '@zhuzhan/gm-crypto'
import type { Sm2Engine, Sm2KeyPair } from '@zhuzhan/gm-crypto'
import { cmac, cmacVerify } from './cipher/modes.js'
import type { BlockCipher, BlockKey } from './cipher/port.js'
import { identityKey, linkKeyBlock, linkKeySm2, pairingKeyBlock, pairingKeySm2 } from './keys.js'
import { PairBlock, PairSm2, transcript } from './message.js'
import type { FieldContext, MessageType } from './message.js'

/** Pairing: PAIR-REQUEST from the device, PAIR-ANSWER from the meter; each proves its own key and the code. §6.1 */

type Half = 'request' | 'answer'
const PART = {
  request: { type: 'pairRequest', proof: 'FSP1-PA1', tag: 'FSP1-PT1' },
  answer: { type: 'pairAnswer', proof: 'FSP1-PA2', tag: 'FSP1-PT2' },
} as const satisfies Record<Half, { type: MessageType; proof: string; tag: string }>
const NOTHING = Buffer.alloc(0)

/** x || y of a point that came with its prefix. */
export const bare = (publicKey: Uint8Array): Buffer => Buffer.from(publicKey.subarray(1))
export const withPrefix = (xy: Uint8Array): Buffer => Buffer.concat([Buffer.of(4), xy])

/** PID of a phone: it names the key, so nobody else can take it. */
export const pidOfKey = (publicKey: Uint8Array): Buffer => sm3(bare(publicKey)).subarray(0, 8)

export interface PairedSm2 {
  nonce: Buffer
  /** 04 || x || y. */
  publicKey: Buffer
}

/** Either half for suite 1. `request` is the body this answers; nothing for a request. */
export async function makePairSm2(engine: Sm2Engine, half: Half, c: FieldContext, secret: Uint8Array, own: Sm2KeyPair, nonce: Uint8Array, request: Uint8Array = NOTHING): Promise<Buffer> {
  const { type, proof, tag } = PART[half]
  const publicKey = bare(own.publicKey)
  const signature = await engine.sign(own.privateKey, SM2_DEFAULT_ID, transcript(proof, c, type, request, nonce, publicKey))
  const mac = hmacSm3(pairingKeySm2(secret, c), transcript(tag, c, type, request, nonce, publicKey, signature))
  return encode(PairSm2, { nonce: Buffer.from(nonce), publicKey, signature, tag: mac })
}

/** The MAC over the code first: only who knows the code makes the other compute with SM2. @throws HesError AUTH_FAILED, DecodeError */
export async function acceptPairSm2(engine: Sm2Engine, half: Half, c: FieldContext, secret: Uint8Array, body: Uint8Array, request: Uint8Array = NOTHING): Promise<PairedSm2> {
  const { type, proof, tag } = PART[half]
  const p = decode(PairSm2, body)
  if (!equalBytes(p.tag, hmacSm3(pairingKeySm2(secret, c), transcript(tag, c, type, request, p.nonce, p.publicKey, p.signature)))) throw authFailed()
  const publicKey = withPrefix(p.publicKey)
  if (!isCurvePoint(publicKey)) throw authFailed()
  if (!(await engine.verify(publicKey, SM2_DEFAULT_ID, transcript(proof, c, type, request, p.nonce, p.publicKey), p.signature))) throw authFailed()
  return { nonce: Buffer.from(p.nonce), publicKey }
}

export function linkOfSm2(c: FieldContext, secret: Uint8Array, device: PairedSm2, meter: PairedSm2): Buffer {
  return linkKeySm2(secret, c, device.nonce, meter.nonce, bare(device.publicKey), bare(meter.publicKey))
}

/** KI and KP of a pairing; the caller erases them. */
interface PairKeys {
  identity: BlockKey
  pairing: BlockKey
}

async function withKeys<T>(cipher: BlockCipher, deviceKey: BlockKey, c: FieldContext, secret: Uint8Array, work: (keys: PairKeys) => Promise<T>): Promise<T> {
  const keys = { identity: await identityKey(cipher, deviceKey, c), pairing: await pairingKeyBlock(cipher, secret, c) }
  try {
    return await work(keys)
  } finally {
    keys.identity.erase()
    keys.pairing.erase()
  }
}

/** Either half for suites 2 to 4. */
export function makePairBlock(cipher: BlockCipher, half: Half, c: FieldContext, deviceKey: BlockKey, secret: Uint8Array, nonce: Uint8Array, request: Uint8Array = NOTHING): Promise<Buffer> {
  const { type, proof, tag } = PART[half]
  return withKeys(cipher, deviceKey, c, secret, async (keys) => {
    const identityTag = await cmac(keys.identity, transcript(proof, c, type, request, nonce))
    const mac = await cmac(keys.pairing, transcript(tag, c, type, request, nonce, identityTag))
    return encode(PairBlock, { nonce: Buffer.from(nonce), identityTag, tag: mac })
  })
}

/** Both tags are always computed. @throws HesError AUTH_FAILED, DecodeError */
export async function acceptPairBlock(cipher: BlockCipher, half: Half, c: FieldContext, deviceKey: BlockKey, secret: Uint8Array, body: Uint8Array, request: Uint8Array = NOTHING): Promise<{ nonce: Buffer }> {
  const { type, proof, tag } = PART[half]
  const p = decode(PairBlock, body)
  const right = await withKeys(cipher, deviceKey, c, secret, (keys) =>
    Promise.all([
      cmacVerify(keys.pairing, transcript(tag, c, type, request, p.nonce, p.identityTag), p.tag),
      cmacVerify(keys.identity, transcript(proof, c, type, request, p.nonce), p.identityTag),
    ]),
  )
  if (!right.every(Boolean)) throw authFailed()
  return { nonce: Buffer.from(p.nonce) }
}

export const linkOfBlock = (cipher: BlockCipher, c: FieldContext, deviceKey: BlockKey, secret: Uint8Array, nD: Uint8Array, nM: Uint8Array): Promise<Buffer> =>
  linkKeyBlock(cipher, deviceKey, secret, c, nD, nM)
