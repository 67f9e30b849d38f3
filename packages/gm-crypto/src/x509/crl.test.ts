import { NOW, REFUSED, authority, leafOf, rawExtension } from '../conformance/laboratory.js'
import type { Authority } from '../conformance/laboratory.js'
import { TAG } from '../der/reader.js'
import { der, explicit, octetString, sequence, unsignedInteger } from '../der/writer.js'
import { createEngine } from '../sm2/choose.js'
import { SM2_DEFAULT_ID } from '../sm2/curve.js'
import type { Sm2Certificate } from './certificate.js'
import { crlToPem, issueCrl, parseCrl, verifyCrl } from './crl.js'
import type { CrlOrder } from './crl.js'
import { writeExtension } from './extensions.js'
import { holderName } from './issue.js'
import { SM2_WITH_SM3, sealSigned } from './signed.js'
import { encodeTime } from './time.js'
import { verifyChain } from './verify.js'

const engine = createEngine('openssl')
afterAll(() => engine.close())
const ID = SM2_DEFAULT_ID
const DAY = 86_400_000

let root: Authority
let ca: Authority
let leaf: Sm2Certificate
beforeAll(async () => {
  root = await authority(engine, 'Root')
  ca = await authority(engine, 'Device CA', {}, root)
  leaf = await leafOf(engine, ca)
})

const serialOf = (certificate: Sm2Certificate): Buffer => Buffer.from(certificate.serial, 'hex')
const listOf = async (issuer: Authority, changes: Partial<CrlOrder> = {}, id = ID) =>
  parseCrl(await issueCrl(engine, issuer.issuer, { number: Buffer.of(1), thisUpdate: NOW - DAY, nextUpdate: NOW + 6 * DAY, revoked: [], ...changes }, id))
const check = (crls: Awaited<ReturnType<typeof listOf>>[], certificate = leaf, at: number | undefined = NOW) =>
  verifyChain(engine, [certificate, ca.certificate, root.certificate], at, { crls })
const because = (why: string) => ({ ...REFUSED, message: expect.stringContaining(why) })

it('a list is read as it was written', async () => {
  const list = await listOf(ca, { number: Buffer.of(0x80), revoked: [{ serial: serialOf(leaf), revokedAt: NOW - 5000, reason: 1 }, { serial: Buffer.of(3), revokedAt: NOW - 1000 }] })
  expect(parseCrl(crlToPem(list))).toEqual(list)
  expect(list).toMatchObject({ issuer: ca.certificate.subject, number: '80', thisUpdate: NOW - DAY, nextUpdate: NOW + 6 * DAY, unknownCritical: [] })
  expect([...list.revoked.values()]).toEqual([
    { serial: leaf.serial, revokedAt: NOW - 5000, reason: 1 },
    { serial: '03', revokedAt: NOW - 1000 },
  ])
})

it('a revoked leaf is refused, another one is not', async () => {
  // Mutation seen failing: without the look into crl.revoked.
  const list = await listOf(ca, { revoked: [{ serial: serialOf(leaf), revokedAt: NOW - 5000 }] })
  await expect(check([list])).rejects.toMatchObject(because('revoked'))
  await expect(check([list], await leafOf(engine, ca))).resolves.toBeUndefined()
  // Also when an older list of the same issuer does not know it yet.
  await expect(check([await listOf(ca), list])).rejects.toMatchObject(because('revoked'))
})

it('a revoked intermediate CA takes its leaves with it', async () => {
  // Mutation seen failing: with the look at the leaf only.
  const ofRoot = await listOf(root, { revoked: [{ serial: serialOf(ca.certificate), revokedAt: NOW - 5000 }] })
  await expect(check([await listOf(ca), ofRoot])).rejects.toMatchObject({ ...because('revoked'), context: { depth: 1 } })
})

it('a list of another issuer says nothing: without one of its own issuer the leaf is refused', async () => {
  // Mutations seen failing: without the demand for a list; with lists of any issuer.
  await expect(check([])).rejects.toMatchObject(because('no revocation list'))
  await expect(check([await listOf(root)])).rejects.toMatchObject(because('no revocation list'))
  const twin = await authority(engine, 'Device CA', {}, root)
  await expect(check([await listOf(twin)])).rejects.toMatchObject(because('no revocation list'))
  await expect(verifyCrl(engine, await listOf(twin), ca.certificate, NOW, ID)).rejects.toMatchObject(because('another key'))
  await expect(verifyCrl(engine, await listOf(root), ca.certificate, NOW, ID)).rejects.toMatchObject(because('issuer name'))
})

