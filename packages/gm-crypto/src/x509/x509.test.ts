import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createEngine } from '../sm2/choose.js'
import { certificateToPem, parseCertificate } from './certificate.js'
import { issueCertificate } from './issue.js'
import type { CertificateOrder } from './issue.js'
import { verifyChain } from './verify.js'

const engine = createEngine('openssl')
afterAll(() => engine.close())
const from = Date.UTC(2026, 0, 1)
const to = Date.UTC(2056, 0, 1)

async function authority(commonName: string) {
  const pair = await engine.generateKeyPair()
  const issuer = { commonName, ...pair }
  const certificate = parseCertificate(
    await issueCertificate(engine, issuer, {
      commonName,
      publicKey: pair.publicKey,
      serial: Buffer.of(0x80),
      notBefore: from,
      notAfter: to,
      ca: true,
      usages: ['keyCertSign', 'cRLSign'],
    }),
  )
  return { issuer, certificate }
}
const order = (publicKey: Uint8Array, more: Partial<CertificateOrder> = {}): CertificateOrder => ({
  commonName: 'OSP1-D-0000259689583757',
  publicKey,
  serial: Buffer.of(2),
  notBefore: from,
  notAfter: to,
  ca: false,
  usages: ['digitalSignature', 'keyAgreement'],
  ...more,
})

describe('certificates', () => {
  it('are written as they are read', async () => {
    const ca = await authority('Device CA')
    const { publicKey } = await engine.generateKeyPair()
    const leaf = parseCertificate(certificateToPem({ der: await issueCertificate(engine, ca.issuer, order(publicKey)) }))
    expect(leaf).toMatchObject({
      serial: '02',
      commonNames: ['OSP1-D-0000259689583757'],
      notBefore: from,
      notAfter: to,
      publicKey,
      unknownCritical: [],
      keyUsage: { usages: ['digitalSignature', 'keyAgreement'], critical: true },
      basicConstraints: { ca: false, critical: true },
    })
    await expect(verifyChain(engine, [leaf, ca.certificate], from + 1)).resolves.toBeUndefined()
    await expect(verifyChain(engine, [leaf, ca.certificate], undefined)).resolves.toBeUndefined()
  })

  it('are refused with another CA of the same name, out of date, under a leaf, or with a bit changed', async () => {
    const ca = await authority('Device CA')
    const twin = await authority('Device CA')
    const pair = await engine.generateKeyPair()
    const leaf = parseCertificate(await issueCertificate(engine, ca.issuer, order(pair.publicKey)))
    const refused = { code: 'AUTH_FAILED' }
    await expect(verifyChain(engine, [leaf, twin.certificate], undefined)).rejects.toMatchObject(refused)
    await expect(verifyChain(engine, [leaf, ca.certificate], to + 1000)).rejects.toMatchObject(refused)
    await expect(verifyChain(engine, [leaf, ca.certificate], from - 1000)).rejects.toMatchObject(refused)
    await expect(verifyChain(engine, [leaf], undefined)).rejects.toMatchObject(refused)
    const below = parseCertificate(
      await issueCertificate(engine, { commonName: 'OSP1-D-0000259689583757', ...pair }, order(pair.publicKey, { commonName: 'x' })),
    )
    await expect(verifyChain(engine, [below, leaf, ca.certificate], undefined)).rejects.toMatchObject(refused)
    for (let at = 0; at < leaf.der.length; at += 7) {
      const changed = Buffer.from(leaf.der)
      changed[at] = (changed[at] ?? 0) ^ 0x10
      await expect((async () => verifyChain(engine, [parseCertificate(changed), ca.certificate], from + 1))()).rejects.toMatchObject(
        refused,
      )
    }
  })

  it('are believed by the openssl command line, where there is one', async () => {
    const ca = await authority('Device CA')
    const { publicKey } = await engine.generateKeyPair()
    const leaf = await issueCertificate(engine, ca.issuer, order(publicKey))
    const folder = mkdtempSync(join(tmpdir(), 'x509-'))
    try {
      writeFileSync(join(folder, 'ca.pem'), certificateToPem(ca.certificate))
      writeFileSync(join(folder, 'leaf.pem'), certificateToPem({ der: leaf }))
      let said: string
      try {
        said = execFileSync(
          'openssl',
          ['verify', '-vfyopt', 'distid:1234567812345678', '-CAfile', join(folder, 'ca.pem'), join(folder, 'leaf.pem')],
          { encoding: 'utf8' },
        )
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
        said = 'no openssl here: OK'
      }
      expect(said).toMatch(/OK/)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
