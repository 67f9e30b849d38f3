import { dateTimeSToEpoch, decodeApdu, encodeApdu, epochToDateTimeS } from '@zhuzhan/dlt698'
import type { Apdu, Data, RecordRequest } from '@zhuzhan/dlt698'

const ZONE_MINUTES = 480
const DAY_MS = 86_400_000
/** Choice and PIID-ACD follow the tag. */
const PIID_AT = 2
const REGISTERS = new Set(['00100200', '00200200'])

/**
 * Answers of a load terminal's chip and of the meters behind it: the clock, day freezes, and what the terminal has collected of them. The first request of a form is
 * decoded and its answer encoded; further ones that differ only in PIID and meter get the same bytes with theirs.
 */
export function createReadAnswers(): (apdu: Buffer) => Buffer {
  let known: { request: Buffer; answer: Buffer; meterAt: [request: number, answer: number]; size: number } | undefined
  return (bytes) => {
    if (known && bytes.length === known.request.length && alike(bytes, known)) {
      const answer = Buffer.from(known.answer)
      answer[PIID_AT] = bytes[PIID_AT]! & 0x3f
      bytes.copy(answer, known.meterAt[1], known.meterAt[0], known.meterAt[0] + known.size)
      return answer
    }
    const request = decodeApdu(bytes)
    const answer = answerOf(request)
    if (answer === undefined) return Buffer.alloc(0)
    const encoded = encodeApdu(answer)
    if (request.apdu === 'proxy-request' && request.choice === 'get-record') {
      const meter = Buffer.from(request.tsa.address, 'hex')
      const meterAt: [number, number] = [bytes.indexOf(meter), encoded.indexOf(meter)]
      if (meterAt[0] > 0 && meterAt[1] > 0) known = { request: Buffer.from(bytes), answer: encoded, meterAt, size: meter.length }
    }
    return encoded
  }
}

function alike(bytes: Buffer, { request, meterAt: [at], size }: { request: Buffer; meterAt: [number, number]; size: number }): boolean {
  return bytes.compare(request, 0, PIID_AT, 0, PIID_AT) === 0 && bytes.compare(request, PIID_AT + 1, at, PIID_AT + 1, at) === 0 && bytes.compare(request, at + size, request.length, at + size) === 0
}

function answerOf(request: Apdu): Apdu | undefined {
  if (request.apdu === 'proxy-request' && request.choice === 'get-record') {
    const { piid, tsa, record, timeTag } = request
    return { apdu: 'proxy-response', choice: 'get-record', piid: { ...piid, acd: false }, tsa, record: { oad: record.oad, rcsd: record.rcsd, rows: dayRows(record) }, followReport: undefined, timeTag }
  }
  if (request.apdu !== 'get-request') return undefined
  if (request.choice === 'record') {
    const { piid, record, timeTag } = request
    return { apdu: 'get-response', choice: 'record', piid: { ...piid, acd: false }, record: { oad: record.oad, rcsd: record.rcsd, rows: taskRows(record) }, followReport: undefined, timeTag }
  }
  if (request.choice !== 'normal') return undefined
  const result = request.oad === '40000200'
    ? { oad: request.oad, data: { type: 'date-time-s' as const, value: epochToDateTimeS(Date.now(), ZONE_MINUTES) } }
    : { oad: request.oad, dar: 4 }
  return { apdu: 'get-response', choice: 'normal', piid: { ...request.piid, acd: false }, result, followReport: undefined, timeTag: request.timeTag }
}

/** Local midnights of the range, each with five registers a column: total and four tariffs. */
function dayRows({ rsd, rcsd }: RecordRequest): Data[][] {
  if (rsd.selector !== 2 || rsd.from.type !== 'date-time-s' || rsd.to.type !== 'date-time-s') throw new Error('a range of times was expected')
  const [from, to] = [dateTimeSToEpoch(rsd.from.value, ZONE_MINUTES)!, dateTimeSToEpoch(rsd.to.value, ZONE_MINUTES)!]
  const rows: Data[][] = []
  for (let at = from; at < to; at += DAY_MS) rows.push(rcsd.map(({ oad }) => frozen(oad, at)))
  return rows
}

/** What the terminal has collected of these meters at one time. */
function taskRows({ rsd, rcsd }: RecordRequest): Data[][] {
  if (rsd.selector !== 5 || rsd.ms.choice !== 3) throw new Error('one storage time and addresses were expected')
  const at = dateTimeSToEpoch(rsd.time, ZONE_MINUTES)!
  return rsd.ms.items.map((tsa) => rcsd.flatMap((column): Data[] => ('related' in column ? column.related.map((oad) => frozen(oad, at)) : [{ type: 'tsa', tsa }])))
}

function frozen(oad: string, at: number): Data {
  if (oad === '20210200') return { type: 'date-time-s', value: epochToDateTimeS(at, ZONE_MINUTES) }
  if (!REGISTERS.has(oad)) return { type: 'null' }
  return { type: 'array', items: [1, 2, 3, 4, 5].map((n): Data => ({ type: 'double-long-unsigned', value: 100_000 * n })) }
}
