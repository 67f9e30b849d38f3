import { SM2_DEFAULT_ID, authFailed, equalBytes, isCurvePoint } from '@zhuzhan/gm-crypto'
import type { Sm2Engine, Sm2KeyPair } from '@zhuzhan/gm-crypto'
import { label, lp, u32 } from './bytes.js'
import { erase, sessionKeys, sessionKeysFrom } from './session-keys.js'
import type { SessionKeys } from './session-keys.js'
import { softAgreement } from './static-key.js'
import type { Agreement, StaticKey } from './static-key.js'

/** Mode F, CONNECT mechanism [3]: GB/T 32918.3 with signatures over both transcripts; forward secret. §7.3 */

const VERSION = 1
export const F_LENGTH = { cipher: 69, signature: 64, rn: 101, counterRn: 5 } as const

/** What both sides know before a CONNECT. IDA = 8-byte station id, IDB = D; they are the exchange IDs too. */
export interface FContext {
  clientAddress: number
  ad: Uint8Array
  stationId: Uint8Array
  dispersion: Uint8Array
  header1: Uint8Array
}

/** Anything that verifies SM2: an engine, or a device. */
export type Sm2Verifier = Pick<Sm2Engine, 'verify'>

/** ciphertext2 = 01 || ASCTR || RA, and signature2. */
export interface FRequest {
  cipher: Buffer
  signature: Buffer
}

export interface FAnswer {
  rn: Buffer
  signature: Buffer
}

export function requestTranscriptF(c: FContext, cipher: Uint8Array): Buffer {
  return Buffer.concat([label('OSP1-F-1'), Buffer.of(c.clientAddress), c.ad, lp(c.stationId), lp(c.dispersion), c.header1, cipher])
}

export function answerTranscriptF(
  name: 'OSP1-F-2' | 'OSP1-F-E',
  c: FContext,
  header2: Uint8Array,
  request: FRequest,
  rn: Uint8Array,
): Buffer {
  return Buffer.concat([
    label(name),
    Buffer.of(c.clientAddress),
    c.ad,
    lp(c.stationId),
    lp(c.dispersion),
    c.header1,
    header2,
    request.cipher,
    request.signature,
    rn,
  ])
}

const withPrefix = (xy: Uint8Array): Buffer => Buffer.concat([Buffer.of(4), xy])

/** Client: rA is fresh for every try and erased after it, also on a timeout. */
export async function connectF(
  station: Pick<StaticKey, 'sign'>,
  c: FContext,
  rA: { publicKey: Uint8Array },
  asctr: number,
): Promise<FRequest> {
  const cipher = Buffer.concat([Buffer.of(VERSION), u32(asctr), rA.publicKey.subarray(1)])
  return { cipher, signature: await station.sign(requestTranscriptF(c, cipher)) }
}

/**
 * Meter: lengths and version, then the signature of the pinned station key, then the point. The counter is the
 * caller's check. @throws HesError AUTH_FAILED
 */
export async function acceptConnectF(
  engine: Sm2Engine,
  stationKey: Uint8Array,
  c: FContext,
  request: FRequest,
): Promise<{ asctr: number; rA: Buffer }> {
  const { cipher, signature } = request
  if (cipher.length !== F_LENGTH.cipher || signature.length !== F_LENGTH.signature || cipher[0] !== VERSION) throw authFailed()
  if (!(await engine.verify(stationKey, SM2_DEFAULT_ID, requestTranscriptF(c, cipher), signature))) throw authFailed()
  const rA = withPrefix(cipher.subarray(5))
  if (!isCurvePoint(rA)) throw authFailed()
  return { asctr: cipher.readUInt32BE(1), rA }
}

/** Meter: RN = 01 || sessionSeconds || RB || SB, its signature, and the session keys. The caller erases rB. */
export async function answerF(
  meter: StaticKey,
  stationKey: Uint8Array,
  c: FContext,
  header2: Uint8Array,
  request: FRequest,
  opened: { asctr: number; rA: Buffer },
  rB: Sm2KeyPair,
  sessionSeconds: number,
): Promise<FAnswer & { keys: SessionKeys }> {
  const agreed = await meter.agree({
    initiator: false,
    id: c.dispersion,
    ephemeral: rB,
    peer: { publicKey: stationKey, id: c.stationId, ephemeral: opened.rA },
  })
  const rn = Buffer.concat([Buffer.of(VERSION), u32(sessionSeconds), rB.publicKey.subarray(1), agreed.sB])
  const signature = await meter.sign(answerTranscriptF('OSP1-F-2', c, header2, request, rn))
  return { rn, signature, keys: keysF(agreed.key, c, header2, request, { rn, signature }, opened.asctr) }
}

