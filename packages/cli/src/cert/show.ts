import { SM2_DEFAULT_ID, nameText, verifyRequest } from '@zhuzhan/gm-crypto'
import type { CertificateRequest, Sm2Certificate, Sm2Crl, Sm2Engine } from '@zhuzhan/gm-crypto'
import type { CertObject } from './files.js'

export type Shown = Record<string, unknown> & { kind: CertObject['kind'] }

/** What an object says about itself, for people and scripts. Nothing in it has been verified, except a request's proof of possession. */
export async function shown(engine: Sm2Engine, object: CertObject): Promise<Shown> {
  switch (object.kind) {
    case 'certificate':
      return { kind: object.kind, ...certificate(object.value) }
    case 'request':
      return { kind: object.kind, ...(await request(engine, object.value)) }
    case 'revocation-list':
      return { kind: object.kind, ...list(object.value) }
  }
}

const time = (ms: number): string => new Date(ms).toISOString().replace('.000', '')
const hex = (bytes: Uint8Array | undefined): string | null => (bytes ? Buffer.from(bytes).toString('hex').toUpperCase() : null)
const uses = (usage: { usages: readonly string[]; critical: boolean } | undefined): object | null => usage ?? null

function certificate(one: Sm2Certificate): object {
  return {
    subject: nameText(one.subject), issuer: nameText(one.issuer), serial: one.serial, notBefore: time(one.notBefore), notAfter: time(one.notAfter),
    publicKey: hex(one.publicKey), keyUsage: uses(one.keyUsage), basicConstraints: one.basicConstraints ?? null,
    subjectKeyId: hex(one.subjectKeyId), authorityKeyId: hex(one.authorityKeyId?.keyId), unknownCritical: one.unknownCritical,
  }
}

async function request(engine: Sm2Engine, one: CertificateRequest): Promise<object> {
  return {
    subject: nameText(one.subject), publicKey: hex(one.publicKey), keyUsage: uses(one.keyUsage), unknownCritical: one.unknownCritical,
    possession: await verifyRequest(engine, one, SM2_DEFAULT_ID),
  }
}

function list(one: Sm2Crl): object {
  return {
    issuer: nameText(one.issuer), number: one.number ?? null, thisUpdate: time(one.thisUpdate), nextUpdate: one.nextUpdate === undefined ? null : time(one.nextUpdate),
    authorityKeyId: hex(one.authorityKeyId?.keyId), unknownCritical: one.unknownCritical,
    revoked: [...one.revoked.values()].map(({ serial, revokedAt, reason }) => ({ serial, revokedAt: time(revokedAt), reason: reason ?? null })),
  }
}

const TITLES = { certificate: 'Certificate', request: 'Certificate request', 'revocation-list': 'Revocation list' }

/** One line a field. */
export function shownText({ kind, ...fields }: Shown): string {
  const value = (content: unknown): string => (typeof content === 'string' ? content : JSON.stringify(content))
  return [TITLES[kind], ...Object.entries(fields).filter(([, content]) => content !== null).map(([name, content]) => `  ${name}: ${value(content)}`)].join('\n')
}
