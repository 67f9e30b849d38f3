/** `npm run chaos`: the kill rig as a program. Exit code 0 only when nothing was lost and nothing doubled. */
import { join } from 'node:path'
import { errorText } from '@zhuzhan/core'
import { runChaos } from './chaos.js'
import type { ChaosResult } from './chaos.js'
import { readCommandLine } from './options.js'
import { summary, table } from './report.js'
import { BACKENDS } from './rig/rig.js'

/** For set-up, settling and ending, over the time of the faults. A run that takes longer is ended. */
const PATIENCE_MS = 420_000

async function main(): Promise<number> {
  const line = readCommandLine(process.argv.slice(2))
  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop.abort(new Error(`stopped by ${signal}`)))
  const began = Date.now()
  const say = (text: string): void => void process.stderr.write(`[${((Date.now() - began) / 1_000).toFixed(1).padStart(6)} s] ${text}\n`)
  const results: ChaosResult[] = []
  for (const backend of BACKENDS.filter((name) => line.backend === 'both' || name === line.backend)) {
    const tooLong = setTimeout(() => stop.abort(new Error('it takes too long')), line.seconds * 1_000 * 1.5 + PATIENCE_MS)
    try {
      results.push(await runChaos({ ...line, backend, signal: stop.signal, say, ...(line.logs !== undefined && { logs: join(line.logs, backend) }) }))
    } finally {
      clearTimeout(tooLong)
    }
  }
  if (line.json) process.stdout.write(`${JSON.stringify(summary(results))}\n`)
  else process.stdout.write(`${results.map(table).join('\n')}\n${JSON.stringify(summary(results))}\n`)
  return results.every(({ lost, duplicated, unexpected, caughtUpSeconds }) => lost === 0 && duplicated === 0 && unexpected === 0 && caughtUpSeconds !== null) ? 0 : 1
}

main().then((code) => process.exit(code), (error: unknown) => {
  process.stderr.write(`chaos: ${errorText(error)}\n`)
  process.exit(1)
})
