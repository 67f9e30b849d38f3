import { encodeApdu } from '@zhuzhan/dlt698'
import type { ReportNotification, ResultRecord } from '@zhuzhan/dlt698'
import type { Quality, Reading, StationEvent } from '@zhuzhan/contracts'
import { currentTraceparent } from '@zhuzhan/telemetry'
import type { Terminal } from '../terminals/terminal.js'
import { listReadings, recordReadings } from './readings.js'

/** REPORT-Response: priority and number of the notification, ACD cleared, the OADs that were received. Reference §4.7. */
export function confirmation(report: ReportNotification): Buffer {
  const piid = { number: report.piid.number, priority: report.piid.priority, acd: false }
  if (report.choice === 'transparent') return encodeApdu({ apdu: 'report-response', choice: 'transparent', piid, timeTag: undefined })
  const oads = report.choice === 'normal-list' ? report.results.map((result) => result.oad) : report.records.map((record) => record.oad)
  return encodeApdu({ apdu: 'report-response', choice: report.choice, piid, oads, timeTag: undefined })
}

/** What a report says. */
export interface Taken {
  readings: Reading[]
  events: StationEvent[]
  /** Why part of the report has no place among readings and events; it is kept whole. */
  leftOver?: string
}

/** @param quality overrides what would follow from the way */
export function take(terminal: Terminal, report: ReportNotification, receivedAt: number, quality: Quality | undefined): Taken {
  const context = { terminal: terminal.record, meter: terminal.address, receivedAt, source: 'report' as const, quality }
  if (report.choice === 'transparent') return { readings: [], events: [], leftOver: `transparent report of port ${report.oad}` }
  if (report.choice === 'normal-list') {
    const readings = listReadings(report.results, context)
    return readings.length > 0 ? { readings, events: [] } : { readings, events: [], leftOver: `no known measurement among ${report.results.map((result) => result.oad).join(' ')}` }
  }
  const taken: Taken = { readings: [], events: [] }
  for (const record of report.records) {
    if (isEvent(record)) {
      // Perhaps an old one, sent again by somebody: told, but no warning.
      const unchecked = quality === 'replay-unchecked'
      taken.events.push({
        kind: 'terminal.event', severity: unchecked ? 'info' : 'warning', terminal: terminal.address, code: record.oad,
        detail: { ...plainJson(record), ...(unchecked ? { quality } : {}) },
      })
      continue
    }
    const { readings, strangers } = recordReadings(record, context)
    for (const reading of readings) taken.readings.push(reading)
    if (strangers.length > 0) taken.leftOver = `meters not registered behind this terminal: ${[...new Set(strangers)].slice(0, 10).join(' ')}`
    else if (readings.length === 0 && 'rows' in record && record.rows.length > 0) taken.leftOver = `no known measurement in ${record.oad}`
  }
  return taken
}

/** Families 30 to 33 are events (reference §7). */
function isEvent(record: ResultRecord): boolean {
  return record.oad.startsWith('3')
}

function plainJson(record: ResultRecord): Record<string, unknown> {
  return { record: JSON.parse(JSON.stringify(record, (_key, value: unknown) => (typeof value === 'bigint' ? value.toString() : value))) as unknown, traceparent: currentTraceparent() }
}
