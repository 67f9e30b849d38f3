import fc from 'fast-check'
import { chooseEngine, createEngine } from './choose.js'
import { signatureFromDer, signatureToDer } from './signature-encoding.js'

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
