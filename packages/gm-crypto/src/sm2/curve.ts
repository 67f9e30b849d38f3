import { sm3 } from '../sm3.js'

/** The SM2 curve, GB/T 32918.5: y^2 = x^3 + a x + b over F_p, order n, cofactor 1. */
export const SM2_CURVE = {
  p: 0xfffffffeffffffffffffffffffffffffffffffff00000000ffffffffffffffffn,
  a: 0xfffffffeffffffffffffffffffffffffffffffff00000000fffffffffffffffcn,
  b: 0x28e9fa9e9d9f5e344d5a9e4bcf6509a7f39789f515ab8f92ddbcbd414d940e93n,
  n: 0xfffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d54123n,
  gx: 0x32c4ae2c1f1981195f9904466a39c9948fe30bbff2660be1715a4589334c74c7n,
  gy: 0xbc3736a2f4f6779c59bdcee36b692153d0a9877cc62a474002df32e52139f0a0n,
} as const

/** The 16 ASCII bytes used when nothing else is agreed. Always passed explicitly: libraries disagree about their default. */
export const SM2_DEFAULT_ID = Buffer.from('1234567812345678', 'latin1')

export function bytesToInt(bytes: Uint8Array): bigint {
  return bytes.length === 0 ? 0n : BigInt(`0x${Buffer.from(bytes).toString('hex')}`)
}

/** 32 bytes big-endian. */
export function intToBytes(value: bigint): Buffer {
  return Buffer.from(value.toString(16).padStart(64, '0'), 'hex')
}

/** Inverse modulo n by Fermat: n is prime, and the sequence of operations does not depend on the value. */
export function inverseModN(value: bigint): bigint {
  const { n } = SM2_CURVE
  let result = 1n
  let base = modN(value)
  for (let exponent = n - 2n; exponent > 0n; exponent >>= 1n) {
    if (exponent & 1n) result = (result * base) % n
    base = (base * base) % n
  }
  return result
}

export function modN(value: bigint): bigint {
  const rest = value % SM2_CURVE.n
  return rest < 0n ? rest + SM2_CURVE.n : rest
}

/** Is this an uncompressed point (04 || x || y, 65 bytes) on the curve, coordinates below p? Infinity has no such form. */
export function isCurvePoint(point: Uint8Array): boolean {
  if (point.length !== 65 || point[0] !== 4) return false
  const { p, a, b } = SM2_CURVE
  const x = bytesToInt(point.subarray(1, 33))
  const y = bytesToInt(point.subarray(33))
  if (x >= p || y >= p) return false
  return (y * y - (x * x * x + a * x + b)) % p === 0n
}

/** Private keys lie in [1, n - 2] (GB/T 32918.1). */
export function isPrivateScalar(d: Uint8Array): boolean {
  if (d.length !== 32) return false
  const value = bytesToInt(d)
  return value >= 1n && value <= SM2_CURVE.n - 2n
}

const FIXED_PART = Buffer.concat([SM2_CURVE.a, SM2_CURVE.b, SM2_CURVE.gx, SM2_CURVE.gy].map(intToBytes))

/**
 * Z = SM3(ENTL || ID || a || b || Gx || Gy || Px || Py), GB/T 32918.2.
 * @throws RangeError when the ID has more than 8191 bytes (ENTL counts bits in 2 bytes)
 */
export function zValue(publicKey: Uint8Array, id: Uint8Array): Buffer {
  if (id.length > 8191) throw new RangeError('user ID longer than 8191 bytes')
  const entl = Buffer.alloc(2)
  entl.writeUInt16BE(id.length * 8)
  return sm3(entl, id, FIXED_PART, publicKey.subarray(1))
}