/** Client, with RA as bytes: see `completeAnswerF`. The caller erases rA. */
export function acceptAnswerF(
  engine: Sm2Verifier,
  station: StaticKey,
  meterKey: Uint8Array,
  c: FContext,
  header2: Uint8Array,
  request: FRequest,
  answer: FAnswer,
  sent: { rA: Sm2KeyPair; asctr: number },
): Promise<{ sessionSeconds: number; keys: SessionKeys }> {
  const agreement = softAgreement(station, c.stationId, sent.rA)
  return completeAnswerF(engine, agreement, meterKey, c, header2, request, answer, sent.asctr)
}

/**
 * Client: lengths, signature, point, agreement, SB in constant time where the key gives it. SA is not sent: the first
 * record confirms K. The range of sessionSeconds is the caller's check. @throws HesError AUTH_FAILED
 */
export async function completeAnswerF(
  engine: Sm2Verifier,
  agreement: Agreement,
  meterKey: Uint8Array,
  c: FContext,
  header2: Uint8Array,
  request: FRequest,
  answer: FAnswer,
  asctr: number,
): Promise<{ sessionSeconds: number; keys: SessionKeys }> {
  const { rn, signature } = answer
  if (rn.length !== F_LENGTH.rn || signature.length !== F_LENGTH.signature || rn[0] !== VERSION) throw authFailed()
  if (!(await engine.verify(meterKey, SM2_DEFAULT_ID, answerTranscriptF('OSP1-F-2', c, header2, request, rn), signature)))
    throw authFailed()
  const rB = withPrefix(rn.subarray(5, 69))
  if (!isCurvePoint(rB)) throw authFailed()
  const agreed = await agreement.complete({ publicKey: meterKey, id: c.dispersion, ephemeral: rB })
  try {
    if (agreed.sB && !equalBytes(agreed.sB, rn.subarray(69))) throw authFailed()
    const keys = await sessionKeysFrom(agreed.prf, transcriptF(c, header2, request, answer), c.dispersion, asctr)
    return { sessionSeconds: rn.readUInt32BE(1), keys }
  } finally {
    agreed.erase()
  }
}

function transcriptF(c: FContext, header2: Uint8Array, request: FRequest, answer: FAnswer): Buffer[] {
  return [
    requestTranscriptF(c, request.cipher),
    request.signature,
    answerTranscriptF('OSP1-F-2', c, header2, request, answer.rn),
    answer.signature,
  ]
}

/** The session keys from K; K is erased. */
export function keysF(master: Buffer, c: FContext, header2: Uint8Array, request: FRequest, answer: FAnswer, asctr: number): SessionKeys {
  const keys = sessionKeys(master, transcriptF(c, header2, request, answer), c.dispersion, asctr)
  erase(master)
  return keys
}

export async function counterAnswerF(
  meter: StaticKey,
  c: FContext,
  header2: Uint8Array,
  request: FRequest,
  stored: number,
): Promise<FAnswer> {
  const rn = Buffer.concat([Buffer.of(2), u32(stored)])
  return { rn, signature: await meter.sign(answerTranscriptF('OSP1-F-E', c, header2, request, rn)) }
}

/** Client: the counter the meter holds. @throws HesError AUTH_FAILED */
export async function acceptCounterAnswerF(
  engine: Sm2Verifier,
  meterKey: Uint8Array,
  c: FContext,
  header2: Uint8Array,
  request: FRequest,
  answer: FAnswer,
): Promise<number> {
  const formed = answer.rn.length === F_LENGTH.counterRn && answer.rn[0] === 2 && answer.signature.length === F_LENGTH.signature
  if (
    !formed ||
    !(await engine.verify(meterKey, SM2_DEFAULT_ID, answerTranscriptF('OSP1-F-E', c, header2, request, answer.rn), answer.signature))
  )
    throw authFailed()
  return answer.rn.readUInt32BE(1)
}
