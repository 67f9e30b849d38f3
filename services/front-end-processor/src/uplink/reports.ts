import type { Clock } from '@zhuzhan/core'
import type { CryptoMachine } from '@zhuzhan/contracts'
import { CONTROL } from '@zhuzhan/dlt698'
import type { LinkFrame, ReportNotification } from '@zhuzhan/dlt698'
import type { DeadLetter, EventLog } from '@zhuzhan/persistence'
import { metric } from '@zhuzhan/telemetry'
import type { Terminal } from '../terminals/terminal.js'
import type { Publisher } from './publish.js'
import { confirmation, take } from './report-content.js'
import type { Taken } from './report-content.js'
import { createSecuredReports } from './secured-reports.js'

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

const acknowledged = metric('fep_reports_acknowledged')
const ackSeconds = metric('fep_report_ack_seconds')

export function createReports({ publisher, machine, events, deadLetter, clock, onCounterRefused }: ReportsOptions): Reports {
  /** What is no reading is durable when this resolves. */
  const keepRest = async (terminal: Terminal, taken: Taken, apdu: Buffer, receivedAt: number): Promise<void> => {
    await events.publish(...taken.events)
    if (taken.leftOver === undefined) return
    await deadLetter({ origin: `report/${terminal.address}`, code: 'READING_REFUSED', detail: taken.leftOver, payload: { terminal: terminal.address, apdu: apdu.toString('hex').toUpperCase(), receivedAt } })
  }
  const confirmed = (startedAt: number): void => {
    acknowledged.add(1)
    ackSeconds.record((clock.monotonic() - startedAt) / 1000)
  }

  return {
    plain: async (terminal, frame, report) => {
      const startedAt = clock.monotonic()
      const { at } = terminal.reports().firstSeen(frame.data)
      const taken = take(terminal, report, at, undefined)
      await publisher.publish(taken.readings)
      await keepRest(terminal, taken, frame.data, at)
      // The readings are durable: here, and only here, a plain report is acknowledged.
      terminal.reply(frame, CONTROL.clientReportAnswer, confirmation(report))
      confirmed(startedAt)
    },
    secured: createSecuredReports({ publisher, machine, clock, keepRest, confirmed, onCounterRefused }),
  }
}
