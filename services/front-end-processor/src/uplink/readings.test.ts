import { oadText } from '@zhuzhan/core'
import type { Reading } from '@zhuzhan/contracts'
import type { ReportNotification, ResultRecord } from '@zhuzhan/dlt698'
import { apdu } from '../test-support/hex.js'
import { METER, TERMINAL, terminalRecord } from '../test-support/records.js'
import { listReadings, recordReadings } from './readings.js'
import type { ReadingContext } from './readings.js'

const RECEIVED = Date.UTC(2026, 9, 5, 4, 0, 0)
/** 07EA0A05000000: local midnight of 5 October 2026 at +08:00. */
const MIDNIGHT = '07EA0A05000000'
const MIDNIGHT_MS = Date.UTC(2026, 9, 4, 16)
const context = (more: Partial<ReadingContext> = {}): ReadingContext => ({ terminal: terminalRecord(), meter: TERMINAL, receivedAt: RECEIVED, source: 'report', ...more })

/** RCSD, then the rows, as in a REPORT-Notification of one record (reference §3.4, §4.7). */
const record = (rcsd: string, rows: string, oad = '60120300'): ResultRecord => {
  const report = apdu(`88 02 01 01 ${oad} ${rcsd} 01 ${rows} 0000`) as Extract<ReportNotification, { choice: 'record-list' }>
  return report.records[0]!
}
const list = (results: string): Reading[] => {
  const report = apdu(`88 01 01 ${results} 0000`) as Extract<ReportNotification, { choice: 'normal-list' }>
  return listReadings(report.results, context())
}
const short = (readings: readonly Reading[]): string[] => readings.map((one) => `${one.meter} ${oadText(one.item)} ${one.value} at ${new Date(one.time).toISOString()} ${one.quality}`)

describe('whose reading it is', () => {
  const energy = '00 00100201'
  const row = (meter: string): string => `01 ${meter} 1C ${MIDNIGHT} 06 0001E240`

  test('a TSA column names the meter', () => {
    const { readings, strangers } = recordReadings(record(`03 00 202A0200 00 20210200 ${energy}`, row(`55 07 05 ${METER}`)), context())
    expect([short(readings), strangers]).toEqual([[`${METER} 00100201 1234.56 at 2026-10-04T16:00:00.000Z terminal`], []])
  })

  test.each([['6 bytes', `06 ${METER}`, METER], ['short', '02 0011', METER], ['8 bytes', `08 0000${METER}`, METER], ['filled with F', '06 0000000011FF', '000000000011']])(
    'an octet-string column of %s does too', (_what, bytes, meter) => {
      const { readings } = recordReadings(record(`03 00 40010200 00 20210200 ${energy}`, row(`09 ${bytes}`)), context())
      expect(readings.map((one) => one.meter)).toEqual([meter])
    })

  test('without such a column, or with NULL in it, it is the asked one', () => {
    expect(recordReadings(record(`02 00 20210200 ${energy}`, `01 1C ${MIDNIGHT} 06 00000001`), context({ meter: METER })).readings[0]?.meter).toBe(METER)
    expect(recordReadings(record(`03 00 202A0200 00 20210200 ${energy}`, row('00')), context()).readings[0]?.meter).toBe(TERMINAL)
  })

  test.each([['hex digits', '55 07 05 AB0000000011'], ['more than twelve digits', `55 09 07 0001${METER}`], ['nothing at all', '55 01 05'], ['an empty string', '09 00']])(
    'a cell with %s is a stranger, never the terminal itself', (_what, cell) => {
      const { readings, strangers } = recordReadings(record(`03 00 202A0200 00 20210200 ${energy}`, `01 ${cell} 1C ${MIDNIGHT} 06 00000001`), context())
      expect([readings, strangers.length]).toEqual([[], 1])
    })

  test('a meter that is not registered behind this terminal is named and nothing of it taken', () => {
    const two = `02 55 07 05 999999999999 1C ${MIDNIGHT} 06 00000001 55 07 05 ${METER} 1C ${MIDNIGHT} 06 00000002`
    const { readings, strangers } = recordReadings(record(`03 00 202A0200 00 20210200 ${energy}`, two), context())
    expect([readings.map((one) => one.value), strangers]).toEqual([['0.02'], ['999999999999']])
  })
})

