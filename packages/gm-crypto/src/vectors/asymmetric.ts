import { decodeCiphertext, encodeCiphertext } from '../sm2/ciphertext.js'
import type { CiphertextOrder } from '../sm2/ciphertext.js'
import { SM2_DEFAULT_ID, zValue } from '../sm2/curve.js'
import type { Sm2Engine } from '../sm2/engine.js'
import { encryptWithScalar } from '../sm2/engine-operations.js'
import { messageDigest, signWithNonce } from '../sm2/signature.js'
import { signatureFromDer, signatureToDer } from '../sm2/signature-encoding.js'
import { parseCertificate } from '../x509/certificate.js'
import { verifyChain } from '../x509/verify.js'
import type { CaseReader } from './case.js'
import { accepted, equal, outcome } from './judge.js'
import type { Outcome, VectorCheck } from './judge.js'

/** Verify every form of the signature the case carries. */
async function verifyForms(c: CaseReader, engine: Sm2Engine): Promise<Outcome[]> {
  const verify = (signature: Uint8Array): Promise<boolean> =>
    engine.verify(c.bytes('publicKey'), c.bytes('userIdHex'), c.bytes('msg'), signature)
  const forms: Outcome[] = []
  if (c.has('sigRaw')) forms.push(outcome('raw signature', await verify(c.bytes('sigRaw'))))
  if (c.has('sigDer')) {
    const raw = signatureFromDer(c.bytes('sigDer'))
    forms.push(outcome('DER signature', raw !== undefined && (await verify(raw))))
  }
  return forms
}

async function signCase(c: CaseReader, engine: Sm2Engine): Promise<Outcome[]> {
  const forms = await verifyForms(c, engine)
  if (!c.has('d')) return forms
  const [d, publicKey, id, message] = [c.bytes('d'), c.bytes('publicKey'), c.bytes('userIdHex'), c.bytes('msg')]
  const out = [...forms, equal('public key', await engine.publicKeyOf(d), publicKey)]
  const fresh = await engine.sign(d, id, message)
  out.push(outcome('fresh signature', await engine.verify(publicKey, id, message, fresh)))
  if (c.has('z')) out.push(equal('z', zValue(publicKey, id), c.bytes('z')))
  if (c.has('e')) out.push(equal('e', messageDigest(publicKey, id, message), c.bytes('e')))
  if (c.has('k')) {
    const again = signWithNonce(d, messageDigest(publicKey, id, message), c.bytes('k'), await engine.multiply(c.bytes('k')))
    out.push(
      outcome('signature with the given k', again?.equals(c.bytes('sigRaw')) ?? false),
      equal('DER', signatureToDer(c.bytes('sigRaw')), c.bytes('sigDer')),
    )
  }
  return out
}

const ORDERS: readonly CiphertextOrder[] = ['c1c3c2', 'c1c2c3', 'asn1']

async function encryptCase(c: CaseReader, engine: Sm2Engine): Promise<Outcome[]> {
  const out: Outcome[] = []
  const made = c.has('k') ? await encryptWithScalar(engine, c.bytes('publicKey'), c.bytes('msg'), c.bytes('k')) : undefined
  for (const order of ORDERS) {
    if (!c.has(order)) continue
    if (made) out.push(equal(`encryption ${order}`, encodeCiphertext(made, order), c.bytes(order)))
    out.push(equal(`decryption ${order}`, await engine.decrypt(c.bytes('d'), decodeCiphertext(c.bytes(order), order)), c.bytes('msg')))
  }
  const fresh = await engine.encrypt(c.bytes('publicKey'), c.bytes('msg'))
  out.push(equal('fresh round trip', await engine.decrypt(c.bytes('d'), fresh), c.bytes('msg')))
  return out
}

async function decryptInvalidCase(c: CaseReader, engine: Sm2Engine): Promise<Outcome[]> {
  const out: Outcome[] = []
  for (const order of ORDERS) {
    if (!c.has(order)) continue
    out.push(
      outcome(
        order,
        await accepted(async () => {
          const text = await engine.decrypt(c.bytes('d'), decodeCiphertext(c.bytes(order), order))
          return !c.has('msg') || text.equals(c.bytes('msg'))
        }),
      ),
    )
  }
  return out
}

async function exchangeCase(c: CaseReader, engine: Sm2Engine): Promise<Outcome[]> {
  const out: Outcome[] = []
  for (const initiator of [true, false]) {
    const [me, peer] = initiator ? (['A', 'B'] as const) : (['B', 'A'] as const)
    if (!c.has(`d${me}`) || !c.has(`r${me}`)) continue
    const agreed = await engine.agree({
      initiator,
      own: {
        privateKey: c.bytes(`d${me}`),
        publicKey: c.bytes(`pub${me}`),
        id: c.bytes(`id${me}Hex`),
        ephemeral: { privateKey: c.bytes(`r${me}`), publicKey: await engine.publicKeyOf(c.bytes(`r${me}`)) },
      },
      peer: { publicKey: c.bytes(`pub${peer}`), id: c.bytes(`id${peer}Hex`), ephemeral: c.bytes(`R${peer}`) },
      keyLength: c.number('klen'),
    })
    out.push(equal(`key of ${me}`, agreed.key, c.bytes('key')))
    if (c.has('s1_sB')) out.push(equal(`sB of ${me}`, agreed.sB, c.bytes('s1_sB')))
    if (c.has('s2_sA')) out.push(equal(`sA of ${me}`, agreed.sA, c.bytes('s2_sA')))
  }
  return out
}

/** Dates are not judged: a vector file outlives its certificates. */
async function x509Case(c: CaseReader, engine: Sm2Engine): Promise<Outcome[]> {
  const chainOk = await accepted(async () => {
    const leaf = parseCertificate(c.text('leafPem'))
    const ca = parseCertificate(c.text('caPem'))
    if (c.has('issuerPublicKey') && !ca.publicKey.equals(c.bytes('issuerPublicKey'))) return false
    if (c.has('tbs') && !leaf.tbs.equals(c.bytes('tbs'))) return false
    if (c.has('sigRaw') && !leaf.signature.equals(c.bytes('sigRaw'))) return false
    const id = c.has('userId') ? Buffer.from(c.text('userId'), 'latin1') : SM2_DEFAULT_ID
    if (!(await engine.verify(ca.publicKey, id, leaf.tbs, leaf.signature))) return false
    await verifyChain(engine, [leaf, ca], undefined, { id })
    return true
  })
  return [outcome('certificate chain', chainOk)]
}

/** Every SM2 section of a vector file. */
export const ASYMMETRIC_CHECKS: Readonly<Record<string, VectorCheck>> = {
  sm2Sign: signCase,
  sm2VerifyInvalid: verifyForms,
  sm2Encrypt: encryptCase,
  sm2DecryptInvalid: decryptInvalidCase,
  sm2KeyExchange: exchangeCase,
  sm2X509: x509Case,
}
