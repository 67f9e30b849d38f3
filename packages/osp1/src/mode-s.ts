import { authFailed, sm4CbcDecrypt, sm4CbcEncrypt, sm4Cmac } from '@zhuzhan/gm-crypto'
import { label, u32, zeros } from './bytes.js'
import { deriveKey, prf } from './keys.js'
import { erase, sessionKeys } from './session-keys.js'
import type { SessionKeys } from './session-keys.js'

/** Mode S, CONNECT mechanism [2]: SM4 only, for low-cost chips. §7.2 */

const IV = zeros(16)
const FLAG = 1
/** After R1, ASCTR and FLG: 80 || 0^10. */
const PAD_1 = Buffer.from('8000000000000000000000', 'hex')
/** After R2, R1, ASCTR and sessionSeconds: 80 || 0^7. */
const PAD_2 = Buffer.from('8000000000000000', 'hex')
export const S_LENGTH = { cipher: 32, signature: 16, rn: 48, counterRn: 5 } as const

/** HE and HM of one device. */
export interface HandshakeKeys {
  cipher: Buffer
  mac: Buffer
}

export function handshakeKeys(authKey: Uint8Array, dispersion: Uint8Array): HandshakeKeys {
  return { cipher: deriveKey(authKey, 'handshakeCipher', dispersion), mac: deriveKey(authKey, 'handshakeMac', dispersion) }
}

/** What both sides know before a CONNECT: client address, authenticated address, dispersion factor, offer. */
export interface SContext {
  clientAddress: number
  ad: Uint8Array
  dispersion: Uint8Array
  header1: Uint8Array
}

/** ciphertext1 and signature1. */
export interface SRequest {
  cipher: Buffer
  signature: Buffer
}

export function requestTranscriptS(c: SContext, cipher: Uint8Array): Buffer {
  return Buffer.concat([label('OSP1-S-1'), Buffer.of(c.clientAddress), c.ad, c.dispersion, c.header1, cipher])
}

type AnswerLabel = 'OSP1-S-2' | 'OSP1-S-E'

/** T2, or the transcript of a counter answer under its own label. */
export function answerTranscriptS(name: AnswerLabel, c: SContext, header2: Uint8Array, request: SRequest, rn: Uint8Array): Buffer {
  return Buffer.concat([
    label(name),
    Buffer.of(c.clientAddress),
    c.ad,
    c.dispersion,
    c.header1,
    header2,
    request.cipher,
    request.signature,
    rn,
  ])
}

/** Client: ciphertext1 = CBC(HE, R1 || ASCTR || FLG || padding) and its CMAC. R1: 16 fresh random bytes. */
export function connectS(keys: HandshakeKeys, c: SContext, r1: Uint8Array, asctr: number): SRequest {
  const cipher = sm4CbcEncrypt(keys.cipher, IV, Buffer.concat([r1, u32(asctr), Buffer.of(FLAG), PAD_1]), 'none')
  return { cipher, signature: sm4Cmac(keys.mac).sign(requestTranscriptS(c, cipher)) }
}

/**
 * Meter: the MAC first, then decryption, then padding and flag.
 * @throws HesError AUTH_FAILED for everything that is not right
 */
export function acceptConnectS(keys: HandshakeKeys, c: SContext, request: SRequest): { r1: Buffer; asctr: number } {
  if (request.cipher.length !== S_LENGTH.cipher || request.signature.length !== S_LENGTH.signature) throw authFailed()
  if (!sm4Cmac(keys.mac).verify(request.signature, requestTranscriptS(c, request.cipher))) throw authFailed()
  const plain = sm4CbcDecrypt(keys.cipher, IV, request.cipher, 'none')
  if (plain[20] !== FLAG || !plain.subarray(21).equals(PAD_1)) throw authFailed()
  return { r1: plain.subarray(0, 16), asctr: plain.readUInt32BE(16) }
}

/** RN and serverSignature. */
export interface SAnswer {
  rn: Buffer
  signature: Buffer
}