describe('when it holds', () => {
  const columns = { freeze: '20210200', storage: '60420200', start: '60400200', success: '60410200' }
  const dts = (second: string): string => `1C 07EA0A050000${second}`
  const second = (reading: Reading | undefined): number => ((reading?.time ?? 0) - MIDNIGHT_MS) / 1000

  test('freeze time before storage, start and success, in whatever order the columns stand', () => {
    const all = record(`05 00 ${columns.success} 00 ${columns.start} 00 ${columns.storage} 00 ${columns.freeze} 00 20000201`, `01 ${dts('04')} ${dts('03')} ${dts('02')} ${dts('01')} 12 0898`)
    expect(second(recordReadings(all, context()).readings[0])).toBe(1)
    const without = record(`04 00 ${columns.success} 00 ${columns.start} 00 ${columns.storage} 00 20000201`, `01 ${dts('04')} ${dts('03')} ${dts('02')} 12 0898`)
    expect(second(recordReadings(without, context()).readings[0])).toBe(2)
    const last = record(`03 00 ${columns.success} 00 ${columns.start} 00 20000201`, `01 ${dts('04')} ${dts('03')} 12 0898`)
    expect(second(recordReadings(last, context()).readings[0])).toBe(3)
  })

  test('a column that is NULL or no date gives way to the next, and none of them to the reception', () => {
    const rcsd = `03 00 ${columns.freeze} 00 ${columns.success} 00 20000201`
    expect(second(recordReadings(record(rcsd, `01 00 ${dts('04')} 12 0898`), context()).readings[0])).toBe(4)
    expect(second(recordReadings(record(rcsd, `01 1C FFFFFFFFFFFFFF ${dts('04')} 12 0898`), context()).readings[0])).toBe(4)
    expect(recordReadings(record(rcsd, '01 00 00 12 0898'), context()).readings[0]).toMatchObject({ time: RECEIVED, quality: 'received-time' })
  })

  test('the zone is the terminal\'s', () => {
    const { readings } = recordReadings(record('02 00 20210200 00 20000201', `01 ${dts('00')} 12 0898`), context({ terminal: terminalRecord({ utcOffsetMinutes: 345 }) }))
    expect(readings[0]?.time).toBe(Date.UTC(2026, 9, 4, 18, 15))
  })

  test('a collected value keeps the quality it is given', () => {
    const { readings } = recordReadings(record('02 00 20210200 00 20000201', `01 ${dts('00')} 12 0898`), context({ source: 'poll', quality: 'recollected' }))
    expect(readings[0]).toMatchObject({ source: 'poll', quality: 'recollected' })
  })
})

describe('what it is', () => {
  test('arrays give one reading an element; NULL and fillers give none', () => {
    const rows = `01 1C ${MIDNIGHT} 01 03 12 0898 12 FFFF 12 089A 00`
    const { readings } = recordReadings(record('03 00 20210200 00 20000200 00 20010200', rows, '50020200'), context())
    expect(short(readings).map((one) => one.slice(13, 28))).toEqual(['20000201 220.0 ', '20000203 220.2 '])
  })

  test('a maximum demand carries the moment it occurred; reference §8.1', () => {
    const { readings } = recordReadings(record('02 00 20210200 00 10100200', `01 1C ${MIDNIGHT} 01 01 02 02 06 00003039 1C 07EA0A050C1E00`, '50060200'), context())
    expect(readings).toEqual([{ meter: TERMINAL, item: 0x10100201, time: MIDNIGHT_MS, value: '1.2345', quality: 'measured', source: 'report', occurredAt: Date.UTC(2026, 9, 5, 4, 30) }])
  })

  test('a demand that never occurred has no moment', () => {
    const { readings } = recordReadings(record('02 00 20210200 00 10100200', `01 1C ${MIDNIGHT} 01 01 02 02 06 00000000 1C FFFFFFFFFFFFFF`, '50060200'), context())
    expect(readings).toHaveLength(1)
    expect(readings[0]).not.toHaveProperty('occurredAt')
  })

  test('a ROAD is read flattened and nested alike; UNSURE, reference §3.4', () => {
    const rcsd = '02 00 20210200 01 50040200 02 00100201 00200201'
    const flat = recordReadings(record(rcsd, `01 1C ${MIDNIGHT} 06 00000001 06 00000002`), context())
    const nested = recordReadings(record(rcsd, `01 1C ${MIDNIGHT} 01 02 06 00000001 06 00000002`), context())
    expect(short(flat.readings)).toEqual([`${TERMINAL} 00100201 0.01 at 2026-10-04T16:00:00.000Z measured`, `${TERMINAL} 00200201 0.02 at 2026-10-04T16:00:00.000Z measured`])
    expect(nested).toEqual(flat)
  })

  test('time and meter columns are no readings, nor is what the catalogue does not know', () => {
    expect(recordReadings(record('03 00 20210200 00 20230200 00 F1010200', `01 1C ${MIDNIGHT} 06 00000007 16 01`), context())).toEqual({ readings: [], strangers: [] })
  })
})

test('a list of attributes: the terminal\'s own, of the time among them or of their reception', () => {
  expect(short(list('02 20210200 01 1C 07EA0A05000000 00100201 01 06 0001E240'))).toEqual([`${TERMINAL} 00100201 1234.56 at 2026-10-04T16:00:00.000Z measured`])
  expect(short(list('03 20000201 01 12 0898 20010201 00 04 20040201 01 05 FFFFFFFF'))).toEqual([
    `${TERMINAL} 20000201 220.0 at 2026-10-05T04:00:00.000Z received-time`, `${TERMINAL} 20040201 -0.1 at 2026-10-05T04:00:00.000Z received-time`])
})

test('the recorded curve of the reference §9.3', () => {
  const rcsd = '03 00 20210200 00 00100200 00 00200200'
  const { readings } = recordReadings(record(rcsd, '01 1C 07E10419000F00 01 05 06 000900B0 06 0001D4C0 06 0001D4C0 06 0001D4C0 06 0001D4C0 01 05 06 00000000 06 00000000 06 00000000 06 00000000 06 00000000', '50020200'), context({ meter: METER }))
  expect(readings).toHaveLength(10)
  expect(readings[0]).toMatchObject({ meter: METER, item: 0x00100201, value: '5900.00', time: Date.UTC(2017, 3, 24, 16, 15), quality: 'terminal' })
})
