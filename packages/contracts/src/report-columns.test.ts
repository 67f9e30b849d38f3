import fc from 'fast-check'
import type { CryptoOutcome, CryptoRequest } from './crypto-machine.js'
import { packReportOutcomes, packReportRequests, readReportOutcomes, readReportRequests } from './report-columns.js'

const address = fc.stringMatching(/^[0-9]{12}$/)
const token = fc.stringMatching(/^[0-9A-F]{32}$/)
const apdu = fc.uint8Array({ minLength: 1, maxLength: 300 }).map((bytes) => Buffer.from(bytes))
const open: fc.Arbitrary<CryptoRequest<'openReport'>> = fc.record({ address, apdu })
const confirm: fc.Arbitrary<CryptoRequest<'confirmReport'>> = fc.record({ address, token, apdu })
const refusal = fc.constantFrom<CryptoOutcome<'openReport' & 'confirmReport'>>(
  { ok: false, code: 'AUTH_FAILED' }, { ok: false, code: 'COUNTER', context: { reason: 'stale', rspctr: 7, known: false } })
const opened: fc.Arbitrary<CryptoOutcome<'openReport'>> = fc.oneof(refusal, fc.record({ ok: fc.constant(true as const), value: fc.record({ state: fc.constantFrom('new' as const, 'repeat' as const), apdu, token, replayChecked: fc.boolean() }) }))
const confirmed: fc.Arbitrary<CryptoOutcome<'confirmReport'>> = fc.oneof(refusal, fc.record({ ok: fc.constant(true as const), value: fc.record({ apdu }) }))
const list = <T>(of: fc.Arbitrary<T>) => fc.array(of, { minLength: 1, maxLength: 8 })

test('requests and outcomes come back as they were', () => {
  fc.assert(fc.property(list(open), (requests) => { expect(readReportRequests('openReport', packReportRequests('openReport', requests)!)).toEqual(requests) }))
  fc.assert(fc.property(list(confirm), (requests) => { expect(readReportRequests('confirmReport', packReportRequests('confirmReport', requests)!)).toEqual(requests) }))
  fc.assert(fc.property(list(opened), (outcomes) => { expect(readReportOutcomes('openReport', packReportOutcomes('openReport', outcomes), outcomes.length)).toEqual(outcomes) }))
  fc.assert(fc.property(list(confirmed), (outcomes) => { expect(readReportOutcomes('confirmReport', packReportOutcomes('confirmReport', outcomes), outcomes.length)).toEqual(outcomes) }))
})

test('what is cut off, longer, or counts otherwise is refused', () => {
  fc.assert(fc.property(confirm, fc.nat(), (request, at) => {
    const bytes = packReportRequests('confirmReport', [request])!
    expect(() => readReportRequests('confirmReport', bytes.subarray(0, 1 + (at % (bytes.length - 1))))).toThrow(RangeError)
  }))
  fc.assert(fc.property(list(opened), (outcomes) => {
    const bytes = packReportOutcomes('openReport', outcomes)
    expect(() => readReportOutcomes('openReport', bytes, outcomes.length + 1)).toThrow(RangeError)
    expect(() => readReportOutcomes('openReport', bytes, outcomes.length - 1)).toThrow(RangeError)
    expect(() => readReportOutcomes('openReport', bytes.subarray(0, -1), outcomes.length)).toThrow()
  }))
})

test('what fits no schema is not packed, nor read', () => {
  const good = { address: '000000000001', token: 'AB'.repeat(16), apdu: Buffer.of(8) }
  for (const wrong of [{ address: '1' }, { apdu: Buffer.alloc(0) }, { apdu: Buffer.alloc(65_201) }, { token: 'AB' }]) expect(packReportRequests('confirmReport', [good, { ...good, ...wrong }])).toBeUndefined()
  expect(packReportRequests('confirmReport', Array.from({ length: 1_025 }, () => good))).toBeUndefined()
  for (const wrong of [{ address: '00000000000x' }, { token: 'ab'.repeat(16) }, { token: '\u0000'.repeat(32) }]) expect(() => readReportRequests('confirmReport', packReportRequests('confirmReport', [{ ...good, ...wrong }])!)).toThrow(RangeError)
})