/** Meter: RN = CBC(HE, R2 || R1 || ASCTR || sessionSeconds || padding) and the CMAC over T2. R2: 16 fresh random bytes. */
export function answerS(
  keys: HandshakeKeys,
  c: SContext,
  header2: Uint8Array,
  request: SRequest,
  opened: { r1: Buffer; asctr: number },
  r2: Uint8Array,
  sessionSeconds: number,
): SAnswer {
  const rn = sm4CbcEncrypt(keys.cipher, IV, Buffer.concat([r2, opened.r1, u32(opened.asctr), u32(sessionSeconds), PAD_2]), 'none')
  return { rn, signature: sm4Cmac(keys.mac).sign(answerTranscriptS('OSP1-S-2', c, header2, request, rn)) }
}

/**
 * Client: MAC over its own view, then R1 and ASCTR must be its own. The range of sessionSeconds is the caller's check.
 * @throws HesError AUTH_FAILED
 */
export function acceptAnswerS(
  keys: HandshakeKeys,
  c: SContext,
  header2: Uint8Array,
  request: SRequest,
  answer: SAnswer,
  sent: { r1: Uint8Array; asctr: number },
): { r2: Buffer; sessionSeconds: number } {
  if (answer.rn.length !== S_LENGTH.rn || answer.signature.length !== S_LENGTH.signature) throw authFailed()
  if (!sm4Cmac(keys.mac).verify(answer.signature, answerTranscriptS('OSP1-S-2', c, header2, request, answer.rn))) throw authFailed()
  const plain = sm4CbcDecrypt(keys.cipher, IV, answer.rn, 'none')
  const own = plain.subarray(16, 32).equals(sent.r1) && plain.readUInt32BE(32) === sent.asctr
  if (!own || !plain.subarray(40).equals(PAD_2)) throw authFailed()
  return { r2: plain.subarray(0, 16), sessionSeconds: plain.readUInt32BE(36) }
}

/** Both: K = PRF(AK, R1 || R2 || D || ASCTR || 0^4), then the session keys over the whole transcript; K is erased. */
export function sessionKeysS(
  authKey: Uint8Array,
  c: SContext,
  header2: Uint8Array,
  request: SRequest,
  answer: SAnswer,
  secrets: { r1: Uint8Array; r2: Uint8Array; asctr: number },
): SessionKeys {
  const master = sessionMasterS(authKey, c.dispersion, secrets)
  const transcript = [
    requestTranscriptS(c, request.cipher),
    request.signature,
    answerTranscriptS('OSP1-S-2', c, header2, request, answer.rn),
    answer.signature,
  ]
  const keys = sessionKeys(master, transcript, c.dispersion, secrets.asctr)
  erase(master)
  return keys
}

/** K itself; exported for the vectors. */
export function sessionMasterS(
  authKey: Uint8Array,
  dispersion: Uint8Array,
  secrets: { r1: Uint8Array; r2: Uint8Array; asctr: number },
): Buffer {
  return prf(authKey, 'OSP1-SMK', Buffer.concat([secrets.r1, secrets.r2, dispersion, u32(secrets.asctr), zeros(4)]))
}

/** Meter: authentic word that its counter stands elsewhere. It changes nothing. */
export function counterAnswerS(keys: HandshakeKeys, c: SContext, header2: Uint8Array, request: SRequest, stored: number): SAnswer {
  const rn = Buffer.concat([Buffer.of(2), u32(stored)])
  return { rn, signature: sm4Cmac(keys.mac).sign(answerTranscriptS('OSP1-S-E', c, header2, request, rn)) }
}

/** Client: the counter the meter holds. @throws HesError AUTH_FAILED */
export function acceptCounterAnswerS(keys: HandshakeKeys, c: SContext, header2: Uint8Array, request: SRequest, answer: SAnswer): number {
  const formed = answer.rn.length === S_LENGTH.counterRn && answer.rn[0] === 2 && answer.signature.length === S_LENGTH.signature
  if (!formed || !sm4Cmac(keys.mac).verify(answer.signature, answerTranscriptS('OSP1-S-E', c, header2, request, answer.rn)))
    throw authFailed()
  return answer.rn.readUInt32BE(1)
}
