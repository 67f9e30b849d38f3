import { z } from 'zod'
import { ERRORS, HesError } from '@zhuzhan/core'
import type { ErrorCode } from '@zhuzhan/core'
import { AUTHORITY_OPERATIONS } from './crypto-authority.js'
import { ApduBytes, CryptoToken, DeviceAddress, Nothing, SealedRecord, bytes, hexOf } from './crypto-fields.js'
import { FIRMWARE_OPERATIONS } from './crypto-firmware.js'
import { GROUP_OPERATIONS } from './crypto-groups.js'
import { KEY_UPDATE_OPERATIONS } from './crypto-key-updates.js'
import { MODULE_OPERATIONS, ModulesVerdict } from './crypto-modules.js'
import { TICKET_OPERATIONS } from './crypto-tickets.js'

/**
 * What the rest of the station may ask of the crypto machine. Only handles, tokens and finished APDUs cross this
 * boundary; a key never does (`issueKeys` is the laboratory exception and is refused in production).
 *
 * Every operation takes a BATCH and answers with outcomes in the same order: a value or an error code, each for itself.
 * Bytes are Uint8Array on the pipe (MessagePack binary) and in process alike. OSP-1 reference §7.
 */

const ConnectHeaderBytes = bytes(37)

/** `S`: SM4, for low-cost chips (CONNECT mechanism 2). `F`: SM2, forward secret (mechanism 3). Fixed per device. */
export const SecurityMode = z.enum(['S', 'F'])
export type SecurityMode = z.infer<typeof SecurityMode>

const ConnectOpen = z.strictObject({
  address: DeviceAddress,
  /** Client address of the link frame, 1 byte. */
  clientAddress: z.number().int().min(0).max(255),
  /** hdr1: the 37 octets of the CONNECT-Request from the protocol version to the connect timeout. */
  header: ConnectHeaderBytes,
})
const ConnectOpened = z.strictObject({
  exchange: CryptoToken,
  mechanism: SecurityMode,
  /** ciphertext1 (32 bytes) or ciphertext2 (69 bytes). */
  cipher: bytes(32, 69),
  /** clientSignature: CMAC (16 bytes) or SM2 signature (64 bytes). */
  signature: bytes(16, 64),
})

const ConnectFinish = z.strictObject({
  exchange: CryptoToken,
  /** hdr2: the same 37 octets of the CONNECT-Response. */
  header2: ConnectHeaderBytes,
  /** ConnectResult of the answer. */
  result: z.number().int().min(0).max(255),
  rn: bytes(0, 255).optional(),
  signature: bytes(0, 255).optional(),
})
const ConnectFinished = z.union([
  z.strictObject({
    handle: CryptoToken,
    /** How long the station may use the session: the meter's sessionSeconds less 10 %. */
    sessionSeconds: z.number().int(),
    /** A key update of this device is open: ask for its next step. */
    keyUpdate: z.literal(true).optional(),
    /** After a restore: read F100 attribute 7 in this session, until then its reports are `replay-unchecked` (§7.10). */
    countersUnknown: z.literal(true).optional(),
  }),
  /** An authentic counter answer healed the counter: call connectOpen again at once, one time. */
  z.strictObject({ counter: z.literal('retry') }),
])

const Seal = z.strictObject({ handle: CryptoToken, /** Plain APDU (GET, PROXY 1/2, RELEASE, …). */ apdu: ApduBytes })
const Open = z.strictObject({ handle: CryptoToken, /** The whole SECURITY-Response. */ apdu: ApduBytes })
const Opened = z.union([
  /** Authentic answer. `weak`: authenticated but not encrypted where encryption was due (§7.4: a policy violation to count). */
  z.strictObject({ apdu: ApduBytes, seq: z.number().int().min(0), weak: z.boolean(), /** It answered `manifestSeal`. */ modules: ModulesVerdict.optional() }),
  /** Authentic refusal by the device. */
  z.strictObject({ dar: z.number().int(), seq: z.number().int().min(0), modules: ModulesVerdict.optional() }),
  /** Unprotected DAR: a hint only. Keep waiting; never book a refusal from it. */
  z.strictObject({ hint: z.number().int() }),
])

