import { CryptoRefusal } from './crypto-machine.js'
import type { CryptoOutcome, CryptoRequest } from './crypto-machine.js'

/**
 * Batches of reports on the pipe to the crypto machine: one run of bytes for all requests of a message, one for all outcomes. As maps of
 * MessagePack, each checked by its schema, they cost both sides more than the ciphers did. Integers are big-endian; whatever is read here
 * fits the schemas of `openReport` and `confirmReport`, for nothing checks it again.
 *
 * Request: address, 12 digits | confirmReport: token, 32 characters | u16 length | APDU.
 * Outcome: 0 refused: u16 length, JSON of the refusal; else 1, and of openReport 2 for `repeat` and 4 for `replayChecked` besides, its token; u16 length | APDU.
 */
export const REPORT_COLUMNS = { openReport: 'openReportColumns', confirmReport: 'confirmReportColumns' } as const
export type ReportOperation = keyof typeof REPORT_COLUMNS

const ADDRESS = 12
const TOKEN = 32
const MOST_APDU = 65_200
/** As many as a message of single requests may carry. */
export const MOST_REPORTS = 1_024
const OK = 1
const REPEAT = 2
const CHECKED = 4

type Outcomes<O extends ReportOperation> = readonly CryptoOutcome<O>[]

/** Undefined when a request would not fit: then the batch must go as single requests, each to be judged for itself. */
export function packReportRequests<O extends ReportOperation>(op: O, requests: readonly CryptoRequest<O>[]): Buffer | undefined {
  if (requests.length > MOST_REPORTS) return undefined
  const head = ADDRESS + (op === 'confirmReport' ? TOKEN : 0) + 2
  let size = 0
  for (const { address, apdu } of requests) {
    if (address.length !== ADDRESS || apdu.length === 0 || apdu.length > MOST_APDU) return undefined
    size += head + apdu.length
  }
  const out = Buffer.allocUnsafe(size)
  let at = 0
  for (const request of requests) {
    at += out.write(request.address, at, 'latin1')
    if ('token' in request) {
      if (request.token.length !== TOKEN) return undefined
      at += out.write(request.token, at, 'latin1')
    }
    at = putApdu(out, at, request.apdu)
  }
  return out
}

/** The requests; APDUs are views. @throws RangeError when the bytes are none */
export function readReportRequests<O extends ReportOperation>(op: O, bytes: Uint8Array): CryptoRequest<O>[] {
  const from = bufferOf(bytes)
  const requests: CryptoRequest<ReportOperation>[] = []
  let at = 0
  while (at < from.length) {
    if (requests.length === MOST_REPORTS) throw new RangeError(`more than ${MOST_REPORTS} reports`)
    const address = digits(from, at)
    at += ADDRESS
    if (op === 'openReport') {
      const apdu = apduAt(from, at)
      at += 2 + apdu.length
      requests.push({ address, apdu })
    } else {
      const token = tokenAt(from, at)
      at += TOKEN
      const apdu = apduAt(from, at)
      at += 2 + apdu.length
      requests.push({ address, token, apdu })
    }
  }
  return requests as CryptoRequest<O>[]
}

export function packReportOutcomes<O extends ReportOperation>(op: O, outcomes: Outcomes<O>): Buffer {
  const refusals = new Map<object, Buffer>()
  let size = 0
  for (const outcome of outcomes) {
    if (outcome.ok) size += 1 + (op === 'openReport' ? TOKEN : 0) + 2 + outcome.value.apdu.length
    else {
      const text = Buffer.from(JSON.stringify(outcome))
      refusals.set(outcome, text)
      size += 3 + text.length
    }
  }
  const out = Buffer.allocUnsafe(size)
  let at = 0
  for (const outcome of outcomes) {
    if (!outcome.ok) {
      at = putApdu(out, out.writeUInt8(0, at), refusals.get(outcome) as Buffer)
      continue
    }
    const { value } = outcome
    if ('token' in value) {
      out[at] = OK | (value.state === 'repeat' ? REPEAT : 0) | (value.replayChecked ? CHECKED : 0)
      at += 1 + out.write(value.token, at + 1, 'latin1')
    } else out[at++] = OK
    at = putApdu(out, at, value.apdu)
  }
  return out
}

/** As many outcomes as there were requests; APDUs are views. @throws when the bytes are none */
export function readReportOutcomes<O extends ReportOperation>(op: O, bytes: Uint8Array, count: number): CryptoOutcome<O>[] {
  const from = bufferOf(bytes)
  const outcomes: CryptoOutcome<ReportOperation>[] = []
  let at = 0
  while (at < from.length && outcomes.length < count) {
    const kind = from[at++] as number
    if (kind === 0) {
      const text = apduAt(from, at)
      at += 2 + text.length
      outcomes.push(CryptoRefusal.parse(JSON.parse(text.toString())))
    } else if (op === 'openReport') {
      const token = tokenAt(from, at)
      const apdu = apduAt(from, at + TOKEN)
      at += TOKEN + 2 + apdu.length
      outcomes.push({ ok: true, value: { state: kind & REPEAT ? 'repeat' : 'new', apdu, token, replayChecked: (kind & CHECKED) !== 0 } })
    } else {
      const apdu = apduAt(from, at)
      at += 2 + apdu.length
      outcomes.push({ ok: true, value: { apdu } })
    }
  }
  if (outcomes.length !== count || at !== from.length) throw new RangeError(`outcomes of ${count} reports expected`)
  return outcomes as CryptoOutcome<O>[]
}

function putApdu(out: Buffer, at: number, apdu: Uint8Array): number {
  out[at] = apdu.length >> 8
  out[at + 1] = apdu.length
  out.set(apdu, at + 2)
  return at + 2 + apdu.length
}

/** Bytes with their length before them. */
function apduAt(from: Buffer, at: number): Buffer {
  const length = at + 2 > from.length ? 0 : ((from[at] as number) << 8) | (from[at + 1] as number)
  if (length === 0 || length > MOST_APDU || at + 2 + length > from.length) throw new RangeError(`no APDU at ${at}`)
  return from.subarray(at + 2, at + 2 + length)
}

function digits(from: Buffer, at: number): string {
  if (at + ADDRESS > from.length) throw new RangeError(`no address at ${at}`)
  for (let n = at; n < at + ADDRESS; n++) if ((from[n] as number) < 0x30 || (from[n] as number) > 0x39) throw new RangeError(`no digit at ${n}`)
  return from.toString('latin1', at, at + ADDRESS)
}

/** 0-9 and A-F. */
function tokenAt(from: Buffer, at: number): string {
  if (at + TOKEN > from.length) throw new RangeError(`no token at ${at}`)
  for (let n = at; n < at + TOKEN; n++) {
    const c = from[n] as number
    if (c < 0x30 || c > 0x46 || (c > 0x39 && c < 0x41)) throw new RangeError(`no hex digit at ${n}`)
  }
  return from.toString('latin1', at, at + TOKEN)
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
