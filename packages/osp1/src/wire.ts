import { DecodeError, decodeApdu, encodeApdu } from '@zhuzhan/dlt698'
import type { SecurityRequest, SecurityResponse } from '@zhuzhan/dlt698'
import { readU64 } from './bytes.js'
import { recordAttach, recordSid } from './record.js'
import type { RecordMode, SealedRecord } from './record.js'

/** The SECURITY services as OSP-1 fills them. Lengths are not covered by any MAC, so any legal form of them is accepted. */

function parse(bytes: Uint8Array): ReturnType<typeof decodeApdu> | undefined {
  try {
    return decodeApdu(bytes)
  } catch (error) {
    if (error instanceof DecodeError) return undefined
    throw error
  }
}

export function parseSecurityRequest(bytes: Uint8Array): SecurityRequest | undefined {
  const apdu = parse(bytes)
  return apdu?.apdu === 'security-request' ? apdu : undefined
}

export function parseSecurityResponse(bytes: Uint8Array): SecurityResponse | undefined {
  const apdu = parse(bytes)
  return apdu?.apdu === 'security-response' ? apdu : undefined
}

const SID = ([0, 1] as const).map((mode) => recordSid(mode).toString('hex').toUpperCase()) as [string, string]

const formOf = (mode: RecordMode): 'plain' | 'cipher' => (mode === 0 ? 'plain' : 'cipher')

/** 10 | 00 or 01 | data | 00 | SID | attach | MAC. §7.4 */
export function recordRequest(mode: 0 | 1, seq: number, task: number, record: SealedRecord): Buffer {
  return encodeApdu({
    apdu: 'security-request',
    form: formOf(mode),
    content: record.data,
    verification: { kind: 'sid-mac', sid: SID[mode], attach: recordAttach(seq, task), mac: record.mac },
  })
}

/** 90 | 00, 01 or 02 | data | 01 00 MAC. */
export function recordResponse(mode: RecordMode, record: SealedRecord): Buffer {
  if (mode === 2) return encodeApdu({ apdu: 'security-response', form: 'dar', dar: record.data[0] ?? 255, mac: record.mac })
  return encodeApdu({ apdu: 'security-response', form: formOf(mode), content: record.data, mac: record.mac })
}

export interface RequestParts {
  mode: 0 | 1
  seq: number
  task: number
  data: Buffer
  mac: Buffer
}

/** The parts of a record going down; undefined when it is none (SID, attach or form differ). */
export function readRecordRequest(apdu: SecurityRequest): RequestParts | undefined {
  const { form, content, verification } = apdu
  if (verification.kind !== 'sid-mac' || verification.attach.length !== 9) return undefined
  const mode = form === 'plain' ? 0 : 1
  if (verification.sid !== SID[mode]) return undefined
  const seq = readU64(verification.attach.subarray(0, 8))
  if (seq === undefined) return undefined
  return { mode, seq, task: verification.attach[8] ?? 0, data: content, mac: verification.mac }
}

/** The parts of an answer coming up; a mode 2 answer carries its DAR as data. Undefined without a MAC. */
export function readRecordResponse(apdu: SecurityResponse): { mode: RecordMode; data: Buffer; mac: Buffer } | undefined {
  if (apdu.mac === undefined) return undefined
  if (apdu.form === 'dar') return { mode: 2, data: Buffer.of(apdu.dar), mac: apdu.mac }
  return { mode: apdu.form === 'plain' ? 0 : 1, data: apdu.content, mac: apdu.mac }
}
