import { randomBytes } from 'node:crypto'
import { equalBytes } from '../constant-time.js'
import { authFailed } from '../failure.js'
import { sm2Kdf, sm3 } from '../sm3.js'
import { SM2_CURVE, bytesToInt, intToBytes, isCurvePoint, isPrivateScalar, modN, zValue } from './curve.js'
import type { Sm2Agreed, Sm2Ciphertext, Sm2Core, Sm2Engine, Sm2Exchange, Sm2KeyPair } from './engine.js'

export type Random = (bytes: number) => Buffer

/** A full engine from a back end: encryption and key exchange exist once, whatever computes the points. */
export function completeEngine(core: Sm2Core, random: Random = randomBytes): Sm2Engine {
  const generateKeyPair = async (): Promise<Sm2KeyPair> => {
    const privateKey = randomScalar(random)
    return { privateKey, publicKey: await core.multiply(privateKey) }
  }
  return {
    name: core.name,
    sign: core.sign,
    verify: core.verify,
    multiply: core.multiply,
    add: core.add,
    close: core.close,
    generateKeyPair,
    publicKeyOf: (privateKey) => core.multiply(privateKey),
    async encrypt(publicKey, plaintext) {
      for (;;) {
        const ciphertext = await encryptWithScalar(core, publicKey, plaintext, randomScalar(random))
        if (ciphertext) return ciphertext
      }
    },
    decrypt: (privateKey, ciphertext) => decrypt(core, privateKey, ciphertext),
    agree: (exchange) => agree(core, exchange),
  }
}

/** Uniform in [1, n-2] by rejection. */
export function randomScalar(random: Random): Buffer {
  for (;;) {
    const d = random(32)
    if (isPrivateScalar(d)) return d
  }
}

/**
 * GB/T 32918.4 with a given k; `undefined` when t is all zero and another k is due. Exported for vectors only:
 * a k that is known or used twice gives the plaintext away.
 */
export async function encryptWithScalar(
  core: Sm2Core,
  publicKey: Uint8Array,
  plaintext: Uint8Array,
  k: Uint8Array,
): Promise<Sm2Ciphertext | undefined> {
  if (plaintext.length === 0) throw new RangeError('SM2 encrypts at least one byte')
  if (!isCurvePoint(publicKey)) throw authFailed()
  const [c1, shared] = await Promise.all([core.multiply(k), core.multiply(k, publicKey)])
  const t = sm2Kdf(shared.subarray(1), plaintext.length)
  if (t.every((byte) => byte === 0)) return undefined
  const c3 = sm3(shared.subarray(1, 33), plaintext, shared.subarray(33))
  return { c1, c3, c2: xor(plaintext, t) }
}

async function decrypt(core: Sm2Core, privateKey: Uint8Array, { c1, c2, c3 }: Sm2Ciphertext): Promise<Buffer> {
  // The point is judged before it meets the key: an invalid curve would leak the key piece by piece.
  if (c2.length === 0 || c3.length !== 32 || !isCurvePoint(c1)) throw authFailed()
  const shared = await core.multiply(privateKey, c1)
  const t = sm2Kdf(shared.subarray(1), c2.length)
  const plaintext = xor(c2, t)
  const right = equalBytes(c3, sm3(shared.subarray(1, 33), plaintext, shared.subarray(33)))
  if (!right || t.every((byte) => byte === 0)) throw authFailed()
  return plaintext
}

/** x~ = 2^127 + (x mod 2^127). */
function shortened(point: Uint8Array): bigint {
  return (1n << 127n) + (bytesToInt(point.subarray(1, 33)) & ((1n << 127n) - 1n))
}

async function agree(core: Sm2Core, { initiator, own, peer, keyLength }: Sm2Exchange): Promise<Sm2Agreed> {
  if (!isCurvePoint(peer.ephemeral) || !isCurvePoint(peer.publicKey)) throw authFailed()
  const r = bytesToInt(own.ephemeral.privateKey)
  const t = modN(bytesToInt(own.privateKey) + shortened(own.ephemeral.publicKey) * r)
  if (t === 0n) throw authFailed()
  const scaled = await core.multiply(intToBytes(shortened(peer.ephemeral)), peer.ephemeral)
  const u = await core.multiply(intToBytes(t), await core.add(scaled, peer.publicKey))

  const zOwn = zValue(own.publicKey, own.id)
  const zPeer = zValue(peer.publicKey, peer.id)
  const z = initiator ? [zOwn, zPeer] : [zPeer, zOwn]
  const ephemerals = initiator ? [own.ephemeral.publicKey, peer.ephemeral] : [peer.ephemeral, own.ephemeral.publicKey]
  const xu = u.subarray(1, 33)
  const yu = u.subarray(33)
  const h = sm3(xu, ...z, ...ephemerals.map((point) => point.subarray(1)))
  return {
    key: sm2Kdf(Buffer.concat([u.subarray(1), ...z]), keyLength),
    sB: sm3(Buffer.of(2), yu, h),
    sA: sm3(Buffer.of(3), yu, h),
  }
}

function xor(a: Uint8Array, b: Uint8Array): Buffer {
  const out = Buffer.alloc(a.length)
  for (let i = 0; i < a.length; i++) out[i] = (a[i] ?? 0) ^ (b[i] ?? 0)
  return out
}

/** Is the scalar usable as a multiplier: 1 .. n-1? */
export function isMultiplier(scalar: Uint8Array): boolean {
  if (scalar.length !== 32) return false
  const value = bytesToInt(scalar)
  return value >= 1n && value < SM2_CURVE.n
}
