import { randomBytes } from 'node:crypto'
import { weierstrass } from '@noble/curves/abstract/weierstrass.js'
import { authFailed } from '../failure.js'
import { SM2_CURVE, bytesToInt, isCurvePoint, isPrivateScalar, modN } from './curve.js'
import type { Sm2Core, Sm2Engine } from './engine.js'
import { completeEngine, isMultiplier, randomScalar } from './engine-operations.js'
import type { Random } from './engine-operations.js'
import { messageDigest, signWithNonce, signatureInRange } from './signature.js'

const Point = weierstrass<bigint>({
  p: SM2_CURVE.p,
  n: SM2_CURVE.n,
  h: 1n,
  a: SM2_CURVE.a,
  b: SM2_CURVE.b,
  Gx: SM2_CURVE.gx,
  Gy: SM2_CURVE.gy,
})

function pointOf(bytes: Uint8Array): InstanceType<typeof Point> {
  if (!isCurvePoint(bytes)) throw authFailed()
  return Point.fromAffine({ x: bytesToInt(bytes.subarray(1, 33)), y: bytesToInt(bytes.subarray(33)) })
}

function bytesOf(point: InstanceType<typeof Point>): Buffer {
  if (point.is0()) throw authFailed()
  return Buffer.from(point.toBytes(false))
}

/**
 * Pure JavaScript fallback over @noble/curves. BigInt arithmetic is not constant-time: for laboratories and for
 * platforms without the native binding, about ten times slower in verification.
 */
export function createNobleEngine({ random = randomBytes }: { random?: Random } = {}): Sm2Engine {
  const core: Sm2Core = {
    name: 'noble',
    async sign(privateKey, id, message) {
      if (!isPrivateScalar(privateKey)) throw new RangeError('not an SM2 private key')
      const publicKey = bytesOf(Point.BASE.multiply(bytesToInt(privateKey)))
      const digest = messageDigest(publicKey, id, message)
      for (;;) {
        const k = randomScalar(random)
        const signature = signWithNonce(privateKey, digest, k, bytesOf(Point.BASE.multiply(bytesToInt(k))))
        if (signature) return signature
      }
    },
    async verify(publicKey, id, message, signature) {
      if (!isCurvePoint(publicKey) || !signatureInRange(signature)) return false
      const r = bytesToInt(signature.subarray(0, 32))
      const s = bytesToInt(signature.subarray(32))
      const point = Point.BASE.mulAddUnsafe(s, pointOf(publicKey), modN(r + s))
      if (point.is0()) return false
      return modN(bytesToInt(messageDigest(publicKey, id, message)) + point.toAffine().x) === r
    },
    async multiply(scalar, point) {
      if (!isMultiplier(scalar)) throw authFailed()
      return bytesOf((point ? pointOf(point) : Point.BASE).multiply(bytesToInt(scalar)))
    },
    async add(a, b) {
      return bytesOf(pointOf(a).add(pointOf(b)))
    },
    close() {
      /* nothing native */
    },
  }
  return completeEngine(core, random)
}
