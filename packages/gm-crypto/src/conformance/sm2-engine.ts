import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { decodeCiphertext, encodeCiphertext } from '../sm2/ciphertext.js'
import { SM2_CURVE, SM2_DEFAULT_ID, intToBytes } from '../sm2/curve.js'
import type { Sm2Engine } from '../sm2/engine.js'
import { privateKeyFromPem, privateKeyToPem, publicKeyFromPem, publicKeyToPem } from '../sm2/key-formats.js'
import { ASYMMETRIC_CHECKS } from '../vectors/asymmetric.js'
import type { VectorCase } from '../vectors/case.js'
import { judgeCase } from '../vectors/judge.js'
import { hex, oracle } from './oracle.js'

const ID = SM2_DEFAULT_ID
const text = Buffer.from('three phases')
/** Source of the vectors: see vectors/README.md. */
const vectors = JSON.parse(readFileSync(new URL('../../vectors/vectors-sm.json', import.meta.url), 'utf8')) as Record<string, VectorCase[]>

/** What every SM2 engine must do. `others` are engines it must understand and be understood by. */
export function sm2EngineConformance(create: () => Sm2Engine, others: Readonly<Record<string, () => Sm2Engine>>): void {
  let engine: Sm2Engine
  beforeAll(() => {
    engine = create()
  })
  afterAll(() => engine.close())

  describe.each(Object.entries(ASYMMETRIC_CHECKS))('vectors: %s', (section, check) => {
    it.each((vectors[section] ?? []).map((c) => [String(c['id']), c] as const))('%s', async (_id, c) => {
      expect(await judgeCase(check, c, engine)).toBeUndefined()
    })
  })

  const bad = {
    'off the curve': Buffer.concat([Buffer.of(4), intToBytes(SM2_CURVE.gx), intToBytes(SM2_CURVE.gy + 1n)]),
    'x = p': Buffer.concat([Buffer.of(4), intToBytes(SM2_CURVE.p), intToBytes(SM2_CURVE.gy)]),
    // (0, 0) is the usual stand-in for infinity and lies on no curve with b != 0
    'zero point': Buffer.concat([Buffer.of(4), Buffer.alloc(64)]),
    'compressed form': Buffer.concat([Buffer.of(2), intToBytes(SM2_CURVE.gx)]),
    'one byte short': Buffer.alloc(64, 4),
    empty: Buffer.alloc(0),
  }

  it.each(Object.entries(bad))('refuses a point %s everywhere', async (_n, point) => {
    const pair = await engine.generateKeyPair()
    const signature = await engine.sign(pair.privateKey, ID, text)
    expect(await engine.verify(point, ID, text, signature)).toBe(false)
    await expect(engine.multiply(pair.privateKey, point)).rejects.toMatchObject({ code: 'AUTH_FAILED' })
    await expect(engine.add(pair.publicKey, point)).rejects.toMatchObject({ code: 'AUTH_FAILED' })
    await expect(engine.encrypt(point, text)).rejects.toMatchObject({ code: 'AUTH_FAILED' })
    const exchange = { initiator: true, keyLength: 16, own: { ...pair, id: ID, ephemeral: pair } }
    await expect(engine.agree({ ...exchange, peer: { publicKey: pair.publicKey, id: ID, ephemeral: point } })).rejects.toMatchObject({
      code: 'AUTH_FAILED',
    })
    await expect(engine.agree({ ...exchange, peer: { publicKey: point, id: ID, ephemeral: pair.publicKey } })).rejects.toMatchObject({
      code: 'AUTH_FAILED',
    })
  })

  it('refuses infinity as a result and scalars outside 1 .. n-1', async () => {
    const { privateKey, publicKey } = await engine.generateKeyPair()
    const minus = await engine.multiply(intToBytes(SM2_CURVE.n - BigInt(`0x${privateKey.toString('hex')}`)))
    await expect(engine.add(publicKey, minus)).rejects.toMatchObject({ code: 'AUTH_FAILED' })
    for (const scalar of [Buffer.alloc(32), intToBytes(SM2_CURVE.n), Buffer.alloc(31, 1)]) {
      await expect(engine.multiply(scalar)).rejects.toMatchObject({ code: 'AUTH_FAILED' })
    }
    await expect(engine.sign(intToBytes(SM2_CURVE.n - 1n), ID, text)).rejects.toThrow(RangeError)
  })

  it('adds equal points (doubling) as multiplication by two', async () => {
    const { publicKey } = await engine.generateKeyPair()
    expect(await engine.add(publicKey, publicKey)).toEqual(await engine.multiply(intToBytes(2n), publicKey))
  })

  it('never signs the same message twice alike', async () => {
    const { privateKey } = await engine.generateKeyPair()
    expect(await engine.sign(privateKey, ID, text)).not.toEqual(await engine.sign(privateKey, ID, text))
  })

  it('refuses a ciphertext with any byte changed, with one error', async () => {
    const pair = await engine.generateKeyPair()
    const whole = encodeCiphertext(await engine.encrypt(pair.publicKey, text), 'asn1')
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), async (at, flip) => {
        const changed = Buffer.from(whole)
        changed[at] = (changed[at] ?? 0) ^ flip
        await expect((async () => engine.decrypt(pair.privateKey, decodeCiphertext(changed, 'asn1')))()).rejects.toMatchObject({
          code: 'AUTH_FAILED',
        })
      }),
      { numRuns: 25 },
    )
    await expect(
      (async () => engine.decrypt(pair.privateKey, decodeCiphertext(Buffer.concat([whole, Buffer.of(0)]), 'asn1')))(),
    ).rejects.toMatchObject({ code: 'AUTH_FAILED' })
  }, 30_000)

  it('agrees the same key on both sides and another with another id', async () => {
    const [a, b, ra, rb] = await Promise.all([1, 2, 3, 4].map(() => engine.generateKeyPair()))
    if (!a || !b || !ra || !rb) throw new Error('no pairs')
    const run = (initiator: boolean, idB: string) =>
      engine.agree(
        initiator
          ? {
              initiator,
              keyLength: 32,
              own: { ...a, id: Buffer.from('A'), ephemeral: ra },
              peer: { publicKey: b.publicKey, id: Buffer.from(idB), ephemeral: rb.publicKey },
            }
          : {
              initiator,
              keyLength: 32,
              own: { ...b, id: Buffer.from(idB), ephemeral: rb },
              peer: { publicKey: a.publicKey, id: Buffer.from('A'), ephemeral: ra.publicKey },
            },
      )
    expect(await run(true, 'B')).toEqual(await run(false, 'B'))
    expect((await run(true, 'C')).key).not.toEqual((await run(false, 'B')).key)
  })

  it('keeps keys through PEM', async () => {
    const { privateKey, publicKey } = await engine.generateKeyPair()
    expect(privateKeyFromPem(privateKeyToPem(privateKey, publicKey))).toEqual(privateKey)
    expect(publicKeyFromPem(publicKeyToPem(publicKey))).toEqual(publicKey)
    expect(() => publicKeyFromPem(privateKeyToPem(privateKey, publicKey))).toThrow(RangeError)
  })

  it.each(Object.entries(others))('is understood by %s, and understands it', async (_name, createOther) => {
    const other = createOther()
    for (let i = 0; i < 3; i++) {
      const { privateKey, publicKey } = await engine.generateKeyPair()
      expect(await other.publicKeyOf(privateKey)).toEqual(publicKey)
      for (const id of [ID, Buffer.alloc(0), randomBytes(40)]) {
        const message = randomBytes(i * 50)
        expect(await other.verify(publicKey, id, message, await engine.sign(privateKey, id, message))).toBe(true)
        expect(await engine.verify(publicKey, id, message, await other.sign(privateKey, id, message))).toBe(true)
        expect(await engine.verify(publicKey, Buffer.from('another'), message, await other.sign(privateKey, id, message))).toBe(false)
      }
      const message = randomBytes(60)
      expect(await other.decrypt(privateKey, await engine.encrypt(publicKey, message))).toEqual(message)
      expect(await engine.decrypt(privateKey, await other.encrypt(publicKey, message))).toEqual(message)
    }
    other.close()
  })

  it.each([
    ['default', SM2_DEFAULT_ID.toString()],
    ['other', 'ALICE123@YAHOO.COM'],
  ])('signs and verifies both ways with sm-crypto and the %s id', async (_n, userId) => {
    const { privateKey, publicKey } = await engine.generateKeyPair()
    for (let i = 0; i < 3; i++) {
      const message = randomBytes(i * 37)
      const options = { hash: true, publicKey: hex(publicKey), userId }
      const theirs = oracle.sm2.doSignature([...message], hex(privateKey), options)
      expect(await engine.verify(publicKey, Buffer.from(userId), message, Buffer.from(theirs, 'hex'))).toBe(true)
      const ours = await engine.sign(privateKey, Buffer.from(userId), message)
      expect(oracle.sm2.doVerifySignature([...message], hex(ours), hex(publicKey), options)).toBe(true)
    }
  })

  it.each([
    ['c1c3c2', 1],
    ['c1c2c3', 0],
  ] as const)('encrypts and decrypts both ways with sm-crypto in order %s', async (order, flag) => {
    const { privateKey, publicKey } = await engine.generateKeyPair()
    const message = randomBytes(50)
    const ours = encodeCiphertext(await engine.encrypt(publicKey, message), order)
    expect(Buffer.from(oracle.sm2.doDecrypt(hex(ours).slice(2), hex(privateKey), flag, { output: 'array' }))).toEqual(message)
    const theirs = Buffer.from(`04${oracle.sm2.doEncrypt([...message], hex(publicKey), flag)}`, 'hex')
    expect(await engine.decrypt(privateKey, decodeCiphertext(theirs, order))).toEqual(message)
  })
}
