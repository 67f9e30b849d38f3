import fc from 'fast-check'
import { ENGINE_NAMES, chooseEngine, createEngine } from './sm2/choose.js'
import { decodeCiphertext, encodeCiphertext } from './sm2/ciphertext.js'
import { SM2_CURVE, SM2_DEFAULT_ID, intToBytes } from './sm2/curve.js'
import { createOpenSslEngine } from './sm2/openssl/engine.js'
import { liveNativeObjects } from './sm2/openssl/native.js'
import { signatureFromDer, signatureToDer } from './sm2/signature-encoding.js'
import { privateKeyFromPem, privateKeyToPem, publicKeyFromPem, publicKeyToPem } from './sm2/key-formats.js'

const ID = SM2_DEFAULT_ID
const text = Buffer.from('three phases')

describe.each(ENGINE_NAMES)('engine %s', (name) => {
  const engine = createEngine(name)
  afterAll(() => engine.close())
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
})

describe('strict DER of signatures', () => {
  it('round trips any r and s and accepts no other bytes for them', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 64, maxLength: 64 }), fc.nat(80), fc.integer({ min: 1, max: 255 }), (raw, at, flip) => {
        const der = signatureToDer(raw)
        expect(signatureFromDer(der)).toEqual(Buffer.from(raw))
        const changed = Buffer.from(der)
        const index = at % der.length
        changed[index] = (changed[index] ?? 0) ^ flip
        const back = signatureFromDer(changed)
        if (back) expect(signatureToDer(back)).toEqual(changed)
      }),
    )
  })
  it.each([
    ['negative r', '3006020180020101'],
    ['long-form length', '308106020101020101'],
    ['indefinite', '3080020101020101'],
    ['extra element', '3009020101020101020101'],
    ['empty integer', '30050200020101'],
    ['33 bytes', `3026022101${'00'.repeat(32)}020101`],
  ])('refuses %s', (_n, hex) => expect(signatureFromDer(Buffer.from(hex, 'hex'))).toBeUndefined())
})

describe('native objects', () => {
  it('are all freed, after successes, refusals, evictions and floods alike', async () => {
    const before = liveNativeObjects()
    const engine = createOpenSslEngine({ cachedKeys: 2, concurrency: 3 })
    const pairs = await Promise.all(Array.from({ length: 5 }, () => engine.generateKeyPair()))
    await Promise.all(
      pairs.flatMap(({ privateKey, publicKey }) =>
        Array.from({ length: 4 }, async () => {
          const signature = await engine.sign(privateKey, ID, text)
          expect(await engine.verify(publicKey, ID, text, signature)).toBe(true)
          expect(await engine.verify(publicKey, ID, Buffer.of(1), signature)).toBe(false)
          await engine.multiply(privateKey, Buffer.alloc(65)).catch(() => undefined)
        }),
      ),
    )
    engine.close()
    expect(liveNativeObjects()).toBe(before)
  })
})

describe('chooseEngine', () => {
  it('takes OpenSSL and gives no reason', async () => {
    const { engine, reason } = await chooseEngine()
    expect([engine.name, reason]).toEqual(['openssl', ''])
  })

  it('falls back with the reason when the first does not load or fails a known answer', async () => {
    const { engine, reason } = await chooseEngine(['openssl', 'noble'], (name) => {
      if (name === 'openssl') throw new Error('symbol EVP_sm3 missing')
      return createEngine(name)
    })
    expect([engine.name, reason]).toEqual(['noble', 'openssl: symbol EVP_sm3 missing'])
    const lying = await chooseEngine(['openssl', 'noble'], (name) =>
      name === 'openssl' ? { ...createEngine('noble'), verify: async () => true } : createEngine(name),
    )
    expect(lying.reason).toContain('user ID ignored')
  })

  it('throws with every reason when none is left', async () => {
    await expect(
      chooseEngine(['openssl'], () => {
        throw new Error('gone')
      }),
    ).rejects.toThrow('openssl: gone')
  })
})
