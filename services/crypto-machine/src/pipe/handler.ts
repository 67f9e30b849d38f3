import { performance } from 'node:perf_hooks'
import type { PipeServerOptions } from '@zhuzhan/service-kit'
import { withSpan } from '@zhuzhan/telemetry'
import type { SpanName } from '@zhuzhan/telemetry'
import type { Machine } from '../app.js'
import { openSeconds, operations, sealSeconds } from '../telemetry.js'

const SPAN: Readonly<Record<string, SpanName>> = {
  open: 'crypto.session.open',
  openReport: 'crypto.session.open',
  seal: 'crypto.session.seal',
}

/** The machine behind its pipe: spans, latencies, and one count per request and result. */
export function createPipeHandler(machine: Pick<Machine, 'run'>): PipeServerOptions['handle'] {
  return async (op, batch, caller) => {
    const started = performance.now()
    const run = () => machine.run(op, batch, caller.identity)
    const span = SPAN[op]
    const outcomes = await (span ? withSpan(span, run, { parent: caller.trace, attributes: { batch: batch.length } }) : run())
    const secondsEach = (performance.now() - started) / 1000 / batch.length
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
}
