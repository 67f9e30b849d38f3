import { HesError } from '@zhuzhan/core'
import type { Clock } from '@zhuzhan/core'
import { outcomeValue } from '@zhuzhan/contracts'
import type { CryptoMachine, CryptoOutcome, CryptoResult, Reading } from '@zhuzhan/contracts'
import { CONTROL, decodeApdu } from '@zhuzhan/dlt698'
import type { LinkFrame, ReportNotification } from '@zhuzhan/dlt698'
import { currentTraceparent, withSpan } from '@zhuzhan/telemetry'
import type { Terminal } from '../terminals/terminal.js'
import type { Publisher } from './publish.js'
import { confirmation, take } from './report-content.js'
import type { Taken } from './report-content.js'

export interface SecuredReportsOptions {
  publisher: Publisher
  machine: CryptoMachine
  clock: Clock
  /** Events and what has no place among readings. Durable when it resolves. */
  keepRest(terminal: Terminal, taken: Taken, apdu: Buffer, receivedAt: number): Promise<void>
  confirmed(startedAt: number): void
  onCounterRefused(terminal: Terminal): void
}

/** Reports that travel to the machine and back together. Its pipe carries up to 1,024 in a message. */
const MAX_TOGETHER = 512
/** Reports of this time go together. Their readings wait longer for others before they become durable. */
const WINDOW_MS = 5

/** One report on its way. `settle` ends it, with the reason why it is not confirmed, or none. */
interface Waiting {
  terminal: Terminal
  frame: LinkFrame
  startedAt: number
  traceparent: string | undefined
  settle(error?: unknown): void
}

interface Opened {
  waiting: Waiting
  token: string
  inner: Buffer
  report: ReportNotification
  /** Undefined for a report that was stored before: only its confirmation was lost. */
  taken: Taken | undefined
}

/**
 * Protected reports, opened, made durable and confirmed as many at a time as came in a few milliseconds: what a report costs
 * is mostly what a step of its own would cost. A report that fails does so alone.
 * @returns resolves when the report is confirmed; rejects with why it is not
 */
export function createSecuredReports(options: SecuredReportsOptions): (terminal: Terminal, frame: LinkFrame) => Promise<void> {
  const { publisher, machine, clock, keepRest, confirmed, onCounterRefused } = options
  let gathered: Waiting[] = []
  let timer: NodeJS.Timeout | undefined

  const leave = (): void => {
    clearTimeout(timer)
    const together = gathered
    gathered = []
    if (together.length === 0) return
    handle(together).catch((error: unknown) => { for (const one of together) one.settle(error) })
  }

  /** Opens and decodes; who does not get through ends here. */
  const open = async (together: readonly Waiting[]): Promise<Opened[]> => {
    const outcomes = await withSpan('crypto.session.open', () => machine.openReport(together.map(({ terminal, frame }) => ({ address: terminal.address, apdu: frame.data }))), spanOf(together))
    const receivedAt = clock.now()
    const opened: Opened[] = []
    for (const [index, waiting] of together.entries()) {
      try {
        opened.push(withSpan('fep.apdu.decode', () => read(waiting, outcomes[index], receivedAt), { parent: waiting.traceparent }))
      } catch (error) {
        waiting.settle(error)
      }
    }
    return opened
  }

  const read = (waiting: Waiting, outcome: CryptoOutcome<'openReport'> | undefined, receivedAt: number): Opened => {
    const { terminal } = waiting
    if (outcome?.ok === false && outcome.code === 'COUNTER') onCounterRefused(terminal)
    const { apdu, state, replayChecked, token }: CryptoResult<'openReport'> = outcomeValue<'openReport'>(outcome)
    const inner = Buffer.from(apdu.buffer, apdu.byteOffset, apdu.length)
    const report = decodeApdu(inner, { tolerant: true })
    if (report.apdu !== 'report-notification') throw new HesError('SERVICE_ILLEGAL', `${report.apdu} inside a report`)
    const taken = state === 'new' ? take(terminal, report, receivedAt, replayChecked ? undefined : 'replay-unchecked') : undefined
    return { waiting, token, inner, report, taken }
  }

  /** Those of which everything is durable now. The others are told why not. */
  const keep = async (opened: readonly Opened[]): Promise<Opened[]> => {
    const readings: Reading[] = []
    const rest: Promise<void>[] = []
    const failed = new Map<Opened, unknown>()
    for (const one of opened) {
      if (!one.taken) continue
      for (const reading of one.taken.readings) readings.push(reading)
      if (one.taken.events.length === 0 && one.taken.leftOver === undefined) continue
      rest.push(keepRest(one.waiting.terminal, one.taken, one.inner, clock.now()).catch((error: unknown) => { failed.set(one, error) }))
    }
    if (readings.length > 0) {
      rest.push(publisher.publish(readings, opened.flatMap(({ waiting }) => waiting.traceparent ?? []))
        .catch((error: unknown) => { for (const one of opened) if (one.taken) failed.set(one, error) }))
    }
    await Promise.all(rest)
    if (failed.size === 0) return [...opened]
    for (const [{ waiting }, error] of failed) waiting.settle(error)
    return opened.filter((one) => !failed.has(one))
  }

  const handle = async (together: readonly Waiting[]): Promise<void> => {
    const durable = await keep(await open(together))
    if (durable.length === 0) return
    // Durable first; then the machine marks its replay windows and makes the authenticated answers (OSP-1 §7.5).
    const answers = await machine.confirmReport(durable.map(({ waiting, token, report }) => ({ address: waiting.terminal.address, token, apdu: confirmation(report) })))
    for (const [index, { waiting }] of durable.entries()) {
      try {
        const { apdu } = outcomeValue<'confirmReport'>(answers[index])
        waiting.terminal.reply(waiting.frame, CONTROL.clientReportAnswer, Buffer.from(apdu.buffer, apdu.byteOffset, apdu.length))
        confirmed(waiting.startedAt)
        waiting.settle()
      } catch (error) {
        waiting.settle(error)
      }
    }
  }

  return (terminal, frame) => new Promise((resolve, reject) => {
    const settle = (error?: unknown): void => (error === undefined ? resolve() : reject(error instanceof Error ? error : new HesError('INTERNAL')))
    gathered.push({ terminal, frame, startedAt: clock.monotonic(), traceparent: currentTraceparent(), settle })
    if (gathered.length >= MAX_TOGETHER) leave()
    else if (gathered.length === 1) timer = setTimeout(leave, WINDOW_MS)
  })
}

/** A span of many traces: under the first, linked with the others. */
function spanOf(together: readonly Waiting[]): { parent: string | undefined; links: string[] } {
  const [parent, ...links] = together.flatMap(({ traceparent }) => traceparent ?? [])
  return { parent, links }
}
