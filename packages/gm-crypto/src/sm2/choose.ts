import { sm3 } from '../sm3.js'
import { sm4EcbEncrypt } from '../sm4/block.js'
import { SM2_DEFAULT_ID } from './curve.js'
import type { Sm2Engine } from './engine.js'
import { createNobleEngine } from './noble-engine.js'
import { createOpenSslEngine } from './openssl/engine.js'

export type EngineName = 'openssl' | 'noble'
export const ENGINE_NAMES: readonly EngineName[] = ['openssl', 'noble']

export interface EngineChoice {
  engine: Sm2Engine
  /** Why an engine earlier in the list does not run; empty when the first one does. */
  reason: string
}

const hex = (text: string): Buffer => Buffer.from(text, 'hex')

/** Annex A and C of GB/T 32918.5, message "message digest" and its published signature. */
const KNOWN = {
  privateKey: hex('3945208f7b2144b13f36e38ac6d39f95889393692860b51a42fb81ef4df7c5b8'),
  publicKey: hex(
    '0409f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13',
  ),
  message: Buffer.from('message digest'),
  signature: hex(
    'f5a03b0648d2c4630eeac513e1bb81a15944da3827d5b74143ac7eaceee720b3b1b6aa29df212fd8763182bc0d421ca1bb9038fd1f7f42d4840b69c485bbc1aa',
  ),
}

/** Known answers of SM3 and SM4 in this process. @throws Error naming the primitive that fails */
export function hashAndCipherSelfTest(): void {
  if (sm3(Buffer.from('abc')).toString('hex') !== '66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0')
    throw new Error('SM3 known answer')
  const key = hex('0123456789abcdeffedcba9876543210')
  if (sm4EcbEncrypt(key, key).toString('hex') !== '681edf34d206965e86b3e94f536e4246') throw new Error('SM4 known answer')
}

/** Known answers and a live round trip of one engine. @throws Error naming the part that fails */
export async function engineSelfTest(engine: Sm2Engine): Promise<void> {
  const { privateKey, publicKey, message, signature } = KNOWN
  const fail = (part: string): never => {
    throw new Error(`SM2 ${engine.name}: ${part}`)
  }
  if (!(await engine.publicKeyOf(privateKey)).equals(publicKey)) fail('public key')
  if (!(await engine.verify(publicKey, SM2_DEFAULT_ID, message, signature))) fail('known signature refused')
  if (await engine.verify(publicKey, Buffer.alloc(0), message, signature)) fail('user ID ignored')
  const own = await engine.sign(privateKey, SM2_DEFAULT_ID, message)
  if (!(await engine.verify(publicKey, SM2_DEFAULT_ID, message, own))) fail('own signature refused')
  const forged = Buffer.from(own)
  forged[40] = (forged[40] ?? 0) ^ 1
  if (await engine.verify(publicKey, SM2_DEFAULT_ID, message, forged)) fail('changed signature accepted')
  const text = await engine.decrypt(privateKey, await engine.encrypt(publicKey, message))
  if (!text.equals(message)) fail('encryption round trip')
}

export function createEngine(name: EngineName): Sm2Engine {
  return name === 'openssl' ? createOpenSslEngine() : createNobleEngine()
}

/**
 * The first engine of the list that loads and passes its known-answer tests.
 * @throws Error with every reason when none does, or when SM3/SM4 themselves fail
 */
export async function chooseEngine(
  order: readonly EngineName[] = ENGINE_NAMES,
  create: (name: EngineName) => Sm2Engine = createEngine,
): Promise<EngineChoice> {
  hashAndCipherSelfTest()
  const reasons: string[] = []
  for (const name of order) {
    try {
      const engine = create(name)
      await engineSelfTest(engine)
      return { engine, reason: reasons.join('; ') }
    } catch (error) {
      reasons.push(`${name}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  throw new Error(`no SM2 engine passes its known-answer tests: ${reasons.join('; ')}`)
}