it('a list is taken only between thisUpdate and nextUpdate, and only when it has both', async () => {
  // Mutations seen failing, one by one: each of the three date checks taken out of verifyCrl.
  await expect(check([await listOf(ca, { thisUpdate: NOW + 1000 })])).rejects.toMatchObject(because('future'))
  await expect(check([await listOf(ca, { thisUpdate: NOW - 9 * DAY, nextUpdate: NOW - 1000 })])).rejects.toMatchObject(because('out of date'))
  const { nextUpdate: _none, ...endless } = await listOf(ca)
  await expect(verifyCrl(engine, endless, ca.certificate, NOW, ID)).rejects.toMatchObject(because('out of date'))
  // Without a clock no dates are judged.
  await expect(verifyChain(engine, [leaf, ca.certificate, root.certificate], undefined, { crls: [await listOf(ca, { thisUpdate: NOW + 1000 })] })).resolves.toBeUndefined()
})

it('a list must be signed by its issuer, with the right id, who may sign lists', async () => {
  // Mutations seen failing: without the signature check; without that of cRLSign.
  await expect(check([await listOf(ca, {}, Buffer.from('another id'))])).rejects.toMatchObject(because('signature'))
  const list = await listOf(ca)
  await expect(check([{ ...list, tbs: Buffer.concat([list.tbs, Buffer.of(0)]) }])).rejects.toMatchObject(because('signature'))
  const noLists = await authority(engine, 'No lists', { usages: ['keyCertSign'] }, root)
  await expect(verifyCrl(engine, await listOf(noLists), noLists.certificate, NOW, ID)).rejects.toMatchObject(because('may not sign'))
})

/** A list as a well-behaved maker would not write it. */
async function oddList(parts: { version?: Buffer; entries?: Buffer[]; extensions?: Buffer[]; inside?: Buffer; more?: Buffer[] }): Promise<Buffer> {
  const tbs = sequence(
    parts.version ?? unsignedInteger(Buffer.of(1)),
    parts.inside ?? SM2_WITH_SM3,
    holderName(ca.issuer),
    encodeTime(NOW - DAY),
    encodeTime(NOW + DAY),
    ...(parts.entries ? [sequence(...parts.entries)] : []),
    ...(parts.extensions ? [explicit(0, sequence(...parts.extensions))] : []),
    ...(parts.more ?? []),
  )
  return sealSigned(engine, tbs, ca.issuer.privateKey, ID)
}
const entry = (...more: Buffer[]): Buffer => sequence(unsignedInteger(Buffer.of(3)), encodeTime(NOW - DAY), ...more)

it('a partial, delta or indirect list (critical extensions that are not understood) is refused', async () => {
  // Mutations seen failing: without the check of unknownCritical; with entries' extensions left out of it.
  const [distributionPoint, delta, certificateIssuer] = ['2.5.29.28', '2.5.29.27', '2.5.29.29'].map((id) => rawExtension(id, octetString(Buffer.of(1)), true)) as [Buffer, Buffer, Buffer]
  for (const parts of [{ extensions: [distributionPoint] }, { extensions: [delta] }, { entries: [entry(sequence(certificateIssuer))] }]) {
    await expect(verifyCrl(engine, parseCrl(await oddList(parts)), ca.certificate, NOW, ID)).rejects.toMatchObject(because('critical'))
  }
  await expect(verifyCrl(engine, parseCrl(await oddList({ extensions: [writeExtension.crlNumber(Buffer.of(1))] })), ca.certificate, NOW, ID)).resolves.toBeUndefined()
})

it.each([
  ['version 1', { version: Buffer.alloc(0) }],
  ['version 3', { version: unsignedInteger(Buffer.of(2)) }],
  ['a serial number twice', { entries: [entry(), entry()] }],
  ['an entry with something after its extensions', { entries: [entry(sequence(writeExtension.reasonCode(1)), sequence())] }],
  ['a field after the extensions', { extensions: [writeExtension.crlNumber(Buffer.of(1))], more: [sequence()] }],
  ['empty extensions', { extensions: [] }],
  ['two different algorithm fields', { inside: sequence(der(TAG.oid, Buffer.from('2a811ccf55018375', 'hex')), der(TAG.null)) }],
])('refuses %s', async (_name, parts) => {
  const bytes = await oddList(parts)
  expect(() => parseCrl(bytes)).toThrow(expect.objectContaining(REFUSED))
})

it('refuses every truncation and what is no list', async () => {
  const { der: whole } = await listOf(ca, { revoked: [{ serial: Buffer.of(1), revokedAt: NOW }] })
  for (let end = 0; end < whole.length; end++) expect(() => parseCrl(whole.subarray(0, end))).toThrow(expect.objectContaining(REFUSED))
  expect(() => parseCrl(leaf.der)).toThrow(expect.objectContaining(REFUSED))
  expect(() => parseCrl('-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----')).toThrow(expect.objectContaining(REFUSED))
})
