import { HesError } from '@zhuzhan/core'
import type { Clock } from '@zhuzhan/core'
import { outcomeValue } from '@zhuzhan/contracts'
import type { CryptoMachine, Quality, Reading, StationEvent } from '@zhuzhan/contracts'
import { CONTROL, decodeApdu, encodeApdu } from '@zhuzhan/dlt698'
import type { LinkFrame, ReportNotification, ResultRecord } from '@zhuzhan/dlt698'
import type { DeadLetter, EventLog } from '@zhuzhan/persistence'
import { currentTraceparent, metric, withSpan } from '@zhuzhan/telemetry'
import type { Terminal } from '../terminals/terminal.js'
import type { Publisher } from './publish.js'
import { listReadings, recordReadings } from './readings.js'

/** Active reports: make everything in them durable, then confirm. Never the other way round. */
export interface Reports {
  plain(terminal: Terminal, frame: LinkFrame, report: ReportNotification): Promise<void>
  /** A whole SECURITY-Request of a protected terminal. */
  secured(terminal: Terminal, frame: LinkFrame): Promise<void>
}

export interface ReportsOptions {
  publisher: Publisher
  machine: CryptoMachine
  events: EventLog
  deadLetter(letter: DeadLetter): Promise<void>
  clock: Clock
  /** Its counter is outside the machine's window. */
  onCounterRefused(terminal: Terminal): void
}

export function createReports({ publisher, machine, events, deadLetter, clock, onCounterRefused }: ReportsOptions): Reports {
  /** Everything the report says is durable when this resolves. */
  const keep = async (terminal: Terminal, report: ReportNotification, apdu: Buffer, receivedAt: number, quality?: Quality): Promise<void> => {
    const taken = take(terminal, report, receivedAt, quality)
    await publisher.publish(taken.readings)
    await events.publish(...taken.events)
    if (taken.leftOver !== undefined) {
      await deadLetter({ origin: `report/${terminal.address}`, code: 'READING_REFUSED', detail: taken.leftOver, payload: { terminal: terminal.address, apdu: apdu.toString('hex').toUpperCase(), receivedAt } })
    }
  }

  const confirmed = (startedAt: number): void => {
    metric('fep_reports_acknowledged').add(1)
    metric('fep_report_ack_seconds').record((clock.monotonic() - startedAt) / 1000)
  }

  return {
    plain: async (terminal, frame, report) => {
      const startedAt = clock.monotonic()
      const { at } = terminal.reports.firstSeen(frame.data)
      await keep(terminal, report, frame.data, at)
      // The readings are durable: here, and only here, a plain report is acknowledged.
      terminal.reply(frame, CONTROL.clientReportAnswer, confirmation(report))
      confirmed(startedAt)
    },
    secured: async (terminal, frame) => {
      const startedAt = clock.monotonic()
      const [outcome] = await withSpan('crypto.session.open', () => machine.openReport([{ address: terminal.address, apdu: frame.data }]))
      if (outcome?.ok === false && outcome.code === 'COUNTER') onCounterRefused(terminal)
      const opened = outcomeValue<'openReport'>(outcome)
      const inner = Buffer.from(opened.apdu)
      const report = withSpan('fep.apdu.decode', () => decodeApdu(inner, { tolerant: true }))
      if (report.apdu !== 'report-notification') throw new HesError('SERVICE_ILLEGAL', `${report.apdu} inside a report`)
      if (opened.state === 'new') await keep(terminal, report, inner, clock.now(), opened.replayChecked ? undefined : 'replay-unchecked')
      // Durable first; then the machine marks its replay window and makes the authenticated answer (OSP-1 §7.5).
      const [answer] = await machine.confirmReport([{ address: terminal.address, token: opened.token, apdu: confirmation(report) }])
      terminal.reply(frame, CONTROL.clientReportAnswer, Buffer.from(outcomeValue<'confirmReport'>(answer).apdu))
      confirmed(startedAt)
    },
  }
}

/** REPORT-Response: priority and number of the notification, ACD cleared, the OADs that were received. Reference §4.7. */
function confirmation(report: ReportNotification): Buffer {
  const piid = { ...report.piid, acd: false }
  const tail = { timeTag: undefined }
  if (report.choice === 'transparent') return encodeApdu({ apdu: 'report-response', choice: 'transparent', piid, ...tail })
  const oads = report.choice === 'normal-list' ? report.results.map((result) => result.oad) : report.records.map((record) => record.oad)
  return encodeApdu({ apdu: 'report-response', choice: report.choice, piid, oads, ...tail })
}

interface Taken {
  readings: Reading[]
  events: StationEvent[]
  /** Why part of the report has no place among readings and events; it is kept whole. */
  leftOver?: string
}

function take(terminal: Terminal, report: ReportNotification, receivedAt: number, quality: Quality | undefined): Taken {
  const context = { terminal: terminal.record, meter: terminal.address, receivedAt, source: 'report' as const, ...(quality === undefined ? {} : { quality }) }
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
    taken.readings.push(...readings)
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
