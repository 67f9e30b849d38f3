import fc from 'fast-check'
import { FROM, NOW, REFUSED, TO, authority, leafOf } from '../conformance/laboratory.js'
import type { Authority } from '../conformance/laboratory.js'
import { createEngine } from '../sm2/choose.js'
import { SM2_DEFAULT_ID } from '../sm2/curve.js'
import { certificateToPem, parseCertificate } from './certificate.js'
import type { Sm2Certificate } from './certificate.js'
import { issueCertificate } from './issue.js'
import { findChains, verifyChain } from './verify.js'

const engine = createEngine('openssl')
afterAll(() => engine.close())

let root: Authority
let middle: Authority
let leaf: Sm2Certificate
beforeAll(async () => {
  root = await authority(engine, 'Root')
  middle = await authority(engine, 'Device CA', { pathLength: 0 }, root)
  leaf = await leafOf(engine, middle)
})

const check = (chain: readonly Sm2Certificate[], at: number | undefined = NOW, options = {}) => verifyChain(engine, chain, at, options)
const refusedAt = (depth: number, why: string) => ({ code: 'AUTH_FAILED', message: expect.stringContaining(why), context: { depth } })

describe('a certificate', () => {
  it('is written as it is read', async () => {
    const { publicKey } = await engine.generateKeyPair()
    const order = { commonName: 'OSP1-D-0000259689583757', publicKey, serial: Buffer.of(0x80), notBefore: FROM, notAfter: TO, ca: false }
    const der = await issueCertificate(engine, root.issuer, { ...order, usages: ['digitalSignature', 'keyAgreement'] })
    expect(parseCertificate(certificateToPem({ der }))).toMatchObject({
      der,
      serial: '80',
      commonNames: ['OSP1-D-0000259689583757'],
      issuer: root.certificate.subject,
      notBefore: FROM,
      notAfter: TO,
      publicKey,
      unknownCritical: [],
      keyUsage: { usages: ['digitalSignature', 'keyAgreement'], critical: true },
      basicConstraints: { ca: false, critical: true },
      authorityKeyId: { keyId: root.certificate.subjectKeyId },
    })
  })
})

