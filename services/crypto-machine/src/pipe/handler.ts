import { performance } from 'node:perf_hooks'
import { REPORT_COLUMNS, packReportOutcomes, readReportRequests } from '@zhuzhan/contracts'
import type { CryptoOperation, CryptoOutcome, CryptoRequest, ReportOperation } from '@zhuzhan/contracts'
import { HesError } from '@zhuzhan/core'
import type { PipeCaller, PipeServerOptions } from '@zhuzhan/service-kit'
import { withSpan } from '@zhuzhan/telemetry'
import type { SpanName } from '@zhuzhan/telemetry'
import type { Machine } from '../app.js'
import { openSeconds, operations, sealSeconds } from '../telemetry.js'

const SPAN: Readonly<Record<string, SpanName>> = {
  open: 'crypto.session.open',
  openReport: 'crypto.session.open',
  seal: 'crypto.session.seal',
}
const COLUMNS = new Map<string, ReportOperation>(Object.entries(REPORT_COLUMNS).map(([op, name]) => [name, op as ReportOperation]))

/** The machine behind its pipe: spans, latencies, and one count per request and result. */
export function createPipeHandler(machine: Pick<Machine, 'run' | 'runRead'>): PipeServerOptions['handle'] {
  const measured = async <T extends CryptoOutcome<CryptoOperation>>(op: string, count: number, caller: PipeCaller, run: () => Promise<T[]>): Promise<T[]> => {
    const started = performance.now()
    const span = SPAN[op]
    const outcomes = await (span ? withSpan(span, run, { parent: caller.trace, attributes: { batch: count } }) : run())
    const secondsEach = (performance.now() - started) / 1000 / count
    if (op === 'open') openSeconds.record(secondsEach)
    else if (op === 'seal') sealSeconds.record(secondsEach)
    const counts = new Map<string, number>()
    for (const outcome of outcomes) {
      const result = outcome.ok ? 'ok' : outcome.code
      counts.set(result, (counts.get(result) ?? 0) + 1)
    }
    for (const [result, count] of counts) operations.add(count, { operation: op, result })
    return outcomes
  }
  const inColumns = async <O extends ReportOperation>(op: O, item: unknown, caller: PipeCaller): Promise<Buffer> => {
    const requests = requestsOf(op, item)
    return packReportOutcomes(op, await measured(op, requests.length, caller, () => machine.runRead(op, requests, caller.identity)))
  }

  return (op, batch, caller) => {
    const columns = COLUMNS.get(op)
    if (columns) return Promise.all(batch.map((item) => inColumns(columns, item, caller)))
    return measured(op, batch.length, caller, () => machine.run(op, batch, caller.identity))
  }
}

/** @throws HesError BODY_INVALID for the whole message */
function requestsOf<O extends ReportOperation>(op: O, item: unknown): CryptoRequest<O>[] {
  try {
    if (item instanceof Uint8Array && item.length > 0) return readReportRequests(op, item)
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
  }
  throw new HesError('BODY_INVALID', 'no columns of reports')
}
