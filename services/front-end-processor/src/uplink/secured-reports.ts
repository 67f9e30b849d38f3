import { HesError } from '@zhuzhan/core'
import type { Clock } from '@zhuzhan/core'
import { outcomeValue } from '@zhuzhan/contracts'
import type { CryptoMachine, CryptoOutcome, CryptoResult, Reading } from '@zhuzhan/contracts'
import { CONTROL, decodeApdu } from '@zhuzhan/dlt698'
import type { LinkFrame } from '@zhuzhan/dlt698'
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

/** Reports that travel to the machine and back together. Not more: while one lot is at the machine or the disk, the next is opened. */
const MAX_TOGETHER = 256
/** Reports of this time go together, from here to the disk and back: a step costs them little more than it costs one. */
const WINDOW_MS = 50

/** One report on its way. `settle` ends it, with the reason why it is not confirmed, or none. */
interface Waiting {
  terminal: Terminal
  frame: LinkFrame
  startedAt: number
  traceparent: string | undefined
  settle(error?: unknown): void
}

/** What a report needs until it is confirmed, and no more: thousands wait for the disk, and the collector copies what lives. */
interface Opened {
  waiting: Waiting
  token: string
  /** The REPORT-Response to be authenticated. */
  answer: Buffer
}

/** Of which nothing was stored before. A repeated report has only lost its confirmation. */
interface Fresh {
  opened: Opened
  taken: Taken
  inner: Buffer
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
  const open = async (together: readonly Waiting[]): Promise<{ opened: Opened[]; fresh: Fresh[] }> => {
    const outcomes = await withSpan('crypto.session.open', () => machine.openReport(together.map(({ terminal, frame }) => ({ address: terminal.address, apdu: frame.data }))), spanOf(together))
    const receivedAt = clock.now()
    const opened: Opened[] = []
    const fresh: Fresh[] = []
    for (const [index, waiting] of together.entries()) {
      const { traceparent } = waiting
      const one = (): Opened => read(waiting, outcomes[index], receivedAt, fresh)
      try {
        opened.push(traceparent === undefined ? one() : withSpan('fep.apdu.decode', one, { parent: traceparent }))
      } catch (error) {
        waiting.settle(error)
      }
    }
    return { opened, fresh }
  }

  const read = (waiting: Waiting, outcome: CryptoOutcome<'openReport'> | undefined, receivedAt: number, fresh: Fresh[]): Opened => {
    const { terminal } = waiting
    if (outcome?.ok === false && outcome.code === 'COUNTER') onCounterRefused(terminal)
    const { apdu, state, replayChecked, token }: CryptoResult<'openReport'> = outcomeValue<'openReport'>(outcome)
    const inner = bufferOf(apdu)
    const report = decodeApdu(inner, { tolerant: true })
    if (report.apdu !== 'report-notification') throw new HesError('SERVICE_ILLEGAL', `${report.apdu} inside a report`)
    const opened = { waiting, token, answer: confirmation(report) }
    if (state === 'new') fresh.push({ opened, taken: take(terminal, report, receivedAt, replayChecked ? undefined : 'replay-unchecked'), inner })
    return opened
  }

  /** Those of which everything is durable now. The others are told why not. */
  const keep = ({ opened, fresh }: { opened: Opened[]; fresh: readonly Fresh[] }): Promise<Opened[]> => {
    const readings: Reading[] = []
    const traces: string[] = []
    const rest: Promise<void>[] = []
    const failed = new Map<Opened, unknown>()
    for (const { opened: one, taken, inner } of fresh) {
      for (const reading of taken.readings) readings.push(reading)
      if (one.waiting.traceparent !== undefined) traces.push(one.waiting.traceparent)
      if (taken.events.length === 0 && taken.leftOver === undefined) continue
      rest.push(keepRest(one.waiting.terminal, taken, inner, clock.now()).catch((error: unknown) => { failed.set(one, error) }))
    }
    const stored = readings.length > 0 ? fresh.map((one) => one.opened) : []
    if (readings.length > 0) rest.push(publisher.publish(readings, { traces, gathered: true }).catch((error: unknown) => { for (const one of stored) failed.set(one, error) }))
    // Not awaited here: an async function would hold the readings until the disk has them.
    return Promise.all(rest).then(() => {
      if (failed.size === 0) return opened
      for (const [{ waiting }, error] of failed) waiting.settle(error)
      return opened.filter((one) => !failed.has(one))
    })
  }

  const handle = async (together: readonly Waiting[]): Promise<void> => {
    const durable = await keep(await open(together))
    if (durable.length === 0) return
    // Durable first; then the machine marks its replay windows and makes the authenticated answers (OSP-1 §7.5).
    const answers = await machine.confirmReport(durable.map(({ waiting, token, answer }) => ({ address: waiting.terminal.address, token, apdu: answer })))
    for (const [index, { waiting }] of durable.entries()) {
      try {
        const { apdu } = outcomeValue<'confirmReport'>(answers[index])
        waiting.terminal.reply(waiting.frame, CONTROL.clientReportAnswer, bufferOf(apdu))
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

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
}
