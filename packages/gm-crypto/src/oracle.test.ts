import { randomBytes } from 'node:crypto'
import { createRequire } from 'node:module'
import fc from 'fast-check'
import { decodeCiphertext, encodeCiphertext } from './sm2/ciphertext.js'
import { ENGINE_NAMES, createEngine } from './sm2/choose.js'
import { SM2_DEFAULT_ID } from './sm2/curve.js'
import type { Sm2Engine } from './sm2/engine.js'
import { sm3 } from './sm3.js'
import { sm4CbcEncrypt } from './sm4/block.js'

/** sm-crypto as an independent oracle. It takes hex or number arrays and has no `04` prefix on ciphertexts. */
const {
  sm2,
  sm3: oracleSm3,
  sm4: oracleSm4,
} = createRequire(import.meta.url)('sm-crypto') as {
  sm2: {
    doSignature(m: number[], d: string, o: object): string
    doVerifySignature(m: number[], s: string, p: string, o: object): boolean
    doEncrypt(m: number[], p: string, order: 0 | 1): string
    doDecrypt(c: string, d: string, order: 0 | 1, o: object): number[]
  }
  sm3(m: number[]): string
  sm4: { encrypt(m: number[], key: number[], o: object): string }
}
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

describe.each(ENGINE_NAMES)('%s against sm-crypto', (name) => {
  let engine: Sm2Engine
  beforeAll(() => {
    engine = createEngine(name)
  })
  afterAll(() => engine.close())

  it.each([
    ['default', SM2_DEFAULT_ID.toString()],
    ['other', 'ALICE123@YAHOO.COM'],
  ])('signs and verifies both ways with the %s id', async (_n, userId) => {
    const { privateKey, publicKey } = await engine.generateKeyPair()
    for (let i = 0; i < 3; i++) {
      const message = randomBytes(i * 37)
      const options = { hash: true, publicKey: hex(publicKey), userId }
      const theirs = sm2.doSignature([...message], hex(privateKey), options)
      expect(await engine.verify(publicKey, Buffer.from(userId), message, Buffer.from(theirs, 'hex'))).toBe(true)
      const ours = await engine.sign(privateKey, Buffer.from(userId), message)
      expect(sm2.doVerifySignature([...message], hex(ours), hex(publicKey), options)).toBe(true)
    }
  })

  it.each([
    ['c1c3c2', 1],
    ['c1c2c3', 0],
  ] as const)('encrypts and decrypts both ways in order %s', async (order, flag) => {
    const { privateKey, publicKey } = await engine.generateKeyPair()
    const message = randomBytes(50)
    const ours = encodeCiphertext(await engine.encrypt(publicKey, message), order)
    expect(Buffer.from(sm2.doDecrypt(hex(ours).slice(2), hex(privateKey), flag, { output: 'array' }))).toEqual(message)
    const theirs = Buffer.from(`04${sm2.doEncrypt([...message], hex(publicKey), flag)}`, 'hex')
    expect(await engine.decrypt(privateKey, decodeCiphertext(theirs, order))).toEqual(message)
  })
})

it('SM3 and SM4-CBC equal the oracle for any input', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.uint8Array({ minLength: 16, maxLength: 16 }), (message, key) => {
      expect(hex(sm3(message))).toBe(oracleSm3([...message]))
      const theirs = oracleSm4.encrypt([...message], [...key], { mode: 'cbc', iv: hex(key), padding: 'pkcs#7' })
      expect(hex(sm4CbcEncrypt(key, key, message, 'pkcs7'))).toBe(theirs)
    }),
    { numRuns: 40 },
  )
})
