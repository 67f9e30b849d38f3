import { Worker } from 'node:worker_threads'
import { ERRORS, HesError } from '@zhuzhan/core'
import type { ErrorCode } from '@zhuzhan/core'
import type { ForecastReport, Load } from '@zhuzhan/energy-models'

/** Seconds of learning: nothing else of the service may wait for it. Worker code as text: the same from sources, from the build and out of a bundle. */
const WORKER = `
const { parentPort, workerData } = require('node:worker_threads')
const models = require('node:module').createRequire(workerData.base).resolve('@zhuzhan/energy-models')
import(require('node:url').pathToFileURL(models).href).then(({ walkForward }) => {
  try {
    parentPort.postMessage({ report: walkForward(workerData.load, { from: workerData.from, issueHour: workerData.issueHour }) })
  } catch (error) {
    parentPort.postMessage({ code: error.code ?? 'INTERNAL', why: String(error.message) })
  }
}, (error) => parentPort.postMessage({ code: 'INTERNAL', why: String(error) }))
`
const LIMIT_MS = 120_000

/**
 * `walkForward` in a thread of its own.
 * @throws HesError DATA_REFUSED with the reason; UNAVAILABLE when it does not end in time
 */
export function walkInThread(load: Load, from: number, issueHour: number, signal: AbortSignal): Promise<ForecastReport> {
  const worker = new Worker(WORKER, { eval: true, workerData: { base: import.meta.url, load, from, issueHour } })
  return new Promise<ForecastReport>((resolve, reject) => {
    const timer = setTimeout(() => reject(new HesError('UNAVAILABLE', `A forecast did not end within ${LIMIT_MS / 1_000} s.`)), LIMIT_MS)
    const abort = (): void => reject(signal.reason as Error)
    signal.addEventListener('abort', abort)
    worker.once('message', (answer: { report: ForecastReport } | { code: string; why: string }) => {
      if ('report' in answer) resolve(answer.report)
      else reject(new HesError(answer.code in ERRORS ? (answer.code as ErrorCode) : 'INTERNAL', answer.why))
    })
    worker.once('error', reject)
    worker.once('exit', () => reject(new HesError('INTERNAL', 'the thread of a forecast ended without an answer')))
    void worker.once('exit', () => { clearTimeout(timer); signal.removeEventListener('abort', abort) })
  }).finally(() => worker.terminate())
}
