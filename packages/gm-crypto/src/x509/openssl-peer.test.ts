import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FROM, NOW, REFUSED, authority, leafOf } from '../conformance/laboratory.js'
import { createEngine } from '../sm2/choose.js'
import { decodeCiphertext, encodeCiphertext } from '../sm2/ciphertext.js'
import { SM2_DEFAULT_ID } from '../sm2/curve.js'
import { privateKeyToPem, publicKeyToPem } from '../sm2/key-formats.js'
import { signatureFromDer, signatureToDer } from '../sm2/signature-encoding.js'
import { certificateToPem, parseCertificate } from './certificate.js'
import { crlToPem, issueCrl, parseCrl } from './crl.js'
import { createRequest, parseRequest, requestToPem, verifyRequest } from './request.js'
import { verifyChain } from './verify.js'

/** The openssl command line (3.x) as a peer: what we make it takes, and what it makes we take. Sequences of reference sm-crypto.md §4. */
const version = ((): string => {
  try {
    return execFileSync('openssl', ['version'], { encoding: 'utf8' })
  } catch {
    return ''
  }
})()
const DISTID = 'distid:1234567812345678'

const engine = createEngine('openssl')
const folder = mkdtempSync(join(tmpdir(), 'x509-'))
afterAll(() => {
  engine.close()
  rmSync(folder, { recursive: true })
})
const file = (name: string, content?: string | Uint8Array): string => {
  const path = join(folder, name)
  if (content !== undefined) writeFileSync(path, content)
  return path
}
const read = (name: string): string => readFileSync(file(name), 'utf8')
const openssl = (...args: string[]): string => execFileSync('openssl', args, { encoding: 'utf8', cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] })

if (version.startsWith('OpenSSL 3')) describe(`with the openssl command line, ${version.trim()}`, withOpenssl)
else test('openssl command line: not run, there is none of version 3 here', () => expect(version).not.toMatch(/^OpenSSL 3/))

