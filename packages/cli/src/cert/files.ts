import { readFile, writeFile } from 'node:fs/promises'
import { HesError } from '@zhuzhan/core'
import { parseCertificate, parseCrl, parseRequest, pemBlocks, privateKeyFromPem } from '@zhuzhan/gm-crypto'
import type { CertificateRequest, Sm2Certificate, Sm2Crl } from '@zhuzhan/gm-crypto'

export interface CertKinds {
  certificate: Sm2Certificate
  request: CertificateRequest
  'revocation-list': Sm2Crl
}
export type CertObject = { [K in keyof CertKinds]: { kind: K; value: CertKinds[K] } }[keyof CertKinds]

const PARSERS: { kind: CertObject['kind']; labels: readonly string[]; parse(bytes: Uint8Array): CertObject }[] = [
  { kind: 'certificate', labels: ['CERTIFICATE'], parse: (bytes) => ({ kind: 'certificate', value: parseCertificate(bytes) }) },
  { kind: 'request', labels: ['CERTIFICATE REQUEST', 'NEW CERTIFICATE REQUEST'], parse: (bytes) => ({ kind: 'request', value: parseRequest(bytes) }) },
  { kind: 'revocation-list', labels: ['X509 CRL'], parse: (bytes) => ({ kind: 'revocation-list', value: parseCrl(bytes) }) },
]

/** No certificate, request or list of ours comes near this. */
const MAX_FILE = 16 * 1024 * 1024

async function bytesOf(file: string): Promise<Buffer> {
  const bytes = await readFile(file)
  if (bytes.length > MAX_FILE) throw new HesError('BODY_INVALID', `${file} is too large to be what is wanted.`)
  return bytes
}

/**
 * Everything in a file: PEM blocks in their order, or one object in DER.
 * @throws HesError AUTH_FAILED for an object that is not one of SM2 in strict DER, BODY_INVALID for a file with none
 */
export async function readObjects(file: string): Promise<CertObject[]> {
  const bytes = await bytesOf(file)
  if (bytes[0] === 0x30) return [oneOfDer(bytes, file)]
  const objects = pemBlocks(bytes.toString('latin1')).flatMap(({ label, body }) => PARSERS.filter(({ labels }) => labels.includes(label)).map(({ parse }) => parse(body)))
  if (objects.length === 0) throw new HesError('BODY_INVALID', `${file} holds no certificate, certificate request or revocation list.`)
  return objects
}

function oneOfDer(bytes: Buffer, file: string): CertObject {
  for (const { parse } of PARSERS) {
    try {
      return parse(bytes)
    } catch (error) {
      if (!(error instanceof HesError)) throw error
    }
  }
  throw new HesError('BODY_INVALID', `${file} is no certificate, certificate request or revocation list of SM2 in DER.`)
}

/** The objects of one kind in some files. @throws HesError BODY_INVALID for a file without one */
export async function readAll<K extends keyof CertKinds>(files: readonly string[], kind: K): Promise<CertKinds[K][]> {
  const found: CertKinds[K][] = []
  for (const file of files) {
    const here = (await readObjects(file)).filter((object) => object.kind === kind)
    if (here.length === 0) throw new HesError('BODY_INVALID', `${file} holds no ${kind.replace('-', ' ')}.`)
    found.push(...here.map(({ value }) => value as CertKinds[K]))
  }
  return found
}

/** @throws HesError BODY_INVALID when it is no SM2 key in PKCS#8 or SEC1 PEM */
export async function readPrivateKey(file: string): Promise<Buffer> {
  const pem = (await bytesOf(file)).toString('latin1')
  try {
    return privateKeyFromPem(pem)
  } catch (error) {
    if (error instanceof RangeError) throw new HesError('BODY_INVALID', `${file} holds no unencrypted SM2 private key (PKCS#8 or SEC1).`)
    throw error
  }
}

/** Never over a file that is there. @param secret readable by its owner only */
export async function writeNew(file: string, content: string, secret = false): Promise<void> {
  try {
    await writeFile(file, content, { flag: 'wx', mode: secret ? 0o600 : 0o644 })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw new HesError('EXISTS_ALREADY', `${file} exists; it is not written over.`)
    throw error
  }
}
