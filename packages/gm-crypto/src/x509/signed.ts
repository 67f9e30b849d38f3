import { HesError } from '@zhuzhan/core'
import { DerError, TAG, readDer } from '../der/reader.js'
import type { DerReader } from '../der/reader.js'
import { bitString, fromPem, oid, sequence } from '../der/writer.js'
import type { Sm2Engine } from '../sm2/engine.js'
import { OID } from '../sm2/key-formats.js'
import { signatureFromDer, signatureToDer } from '../sm2/signature-encoding.js'

/** What certificate, CSR and CRL have in common: SEQUENCE { signed octets, algorithm, BIT STRING with the DER signature }. */
export interface Signed {
  der: Buffer
  /** The signed octets. */
  tbs: Buffer
  /** r || s. */
  signature: Buffer
}

/** AlgorithmIdentifier of SM2 with SM3, without parameters as OpenSSL and GmSSL write it. */
export const SM2_WITH_SM3 = sequence(oid(OID.sm2WithSm3))

/** SM2-with-SM3, parameters absent (OpenSSL, GmSSL) or NULL (some issuers). @returns its DER */
export function readAlgorithm(reader: DerReader): Uint8Array {
  const { raw, value } = reader.take(TAG.sequence)
  const fields = readDer(value)
  if (fields.oid() !== OID.sm2WithSm3) throw new DerError('not signed with SM2 and SM3')
  if (!fields.done && fields.take(TAG.null).value.length > 0) throw new DerError('NULL with contents')
  fields.end()
  return raw
}

/** The three parts, strictly. Where the signed octets name the algorithm again it must be the same one (RFC 5280 §4.1.1.2): the caller compares. */
export function readSigned(der: Buffer): Signed & { algorithm: Uint8Array } {
  const file = readDer(der)
  const outer = file.enter(TAG.sequence)
  file.end()
  const tbs = Buffer.from(outer.take(TAG.sequence).raw)
  const algorithm = readAlgorithm(outer)
  const bits = outer.take(TAG.bitString).value
  outer.end()
  const signature = bits[0] === 0 ? signatureFromDer(bits.subarray(1)) : undefined
  if (!signature) throw new DerError('signature value is not strict DER')
  return { der, tbs, algorithm, signature }
}

/** Sign octets that carry SM2_WITH_SM3 inside where their format wants it. */
export async function sealSigned(engine: Pick<Sm2Engine, 'sign'>, tbs: Buffer, privateKey: Uint8Array, id: Uint8Array): Promise<Buffer> {
  return sequence(tbs, SM2_WITH_SM3, bitString(signatureToDer(await engine.sign(privateKey, id, tbs))))
}

/** Run a parser over PEM or DER. @throws HesError AUTH_FAILED with the one text for whatever is wrong with it */
export function strictly<T>(input: Uint8Array | string, labels: readonly string[], what: string, parse: (der: Buffer) => T): T {
  try {
    return parse(typeof input === 'string' ? fromPem(input, ...labels).body : Buffer.from(input))
  } catch (error) {
    if (error instanceof DerError || error instanceof RangeError) throw new HesError('AUTH_FAILED', `not ${what}`, {}, { cause: error })
    throw error
  }
}
