import { randomBytes } from 'node:crypto'
import { authFailed } from '../../failure.js'
import { sm3 } from '../../sm3.js'
import { isCurvePoint, isPrivateScalar } from '../curve.js'
import type { Sm2Core, Sm2Engine } from '../engine.js'
import { completeEngine, isMultiplier } from '../engine-operations.js'
import type { Random } from '../engine-operations.js'
import { privateKeyToPkcs8Der, publicKeyToSpkiDer } from '../key-formats.js'
import { signatureInRange } from '../signature.js'
import { signatureFromDer, signatureToDer } from '../signature-encoding.js'
import { createKeyCache } from './key-cache.js'
import { counted, countedFree, createGate, onPool, withScope } from './native.js'
import type { Gate, Scope } from './native.js'
import { bindOpenSsl } from './symbols.js'
import type { OpenSsl, Pointer } from './symbols.js'

const UNCOMPRESSED = 4
const MAX_DER_SIGNATURE = 72
/** An empty ID still needs a pointer that is not NULL. */
const EMPTY_ID = Buffer.alloc(1)

export interface OpenSslEngineOptions {
  random?: Random
  /** Parsed keys kept, each of a few kilobytes. */
  cachedKeys?: number
  /** Slow calls running or queued in the native pool at a time; koffi keeps memory for 8 and allocates 256 KiB for each further one. */
  concurrency?: number
}

/**
 * The OpenSSL inside the Node process through FFI: the speed of `openssl speed sm2`, any user ID. The slow call runs
 * on a thread of the native pool, so the event loop stays free.
 * @throws Error when Node exports no such symbols here
 */
export function createOpenSslEngine({ random = randomBytes, cachedKeys = 4096, concurrency = 8 }: OpenSslEngineOptions = {}): Sm2Engine {
  const ssl = bindOpenSsl()
  const gate = createGate(concurrency)
  const privateKeys = createKeyCache(ssl, cachedKeys)
  const publicKeys = createKeyCache(ssl, cachedKeys)
  const curve = ssl.curveId('SM2')
  const group = counted(curve === 0 ? null : ssl.groupNew(curve))
  const points = createPoints(ssl, group, gate)

  /** A digest context bound to key and ID. The ID goes in before Init: later it would be ignored. */
  const contextFor = (scope: Scope, key: Pointer, id: Uint8Array): Pointer => {
    const keyContext = scope.own(ssl.keyContextNew(key, null), ssl.keyContextFree)
    if (ssl.keyContextSetId(keyContext, id.length === 0 ? EMPTY_ID : id, id.length) !== 1) throw new RangeError('user ID refused')
    const context = scope.own(ssl.digestContextNew(), ssl.digestContextFree)
    ssl.digestContextSetKeyContext(context, keyContext)
    return context
  }

  const core: Sm2Core = {
    name: 'openssl',
    async sign(privateKey, id, message) {
      // The cache is named by a hash, so that no copy of the key lives on as a string.
      const key = privateKeys.borrow(sm3(privateKey).toString('latin1'), () => {
        if (!isPrivateScalar(privateKey)) throw new RangeError('not an SM2 private key')
        const der = privateKeyToPkcs8Der(privateKey, points.multiplyNow(privateKey))
        const pointer = ssl.privateKeyFromDer(null, [der], der.length)
        der.fill(0)
        return pointer
      })
      const work = (): Promise<Buffer> =>
        withScope(ssl, async (scope) => {
          const context = contextFor(scope, key, id)
          if (ssl.signInit(context, null, ssl.sm3(), null, key) !== 1) throw new Error('SM2 signing could not start')
          const out = Buffer.alloc(MAX_DER_SIGNATURE)
          const length: [number | bigint] = [out.length]
          const ok = await onPool<number>((done) => ssl.sign.async(context, out, length, message, message.length, done), out, length, message)
          const raw = ok === 1 ? signatureFromDer(out.subarray(0, Number(length[0]))) : undefined
          if (!raw) throw new Error('SM2 signing failed')
          return raw
        })
      return gate(work).finally(() => privateKeys.giveBack(key))
    },
    async verify(publicKey, id, message, signature) {
      if (!signatureInRange(signature)) return false
      const name = Buffer.from(publicKey.buffer, publicKey.byteOffset, publicKey.length).toString('latin1')
      // A key in the cache was a point of the curve when it came in.
      if (!publicKeys.has(name) && !isCurvePoint(publicKey)) return false
      const key = publicKeys.borrow(name, () => {
        const der = publicKeyToSpkiDer(publicKey)
        return ssl.publicKeyFromDer(null, [der], der.length)
      })
      const der = signatureToDer(signature)
      const work = (): Promise<boolean> =>
        withScope(ssl, async (scope) => {
          const context = contextFor(scope, key, id)
          if (ssl.verifyInit(context, null, ssl.sm3(), null, key) !== 1) throw new Error('SM2 verification could not start')
          return (await onPool<number>((done) => ssl.verify.async(context, der, der.length, message, message.length, done), der, message)) === 1
        })
      return gate(work).finally(() => publicKeys.giveBack(key))
    },
    multiply: points.multiply,
    add: points.add,
    close() {
      privateKeys.clear()
      publicKeys.clear()
      countedFree(group, ssl.groupFree)
    },
  }
  return completeEngine(core, random)
}