function withOpenssl(): void {
  it('our certificates are taken, link by link', async () => {
    const root = await authority(engine, 'Root')
    const middle = await authority(engine, 'Device CA', { pathLength: 0 }, root)
    const leaf = await leafOf(engine, middle)
    const [rootFile, middleFile, leafFile] = [root.certificate, middle.certificate, leaf].map((one, n) => file(`our${n}.pem`, certificateToPem(one))) as [string, string, string]
    const at = ['-attime', String(NOW / 1000)]
    // -vfyopt reaches the leaf only, so every link is a chain of its own.
    expect(openssl('verify', '-vfyopt', DISTID, ...at, '-partial_chain', '-trusted', middleFile, leafFile)).toMatch(/: OK/)
    expect(openssl('verify', '-vfyopt', DISTID, ...at, '-CAfile', rootFile, middleFile)).toMatch(/: OK/)
    expect(() => openssl('verify', '-vfyopt', 'distid:another', ...at, '-CAfile', rootFile, middleFile)).toThrow()
    // The trap itself: the whole chain in one call fails at depth 1, where no user ID arrives.
    expect(spawnSync('openssl', ['verify', '-vfyopt', DISTID, ...at, '-CAfile', rootFile, '-untrusted', middleFile, leafFile], { encoding: 'utf8' }).stderr).toMatch(/at 1 depth lookup: certificate signature failure/)
    await expect(verifyChain(engine, [leaf, middle.certificate, root.certificate], NOW)).resolves.toBeUndefined()
    expect(openssl('x509', '-in', leafFile, '-noout', '-text')).toMatch(/Key Usage: critical\s+Digital Signature, Key Agreement/)
  })

  it('our request is taken, its proof of possession too', async () => {
    const pair = await engine.generateKeyPair()
    const path = file('our.csr', requestToPem({ der: await createRequest(engine, { commonName: 'station', ...pair, usages: ['digitalSignature'] }, SM2_DEFAULT_ID) }))
    // Its exit code is 0 either way.
    const verdict = (distid: string): string => spawnSync('openssl', ['req', '-in', path, '-verify', '-vfyopt', distid, '-noout'], { encoding: 'utf8' }).stderr
    expect(verdict(DISTID)).toMatch(/verify OK/)
    expect(verdict('distid:another')).toMatch(/verify failure/)
    expect(openssl('req', '-in', path, '-noout', '-text')).toMatch(/Subject: CN = station[\s\S]*Digital Signature/)
  })

  it('our revocation list is read, and its signature verifies', async () => {
    const ca = await authority(engine, 'CA')
    const order = { number: Buffer.of(7), thisUpdate: NOW, nextUpdate: NOW + 1000, revoked: [{ serial: Buffer.of(0x1a), revokedAt: NOW, reason: 1 }] }
    const list = parseCrl(await issueCrl(engine, ca.issuer, order, SM2_DEFAULT_ID))
    expect(openssl('crl', '-in', file('our.crl', crlToPem(list)), '-noout', '-text')).toMatch(/Serial Number: 1A[\s\S]*Key Compromise/)
    // `openssl crl -verify` has no option for the user ID.
    const [key, tbs, signature] = [file('crl.pub', publicKeyToPem(ca.issuer.publicKey)), file('crl.tbs', list.tbs), file('crl.sig', signatureToDer(list.signature))]
    const verify = ['pkeyutl', '-verify', '-rawin', '-digest', 'sm3', '-pubin', '-inkey', key, '-pkeyopt', DISTID, '-sigfile', signature]
    expect(openssl(...verify, '-in', tbs)).toMatch(/Success/)
    expect(() => openssl(...verify, '-in', file('other', 'x'))).toThrow()
  })

  it('its certificates, requests and revocation lists are taken', async () => {
    const sign = ['-sm3', '-sigopt', DISTID]
    for (const name of ['root', 'mid', 'leaf']) openssl('genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:SM2', '-out', `${name}.key`)
    openssl('req', '-x509', '-new', '-key', 'root.key', ...sign, '-days', '3650', '-subj', '/CN=Their root', '-out', 'root.pem')
    file('mid.ext', 'basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign,cRLSign\nauthorityKeyIdentifier=keyid,issuer:always\nsubjectKeyIdentifier=hash\n')
    file('leaf.ext', 'basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\nauthorityKeyIdentifier=keyid\n')
    for (const [name, above, subject] of [['mid', 'root', '/C=CN/O=Lab/CN=Their CA'], ['leaf', 'mid', '/CN=OSP1-D-0000259689583757']] as const) {
      openssl('req', '-new', '-key', `${name}.key`, ...sign, '-subj', subject, '-out', `${name}.csr`)
      openssl('x509', '-req', '-in', `${name}.csr`, '-CA', `${above}.pem`, '-CAkey', `${above}.key`, '-CAcreateserial', ...sign, '-vfyopt', DISTID, '-days', '3650', '-extfile', `${name}.ext`, '-out', `${name}.pem`)
    }
    const request = parseRequest(read('leaf.csr'))
    expect(await verifyRequest(engine, request, SM2_DEFAULT_ID)).toBe(true)
    const [leaf, mid, root] = ['leaf', 'mid', 'root'].map((name) => parseCertificate(read(`${name}.pem`))) as [ReturnType<typeof parseCertificate>, ReturnType<typeof parseCertificate>, ReturnType<typeof parseCertificate>]
    expect(mid.authorityKeyId).toEqual({ keyId: root.subjectKeyId, issuer: root.issuer, serial: root.serial })
    const at = leaf.notBefore + 1000
    await expect(verifyChain(engine, [leaf, mid, root], at, { usage: 'digitalSignature' })).resolves.toBeUndefined()
    await expect(verifyChain(engine, [leaf, mid, root], FROM)).rejects.toMatchObject(REFUSED)

    file('index.txt', '')
    file('crlnumber', '01\n')
    file('ca.cnf', '[ca]\ndefault_ca=d\n[d]\ndatabase=index.txt\ncrlnumber=crlnumber\ndefault_md=sm3\ncrl_extensions=e\ndefault_crl_days=30\n[e]\nauthorityKeyIdentifier=keyid\n')
    const makeList = (): string => {
      openssl('ca', '-config', 'ca.cnf', '-gencrl', '-keyfile', 'mid.key', '-cert', 'mid.pem', '-md', 'sm3', '-sigopt', DISTID, '-out', 'their.crl')
      return read('their.crl')
    }
    const empty = parseCrl(makeList())
    await expect(verifyChain(engine, [leaf, mid, root], empty.thisUpdate + 1000, { crls: [empty] })).resolves.toBeUndefined()
    openssl('ca', '-config', 'ca.cnf', '-revoke', 'leaf.pem', '-keyfile', 'mid.key', '-cert', 'mid.pem', '-crl_reason', 'keyCompromise')
    const list = parseCrl(makeList())
    expect(list.revoked.get(leaf.serial)).toMatchObject({ reason: 1 })
    await expect(verifyChain(engine, [leaf, mid, root], list.thisUpdate + 1000, { crls: [list] })).rejects.toMatchObject({ message: expect.stringContaining('revoked') })
  })

  it('decrypts a ciphertext with trailing bytes; we refuse it', async () => {
    const { privateKey, publicKey } = await engine.generateKeyPair()
    const message = Buffer.from('three phases')
    const whole = encodeCiphertext(await engine.encrypt(publicKey, message), 'asn1')
    const key = file('d.pem', privateKeyToPem(privateKey, publicKey))
    const theirs = (bytes: Uint8Array): string => openssl('pkeyutl', '-decrypt', '-inkey', key, '-in', file('c.der', bytes))
    expect(theirs(whole)).toBe(message.toString())
    const longer = Buffer.concat([whole, Buffer.of(0, 1, 2)])
    expect(theirs(longer)).toBe(message.toString())
    expect(() => decodeCiphertext(longer, 'asn1')).toThrow(expect.objectContaining(REFUSED))
    expect(await engine.decrypt(privateKey, decodeCiphertext(whole, 'asn1'))).toEqual(message)
  })

  it('signs with the EMPTY id when none is named', async () => {
    const { privateKey, publicKey } = await engine.generateKeyPair()
    openssl('dgst', '-sm3', '-sign', file('e.pem', privateKeyToPem(privateKey, publicKey)), '-out', 'e.sig', file('e', 'x'))
    const raw = signatureFromDer(readFileSync(file('e.sig'))) as Buffer
    expect(await engine.verify(publicKey, Buffer.alloc(0), Buffer.from('x'), raw)).toBe(true)
    expect(await engine.verify(publicKey, SM2_DEFAULT_ID, Buffer.from('x'), raw)).toBe(false)
  })

  it('a key of ours signs there with the id given, and our engine takes it', async () => {
    const { privateKey, publicKey } = await engine.generateKeyPair()
    const message = Buffer.from('three phases')
    openssl('dgst', '-sm3', '-sign', file('k.pem', privateKeyToPem(privateKey, publicKey)), '-sigopt', DISTID, '-out', 'm.sig', file('m', message))
    expect(await engine.verify(publicKey, SM2_DEFAULT_ID, message, signatureFromDer(readFileSync(file('m.sig'))) as Buffer)).toBe(true)
  })
}
