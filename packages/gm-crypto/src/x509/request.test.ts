import { NOW, REFUSED, authority, rawExtension } from '../conformance/laboratory.js'
import { TAG } from '../der/reader.js'
import { der, oid, sequence, set, unsignedInteger } from '../der/writer.js'
import { createEngine } from '../sm2/choose.js'
import { SM2_DEFAULT_ID } from '../sm2/curve.js'
import { publicKeyToSpkiDer } from '../sm2/key-formats.js'
import { parseCertificate } from './certificate.js'
import { writeExtension } from './extensions.js'
import { holderName, issueCertificate } from './issue.js'
import { encodeName } from './name.js'
import { createRequest, parseRequest, requestToPem, verifyRequest } from './request.js'
import { sealSigned } from './signed.js'
import { verifyChain } from './verify.js'

const engine = createEngine('openssl')
afterAll(() => engine.close())
const ID = SM2_DEFAULT_ID
const name = encodeName([{ type: 'C', value: 'CN' }, { type: 'CN', value: '主站' }])

it('a request is read as it was written, proves its key, and a CA makes a certificate of it', async () => {
  const pair = await engine.generateKeyPair()
  const request = parseRequest(requestToPem({ der: await createRequest(engine, { name, ...pair, usages: ['digitalSignature', 'keyAgreement'] }, ID) }))
  expect(request).toMatchObject({
    subject: name,
    commonNames: ['主站'],
    publicKey: pair.publicKey,
    keyUsage: { usages: ['digitalSignature', 'keyAgreement'], critical: true },
    unknownCritical: [],
  })
  expect(await verifyRequest(engine, request, ID)).toBe(true)
  const ca = await authority(engine, 'CA')
  const order = { name: request.subject, publicKey: request.publicKey, serial: Buffer.of(5), notBefore: NOW - 1, notAfter: NOW + 1, ca: false }
  const certificate = parseCertificate(await issueCertificate(engine, ca.issuer, { ...order, usages: ['digitalSignature'] }))
  await expect(verifyChain(engine, [certificate, ca.certificate], NOW)).resolves.toBeUndefined()
  expect(certificate.subject).toEqual(request.subject)
})

it('a request for a key its maker does not have proves nothing', async () => {
  // Mutation seen failing: with the answer of the engine replaced by true.
  const [mine, theirs] = [await engine.generateKeyPair(), await engine.generateKeyPair()]
  const stolen = parseRequest(await createRequest(engine, { commonName: 'x', publicKey: theirs.publicKey, privateKey: mine.privateKey }, ID))
  expect(await verifyRequest(engine, stolen, ID)).toBe(false)
  const otherId = parseRequest(await createRequest(engine, { commonName: 'x', ...mine }, Buffer.from('another')))
  expect(await verifyRequest(engine, otherId, ID)).toBe(false)
  expect(await verifyRequest(engine, otherId, Buffer.from('another'))).toBe(true)
})

async function oddRequest({ version = 0, attributes = [] as Buffer[], more = [] as Buffer[] }): Promise<Buffer> {
  const pair = await engine.generateKeyPair()
  const info = sequence(unsignedInteger(Buffer.of(version)), holderName({ commonName: 'x' }), publicKeyToSpkiDer(pair.publicKey), der(0xa0, ...attributes), ...more)
  return sealSigned(engine, info, pair.privateKey, ID)
}
const attribute = (id: string, ...values: Buffer[]): Buffer => sequence(oid(id), set(...values))
const EXTENSION_REQUEST = '1.2.840.113549.1.9.14'
const password = attribute('1.2.840.113549.1.9.7', der(TAG.utf8String, Buffer.from('secret')))
const wanted = attribute(EXTENSION_REQUEST, sequence(writeExtension.keyUsage(['digitalSignature'])))

it('passes over attributes of others and names critical extensions it does not know', async () => {
  expect(parseRequest(await oddRequest({ attributes: [password, wanted].sort(Buffer.compare) })).keyUsage?.usages).toEqual(['digitalSignature'])
  const odd = attribute(EXTENSION_REQUEST, sequence(rawExtension('1.2.3.4', Buffer.of(5, 0), true)))
  expect(parseRequest(await oddRequest({ attributes: [odd] })).unknownCritical).toEqual(['1.2.3.4'])
})

it.each([
  ['version 2', { version: 1 }],
  ['an attribute twice', { attributes: [wanted, wanted] }],
  ['two attributes of one type', { attributes: [wanted, attribute(EXTENSION_REQUEST, sequence(writeExtension.keyUsage(['keyCertSign'])))].sort(Buffer.compare) }],
  ['attributes out of order', { attributes: [password, wanted].sort(Buffer.compare).reverse() }],
  ['two requests for extensions in one', { attributes: [attribute(EXTENSION_REQUEST, sequence(writeExtension.keyUsage(['digitalSignature'])), sequence(writeExtension.keyUsage(['keyCertSign'])))] }],
  ['something after the attributes', { more: [sequence()] }],
])('refuses %s', async (_name, parts) => {
  const bytes = await oddRequest(parts)
  expect(() => parseRequest(bytes)).toThrow(expect.objectContaining(REFUSED))
})

it('refuses every truncation', async () => {
  const whole = await createRequest(engine, { commonName: 'x', ...(await engine.generateKeyPair()) }, ID)
  for (let end = 0; end < whole.length; end++) expect(() => parseRequest(whole.subarray(0, end))).toThrow(expect.objectContaining(REFUSED))
})