/** Point arithmetic; inputs are judged before they reach the library. */
function createPoints(ssl: OpenSsl, group: Pointer, gate: Gate) {
  const load = (scope: Scope, bytes: Uint8Array): Pointer => {
    if (!isCurvePoint(bytes)) throw authFailed()
    const point = scope.own(ssl.pointNew(group), ssl.pointFree)
    if (ssl.pointFromBytes(group, point, bytes, bytes.length, null) !== 1) throw authFailed()
    return point
  }
  /** Infinity encodes to a single byte and is refused. */
  const store = (point: Pointer): Buffer => {
    const out = Buffer.alloc(65)
    if (Number(ssl.pointToBytes(group, point, UNCOMPRESSED, out, out.length, null)) !== 65) throw authFailed()
    return out
  }
  const scalarOf = (scope: Scope, bytes: Uint8Array): Pointer => {
    if (!isMultiplier(bytes)) throw authFailed()
    return scope.own(ssl.numberFromBytes(bytes, bytes.length, null), ssl.numberClearFree)
  }
  return {
    multiply: (scalar: Uint8Array, point?: Uint8Array): Promise<Buffer> =>
      withScope(ssl, async (scope) => {
        const k = scalarOf(scope, scalar)
        const from = point ? load(scope, point) : null
        const result = scope.own(ssl.pointNew(group), ssl.pointFree)
        const ok = await gate(() =>
          onPool<number>((done) =>
            from === null
              ? ssl.pointMultiply.async(group, result, k, null, null, null, done)
              : ssl.pointMultiply.async(group, result, null, from, k, null, done),
          ),
        )
        if (ok !== 1) throw authFailed()
        return store(result)
      }),
    /** scalar * G on this thread: only when a key is first parsed. */
    multiplyNow(scalar: Uint8Array): Buffer {
      const k = counted(ssl.numberFromBytes(scalar, scalar.length, null))
      const result = counted(ssl.pointNew(group))
      try {
        if (ssl.pointMultiply(group, result, k, null, null, null) !== 1) throw authFailed()
        return store(result)
      } finally {
        countedFree(result, ssl.pointFree)
        countedFree(k, ssl.numberClearFree)
      }
    },
    add: (a: Uint8Array, b: Uint8Array): Promise<Buffer> =>
      withScope(ssl, async (scope) => {
        const result = scope.own(ssl.pointNew(group), ssl.pointFree)
        if (ssl.pointAdd(group, result, load(scope, a), load(scope, b), null) !== 1) throw authFailed()
        return store(result)
      }),
  }
}
