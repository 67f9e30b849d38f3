import { randomBytes } from 'node:crypto'
import { SM2_DEFAULT_ID, equalBytes, messageDigest, sm4CbcMac, sm4EcbEncrypt } from '@zhuzhan/gm-crypto'
import type { Sm2Engine } from '@zhuzhan/gm-crypto'
import type { CipherName } from '../provider.js'
import { SdfFailure, isUnsupported } from './library/return-codes.js'
import type { SdfModel } from './model.js'
import type { KeySource, SdfSession } from './session.js'

export interface Examination {
  /** Public keys by index, as the device gives them. */
  publicKeys: ReadonlyMap<number, Buffer>
  ciphers: readonly CipherName[]
  /** False when the device could not be asked for a key whose value we know, so that its SM4 is believed, not proven. */
  proven: boolean
}

export interface ExamineOptions {
  model: SdfModel
  engine: Sm2Engine
  /** SM2 indexes in use. */
  indexes: readonly number[]
  /** The index that agrees keys. */
  agreement: number
  /** A KEK for throw-away keys; `undefined` where no wrapped keys are used. */
  kek: number | undefined
  /** What an earlier examination found: another device, or another key at an index, is not accepted in its place. */
  expected: ReadonlyMap<number, Buffer> | undefined
  /** Root and working keys that must load. */
  keys: ReadonlyMap<string, KeySource>
}

/**
 * Is it our device, and does it compute what it should? The software engine judges: SM2 by verifying, SM4 on a key whose
 * value the device tells under an SM2 key of ours. Wrong ids and wrong structures are found here, not by a meter that does
 * not understand its station.
 * @throws SdfFailure naming what differs
 */
export async function examine(session: SdfSession, options: ExamineOptions): Promise<Examination> {
  const publicKeys = new Map<number, Buffer>()
  for (const index of options.indexes) publicKeys.set(index, await examinePair(session, index, options))
  const agreeing = await session.publicKey(options.agreement, options.model.agreementPair)
  // A meter pins one station certificate, so the key that signs and the key that agrees must be the same one.
  if (!publicKeys.get(options.agreement)?.equals(agreeing)) throw differs(`the pairs at index ${options.agreement}`)
  const { ciphers, proven } = await examineCiphers(session, options)
  for (const [name, source] of options.keys) await session.key(name, source)
  return { publicKeys, ciphers, proven }
}

async function examinePair(session: SdfSession, index: number, { engine, expected }: ExamineOptions): Promise<Buffer> {
  const publicKey = await session.publicKey(index, 'signing')
  if (expected && !expected.get(index)?.equals(publicKey)) throw differs(`the key at index ${index}`)
  const message = randomBytes(32)
  const e = messageDigest(publicKey, SM2_DEFAULT_ID, message)
  const signature = await session.sign(index, e)
  if (!(await engine.verify(publicKey, SM2_DEFAULT_ID, message, signature))) throw differs('its signature')
  if (!(await session.verify(publicKey, e, signature))) throw differs('its verification')
  e[0] = (e[0] ?? 0) ^ 1
  if (await session.verify(publicKey, e, signature)) throw differs('its verification')
  return publicKey
}

async function examineCiphers(session: SdfSession, { model, engine, kek }: ExamineOptions): Promise<{ ciphers: CipherName[]; proven: boolean }> {
  const own = await engine.generateKeyPair()
  const known = await session.newKeyFor(own.publicKey).catch(orUndefined)
  const handle = known?.handle ?? (kek === undefined ? undefined : (await session.newWrappedKey(kek).catch(orUndefined))?.handle)
  if (handle === undefined) return { ciphers: ['SM4'], proven: false }
  try {
    if (known) {
      const key = await engine.decrypt(own.privateKey, known.wrapped).catch(() => undefined)
      if (key?.length !== 16) throw differs('its SM2 encryption')
      await compare(session, handle, key)
    }
    const ciphers: CipherName[] = []
    for (const name of Object.keys(model.ciphers) as CipherName[]) if (await offers(session, handle, name, model)) ciphers.push(name)
    if (!ciphers.includes('SM4')) throw differs('its SM4')
    return { ciphers, proven: known !== undefined }
  } finally {
    own.privateKey.fill(0)
    await session.destroyKey(handle)
  }
}

async function compare(session: SdfSession, handle: bigint, key: Buffer): Promise<void> {
  const data = randomBytes(64)
  const block = data.subarray(0, 16)
  const sealed = await session.cipher(handle, { algorithm: 'SM4', mode: 'ecb', data: block })
  const mac = await session.cipher(handle, { algorithm: 'SM4', mode: 'mac', data })
  const right = equalBytes(sealed, sm4EcbEncrypt(key, block)) && equalBytes(mac, sm4CbcMac(key, data))
  key.fill(0)
  if (!right) throw differs('its SM4')
}

async function offers(session: SdfSession, handle: bigint, algorithm: CipherName, model: SdfModel): Promise<boolean> {
  const data = Buffer.alloc(model.ciphers[algorithm]?.block ?? 16)
  try {
    const there = await session.cipher(handle, { algorithm, mode: 'ecb', data })
    return (await session.cipher(handle, { algorithm, mode: 'ecb', decrypt: true, data: there })).equals(data)
  } catch (error) {
    if (error instanceof SdfFailure && error.kind === 'refused') return false
    throw error
  }
}

function orUndefined(error: unknown): undefined {
  if (isUnsupported(error)) return undefined
  throw error
}

function differs(what: string): SdfFailure {
  return new SdfFailure('device', 'examination', `${what} is not what it should be`)
}
