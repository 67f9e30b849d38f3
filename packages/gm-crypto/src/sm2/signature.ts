import { sm3 } from '../sm3.js'
import { SM2_CURVE, bytesToInt, intToBytes, inverseModN, modN, zValue } from './curve.js'

/** e = SM3(Z || M), GB/T 32918.2. */
export function messageDigest(publicKey: Uint8Array, id: Uint8Array, message: Uint8Array): Buffer {
  return sm3(zValue(publicKey, id), message)
}

/**
 * r = e + x1 mod n, s = (1+d)^-1 (k - r d) mod n, with x1 = x(kG) already computed.
 * @returns raw r || s, or undefined when r = 0, r + k = n or s = 0 and another k is due
 */
export function signWithNonce(privateKey: Uint8Array, digest: Uint8Array, k: Uint8Array, kG: Uint8Array): Buffer | undefined {
  const { n } = SM2_CURVE
  const d = bytesToInt(privateKey)
  const nonce = bytesToInt(k)
  const r = modN(bytesToInt(digest) + bytesToInt(kG.subarray(1, 33)))
  if (r === 0n || r + nonce === n) return undefined
  const s = modN(inverseModN(1n + d) * modN(nonce - r * d))
  return s === 0n ? undefined : Buffer.concat([intToBytes(r), intToBytes(s)])
}

const N = intToBytes(SM2_CURVE.n)
const ZERO = Buffer.alloc(32)

/** r and s in [1, n-1] and r + s not 0 mod n: checked before any point arithmetic. Signatures are public: no constant time. */
export function signatureInRange(signature: Uint8Array): boolean {
  if (signature.length !== 64) return false
  const r = signature.subarray(0, 32)
  const s = signature.subarray(32)
  if (![r, s].every((half) => Buffer.compare(half, ZERO) > 0 && Buffer.compare(half, N) < 0)) return false
  // r + s = n needs their last bytes to add up to the last byte of n: almost always that spares the big numbers.
  const lastBytesFit = (((r[31] as number) + (s[31] as number)) & 0xff) === N[31]
  return !lastBytesFit || bytesToInt(r) + bytesToInt(s) !== SM2_CURVE.n
}
