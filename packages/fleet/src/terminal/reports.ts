import { errorText } from '@zhuzhan/core'
import { CONTROL } from '@zhuzhan/dlt698'
import type { LinkControl, LinkFrame, ReportNotification } from '@zhuzhan/dlt698'
import type { Appointment } from '../run/scheduler.js'
import type { FleetContext } from './context.js'
import { notification } from './report-content.js'
import type { ReportContent } from './report-content.js'
import { readingsOf } from './report-readings.js'
import type { ReportSealer, SealedReport } from './report-sealer.js'

/**
 * Reports of one terminal, each kept until its confirmation came: sent, repeated with the same bytes after a timeout,
 * and after the last repetition tried again after a rest or a new login. In order, a few at a time, so that the
 * numbers (0..63) of what is in flight never meet.
 */
export interface Reports {
  add(content: ReportContent): void
  /** An answer to a report (C 03). */
  onAnswer(frame: LinkFrame): void
  onReady(): void
  onLost(): void
  /** The keys' memory was lost with the power: what waits is sealed anew. */
  powerLoss(): void
  readonly waiting: number
  readonly made: number
  readonly acknowledged: number
}

export interface ReportsOptions {
  address: string
  context: FleetContext
  sealer: ReportSealer
  send(control: LinkControl, data: Buffer): void
  isReady(): boolean
}

const IN_FLIGHT = 8
/** A terminal's memory for reports is finite; what does not fit is not made, the freezes still hold it. */
const MAX_WAITING = 256
/** Old reports a replaying terminal remembers. */
const REMEMBERED = 4

interface Kept {
  /** Within the terminal, for the ledger. */
  serial: number
  report: ReportNotification
  sealed?: SealedReport
  sealing?: boolean
  tries: number
  timeout?: Appointment
}

export function createReports({ address, context, sealer, send, isReady }: ReportsOptions): Reports {
  const { scheduler, counts, settings, faults, ledger, clock, log } = context
  let kept: Kept[] = []
  let number = 0
  let made = 0
  let acknowledged = 0
  let rest: Appointment | undefined
  let confirmed: Buffer[] = []

  function add(content: ReportContent): void {
    if (kept.length >= MAX_WAITING) {
      counts.reportsSkipped++
      return
    }
    number = (number + 1) % 64
    made++
    counts.reportsMade++
    kept.push({ serial: made, report: notification(content, number), tries: 0 })
    pump()
  }

  function pump(): void {
    if (!isReady() || rest !== undefined || faults.get(address, 'silent')) return
    for (const report of kept.slice(0, IN_FLIGHT)) {
      if (report.timeout === undefined && !report.sealing) begin(report)
    }
  }

  function begin(one: Kept): void {
    transmit(one).catch((error: unknown) => log.warn({ terminal: address, err: errorText(error) }, 'report not sent'))
  }

  async function transmit(one: Kept): Promise<void> {
    one.sealing = true
    try {
      if (one.sealed === undefined) one.sealed = await sealer.seal(one.report)
      else one.sealed = { id: one.sealed.id, apdu: await sealer.repeat(one.sealed) }
    } finally {
      one.sealing = false
    }
    if (!isReady() || !kept.includes(one)) return
    if (one.tries++ > 0) counts.reportsRepeated++
    put(one.sealed.apdu)
    if (faults.get(address, 'duplicate-report')) put(one.sealed.apdu)
    const old = one.tries === 1 && faults.get(address, 'replay') ? confirmed[0] : undefined
    if (old) put(old)
    one.timeout = scheduler.after(settings.reportTimeoutMs, () => timedOut(one))
  }

  function put(apdu: Buffer): void {
    counts.reportsSent++
    send(CONTROL.serverReport, apdu)
  }

  function timedOut(one: Kept): void {
    delete one.timeout
    if (one.tries <= settings.reportRepeats) return begin(one)
    // The station does not confirm now. Rest, then begin again with the oldest.
    rest ??= scheduler.after(settings.reportRestMs, again)
  }

  function again(): void {
    rest?.cancel()
    rest = undefined
    for (const one of kept) {
      one.tries = Math.min(one.tries, 1)
      one.timeout?.cancel()
      delete one.timeout
    }
    pump()
  }

  function onAnswer(frame: LinkFrame): void {
    const id = sealer.confirms(frame)
    const one = id === undefined ? undefined : kept.find((k) => k.sealed?.id === id)
    if (one === undefined) {
      counts.strayConfirmations++
      return
    }
    one.timeout?.cancel()
    kept = kept.filter((k) => k !== one)
    acknowledged++
    counts.reportsAcknowledged++
    const readings = readingsOf(one.report, address, settings.zone)
    counts.readingsAcknowledged += readings.length
    ledger.acknowledged({ at: clock.now(), terminal: address, report: one.serial, readings })
    confirmed = [...confirmed, one.sealed!.apdu].slice(-REMEMBERED)
    if (faults.get(address, 'duplicate-report')) put(one.sealed!.apdu)
    // It answers again: no reason to rest any longer.
    if (rest !== undefined) again()
    else pump()
  }

  return {
    add,
    onAnswer,
    onReady: again,
    onLost: () => {
      rest?.cancel()
      rest = undefined
      for (const one of kept) {
        one.timeout?.cancel()
        delete one.timeout
      }
    },
    powerLoss: () => {
      for (const one of kept) delete one.sealed
    },
    get waiting() { return kept.length },
    get made() { return made },
    get acknowledged() { return acknowledged },
  }
}