describe('a chain', () => {
  it('holds under its root, with and without a clock', async () => {
    await expect(check([leaf, middle.certificate, root.certificate])).resolves.toBeUndefined()
    await expect(check([leaf, middle.certificate, root.certificate], undefined)).resolves.toBeUndefined()
    await expect(check([leaf, middle.certificate, root.certificate], NOW, { usage: 'digitalSignature' })).resolves.toBeUndefined()
  })

  it('is judged at every link, not at the leaf alone', async () => {
    // Mutation seen failing: with the loop over the first certificate only, the last four are accepted.
    const { privateKey, publicKey } = root.issuer
    const twin = await authority(engine, 'Root')
    await expect(check([leaf])).rejects.toMatchObject(refusedAt(0, 'no issuer'))
    await expect(check([])).rejects.toMatchObject(REFUSED)
    await expect(check([leaf, root.certificate])).rejects.toMatchObject(refusedAt(0, 'issuer name'))
    await expect(check([leaf, middle.certificate, twin.certificate])).rejects.toMatchObject(refusedAt(1, 'another key'))
    const old = await authority(engine, 'Device CA', { notAfter: FROM + 1000, pathLength: 0 }, root, middle.issuer as never)
    await expect(check([leaf, old.certificate, root.certificate])).rejects.toMatchObject(refusedAt(1, 'validity'))
    const oldRoot = await authority(engine, 'Root', { notAfter: FROM + 1000 }, undefined, { privateKey, publicKey } as never)
    await expect(check([leaf, middle.certificate, oldRoot.certificate])).rejects.toMatchObject(refusedAt(2, 'validity'))
    const renamed = { ...middle.certificate, signature: leaf.signature }
    await expect(check([leaf, renamed, root.certificate])).rejects.toMatchObject(refusedAt(1, 'signature'))
  })

  it.each([
    ['before it begins', FROM - 1000],
    ['after it ends', TO + 1000],
  ])('is refused %s', async (_n, at) => {
    await expect(check([leaf, middle.certificate, root.certificate], at)).rejects.toMatchObject(refusedAt(0, 'validity'))
  })

  it('needs an issuer that is a CA and may sign certificates', async () => {
    // Mutations seen failing: without the check of basicConstraints.ca; without that of keyCertSign.
    const pair = await engine.generateKeyPair()
    const name = 'OSP1-D-0000259689583757'
    const holder = parseCertificate(
      await issueCertificate(engine, middle.issuer, { commonName: name, publicKey: pair.publicKey, serial: Buffer.of(7), notBefore: FROM, notAfter: TO, ca: false, usages: ['digitalSignature'] }),
    )
    const below = await leafOf(engine, { issuer: { commonName: name, ...pair }, certificate: holder })
    await expect(check([below, holder, middle.certificate, root.certificate])).rejects.toMatchObject(refusedAt(0, 'no CA'))
    const listsOnly = await authority(engine, 'Lists only', { usages: ['cRLSign'] }, root)
    await expect(check([await leafOf(engine, listsOnly), listsOnly.certificate, root.certificate])).rejects.toMatchObject(refusedAt(0, 'may not sign'))
    const overreaching = await leafOf(engine, middle, { usages: ['keyCertSign'] })
    await expect(check([overreaching, middle.certificate, root.certificate])).rejects.toMatchObject(refusedAt(0, 'no CA'))
  })

  it('keeps to path lengths, self-issued CAs not counted', async () => {
    // Mutations seen failing: with `below > pathLength` left out; with self-issued certificates counted.
    const tooDeep = await authority(engine, 'Too deep', {}, middle)
    const chain = [await leafOf(engine, tooDeep), tooDeep.certificate, middle.certificate, root.certificate]
    await expect(check(chain)).rejects.toMatchObject(refusedAt(1, 'path too long'))
    const rekeyed = await authority(engine, 'Device CA', { pathLength: 0 }, middle)
    await expect(check([await leafOf(engine, rekeyed), rekeyed.certificate, middle.certificate, root.certificate])).resolves.toBeUndefined()
    const one = await authority(engine, 'One', { pathLength: 1 }, root)
    const two = await authority(engine, 'Two', { pathLength: 0 }, one)
    await expect(check([await leafOf(engine, two), two.certificate, one.certificate, root.certificate])).resolves.toBeUndefined()
  })

  it('is refused when it is longer than any real one', async () => {
    await expect(check([leaf, ...Array.from({ length: 8 }, () => root.certificate)])).rejects.toMatchObject({ message: expect.stringContaining('too many') })
  })

  it('is refused for a use the leaf is not made for', async () => {
    await expect(check([leaf, middle.certificate, root.certificate], NOW, { usage: 'keyEncipherment' })).rejects.toMatchObject(refusedAt(0, 'not allowed for'))
  })

  it('needs the user ID its signatures were made with', async () => {
    // Mutation seen failing: with the id not handed on to the engine.
    const id = Buffer.from('another id')
    const { publicKey } = await engine.generateKeyPair()
    const self = { commonName: 'Own id', ...(await engine.generateKeyPair()) }
    const common = { notBefore: FROM, notAfter: TO, serial: Buffer.of(1) }
    const ca = parseCertificate(await issueCertificate(engine, self, { ...common, commonName: 'Own id', publicKey: self.publicKey, ca: true, usages: ['keyCertSign'] }, id))
    const one = parseCertificate(await issueCertificate(engine, self, { ...common, commonName: 'x', publicKey, ca: false, usages: ['digitalSignature'] }, id))
    await expect(check([one, ca], NOW, { id })).resolves.toBeUndefined()
    await expect(check([one, ca], NOW, { id: SM2_DEFAULT_ID })).rejects.toMatchObject(refusedAt(0, 'signature'))
    await expect(check([one, ca])).rejects.toMatchObject(refusedAt(0, 'signature'))
  })

  it('is refused with any byte of any of its certificates changed', async () => {
    const all = [leaf, middle.certificate, root.certificate]
    await fc.assert(
      fc.asyncProperty(fc.nat(2), fc.nat(), fc.integer({ min: 1, max: 255 }), async (which, place, flip) => {
        const der = Buffer.from(all[which]?.der as Buffer)
        der[place % der.length] = (der[place % der.length] as number) ^ flip
        const changed = async () => check(all.map((one, n) => (n === which ? parseCertificate(der) : one)))
        await expect(changed()).rejects.toMatchObject(REFUSED)
      }),
      { numRuns: 150 },
    )
  })
})

describe('findChains', () => {
  it('finds the way over intermediates and among CAs of one name, and ends only in roots', async () => {
    const twin = await authority(engine, 'Root')
    const pile = [middle.certificate, leaf]
    const found = findChains(leaf, pile, [twin.certificate, root.certificate])
    expect(found.map((chain) => chain.map(({ der }) => der))).toEqual([[leaf.der, middle.certificate.der, root.certificate.der]])
    expect(findChains(leaf, pile, [])).toEqual([])
    expect(findChains(leaf, [], [root.certificate])).toEqual([])
    // An intermediate CA among the roots is no end of a chain.
    expect(findChains(leaf, [], [middle.certificate])).toEqual([])
  })

  it('does not walk in circles', async () => {
    const a = await authority(engine, 'A')
    const b = await authority(engine, 'B', {}, a)
    const aUnderB = await authority(engine, 'A', {}, b, a.issuer as never)
    const below = await leafOf(engine, b)
    expect(findChains(below, [b.certificate, aUnderB.certificate], [root.certificate])).toEqual([])
  })
})