const OpenReport = z.strictObject({
  address: DeviceAddress,
  /** The whole SECURITY-Request of the device (verification RN_MAC). */ apdu: ApduBytes,
})
const OpenedReport = z.strictObject({
  /** `repeat`: known already. Store nothing, but confirm again. */
  state: z.enum(['new', 'repeat']),
  apdu: ApduBytes,
  token: CryptoToken,
  /** After a restore the window is unknown until read in a session: readings get quality `replay-unchecked` (§7.10). */
  replayChecked: z.boolean(),
})

const ConfirmReport = z.strictObject({ address: DeviceAddress, token: CryptoToken, /** Plain REPORT-Response. */ apdu: ApduBytes })
const ProofSeal = z.strictObject({ address: DeviceAddress, /** Plain GET-Request. */ apdu: ApduBytes })
const ProofOpen = z.strictObject({ address: DeviceAddress, token: CryptoToken, /** The whole SECURITY-Response. */ apdu: ApduBytes })
const ApduResult = z.strictObject({ apdu: ApduBytes })

const IssuedModule = z.strictObject({
  slot: z.number().int().min(0).max(255),
  serial: hexOf(8),
  model: hexOf(8),
  /** What it claims of its program. */
  version: z.number().int(),
  firmware: hexOf(32),
  /** Key of its chip (purpose 5), `own` for the meter's own chip, null without a chip. */
  key: z.union([hexOf(16), z.literal('own'), z.null()]),
})

/** Laboratory key issue, design.md §3. Upper-case hex and PEM; the last three for mode F. */
export const IssuedKeys = z.strictObject({
  address: DeviceAddress,
  mode: SecurityMode,
  chipSerial: hexOf(8),
  keyVersion: z.number().int(),
  keyState: z.number().int(),
  D: hexOf(8),
  clientAddress: hexOf(1),
  masterId: hexOf(8),
  deviceKeys: z.strictObject({
    session: hexOf(16),
    report: hexOf(16),
    group: hexOf(16),
    transport: hexOf(16),
    pairing: hexOf(16),
    firmware: hexOf(16),
  }),
  /** Group id of purpose 3, when the device is in a group (§7.14). */
  groupId: hexOf(8).optional(),
  masterCertificate: z.string().optional(),
  deviceCertificate: z.string().optional(),
  devicePrivateKey: z.string().optional(),
  /** The modules the device was registered with, for a virtual one to show. §7.7 */
  modules: z.array(IssuedModule).optional(),
})
export type IssuedKeys = z.infer<typeof IssuedKeys>

export const CryptoStatus = z.strictObject({
  engine: z.string(),
  /** Why the first choice of engine does not run; empty when it does. */
  engineReason: z.string(),
  selftest: z.enum(['passed', 'failed']),
  provider: z.string(),
  /** This process owns the devices (lease held). */
  serving: z.boolean(),
  fencing: z.number().int(),
  epoch: hexOf(8),
  stationId: hexOf(8),
  sessions: z.number().int(),
  devices: z.number().int(),
})
export type CryptoStatus = z.infer<typeof CryptoStatus>

/** Each operation: what one request of a batch holds and what one result holds. */
export const CRYPTO_OPERATIONS = {
  /** Start a CONNECT. The counter is committed before this returns. One exchange is open per device: a new one drops the old. */
  connectOpen: { request: ConnectOpen, result: ConnectOpened },
  /**
   * Judge the CONNECT-Response. AUTH_FAILED (drop the answer, keep waiting: it may be forged), COUNTER, SESSION_UNKNOWN (no
   * such exchange). With the handle send a first record at once (GET 40000200): the meter's session is half-open until then.
   */
  connectFinish: { request: ConnectFinish, result: ConnectFinished },
  /** Seal one APDU for the device. TICKET_REFUSED unless its task is 3; LIMIT when 4 are in flight; BUSY mixes no tasks. */
  seal: { request: Seal, result: SealedRecord },
  /** Open one answer against the requests in flight, then the last 3 unanswered. AUTH_FAILED ends nothing: keep waiting. */
  open: { request: Open, result: Opened },
  /** Open a report that came without a session. AUTH_FAILED; COUNTER with context.reason `conflict` or `stale` (read the object instead). */
  openReport: { request: OpenReport, result: OpenedReport },
  /** Make the authenticated answer. Call it ONLY after the readings are durable: it marks the replay window first. */
  confirmReport: { request: ConfirmReport, result: ApduResult },
  /** Read proof without a session: wrap a GET (§7.5). The token is good for one answer within 5 minutes. */
  proofSeal: { request: ProofSeal, result: z.strictObject({ apdu: ApduBytes, token: CryptoToken }) },
  proofOpen: { request: ProofOpen, result: ApduResult },
  /** The request in flight timed out: its seq moves to the last 3 unanswered, so that a late answer still counts. */
  giveUp: { request: z.strictObject({ handle: CryptoToken, seq: z.number().int().min(0) }), result: Nothing },
  endSession: { request: z.strictObject({ handle: CryptoToken }), result: Nothing },
  status: { request: Nothing, result: CryptoStatus },
  /** Sign the head of the audit chain with the audit key, over auditHeadMessage(head, at). */
  signHead: {
    request: z.strictObject({
      /** Upper-case hex of 32 bytes. */ head: hexOf(32),
      /** Milliseconds since 1970 UTC. */ at: z.number().int().min(0),
    }),
    result: z.strictObject({ /** r || s, upper-case hex. */ signature: hexOf(64), keyId: z.string() }),
  },
  auditPublicKey: {
    request: Nothing,
    result: z.strictObject({ keyId: z.string(), /** 04 || x || y, upper-case hex. */ publicKey: hexOf(65) }),
  },
  /** Laboratories only. Enrols the device on first call; the same call gives the same keys; another mode needs `replace`. */
  issueKeys: {
    request: z.strictObject({ address: DeviceAddress, mode: SecurityMode, replace: z.boolean().optional() }),
    result: IssuedKeys,
  },
  ...AUTHORITY_OPERATIONS,
  ...TICKET_OPERATIONS,
  ...KEY_UPDATE_OPERATIONS,
  ...GROUP_OPERATIONS,
  ...FIRMWARE_OPERATIONS,
  ...MODULE_OPERATIONS,
} as const

export type CryptoOperation = keyof typeof CRYPTO_OPERATIONS
export type CryptoRequest<O extends CryptoOperation> = z.infer<(typeof CRYPTO_OPERATIONS)[O]['request']>
export type CryptoResult<O extends CryptoOperation> = z.infer<(typeof CRYPTO_OPERATIONS)[O]['result']>

const ErrorCodes = Object.keys(ERRORS) as [ErrorCode, ...ErrorCode[]]
/** A refusal of one item. `context` holds public attributes only. */
export const CryptoRefusal = z.strictObject({
  ok: z.literal(false),
  code: z.enum(ErrorCodes),
  context: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).optional(),
})
export type CryptoRefusal = z.infer<typeof CryptoRefusal>
export type CryptoOutcome<O extends CryptoOperation> = { ok: true; value: CryptoResult<O> } | CryptoRefusal

/** The port: implemented by the machine in process, by packages/crypto-client over the pipe, and by fakes in tests. */
export type CryptoMachine = {
  [O in CryptoOperation]: (batch: readonly CryptoRequest<O>[]) => Promise<readonly CryptoOutcome<O>[]>
}

/** The value of a single outcome. @throws HesError with the machine's code when it is a refusal or missing */
export function outcomeValue<O extends CryptoOperation>(outcome: CryptoOutcome<O> | undefined): CryptoResult<O> {
  if (!outcome) throw new HesError('INTERNAL', 'the crypto machine answered fewer results than requests')
  if (outcome.ok) return outcome.value
  throw new HesError(outcome.code, undefined, outcome.context)
}

/** What signHead signs: label(8) || at(8, ms, big-endian) || head(32). The audit key signs nothing else (§7.0). */
export function auditHeadMessage(head: Uint8Array, at: number): Buffer {
  const time = Buffer.alloc(8)
  time.writeBigUInt64BE(BigInt(at))
  return Buffer.concat([Buffer.from('ZZ-AUDIT', 'latin1'), time, head])
}

/** User ID of the signatures over audit heads: the 16-byte default of GB/T 32918, given explicitly as everywhere. */
export const AUDIT_SIGNATURE_ID = Buffer.from('1234567812345678', 'latin1')
