import { Worker } from 'node:worker_threads'
import { ERRORS, HesError } from '@zhuzhan/core'
import type { ErrorCode } from '@zhuzhan/core'
import type { analyseFeeder, scoreCustomers, walkForward } from '@zhuzhan/energy-models'

/** What takes long enough for a thread of its own, by name in packages/energy-models. */
interface Models { walkForward: typeof walkForward; scoreCustomers: typeof scoreCustomers; analyseFeeder: typeof analyseFeeder }

export interface ModelThread {
  /**
   * One call after the other; arguments and answers are copied.
   * @throws HesError what the model threw; UNAVAILABLE when it does not end in time. The thread is of no use any more after that, or after `signal`
   */
  run<N extends keyof Models>(name: N, args: Parameters<Models[N]>, limitMs: number, signal: AbortSignal): Promise<ReturnType<Models[N]>>
  stop(): Promise<void>
}

type Answer = { value: unknown } | { code: string; why: string }

/** Worker code as text: the same from sources, from the build and out of a bundle. */
const WORKER = `
const { parentPort, workerData } = require('node:worker_threads')
const models = require('node:module').createRequire(workerData.base).resolve('@zhuzhan/energy-models')
const loaded = import(require('node:url').pathToFileURL(models).href)
parentPort.on('message', ({ name, args }) => loaded.then((calls) => {
  try {
    parentPort.postMessage({ value: calls[name](...args) })
  } catch (error) {
    parentPort.postMessage({ code: error.code ?? 'INTERNAL', why: String(error.message) })
  }
}, (error) => parentPort.postMessage({ code: 'INTERNAL', why: String(error) })))
`

/** Models compute for seconds, and nothing else of the service may wait for them. The thread starts with its first call. */
export function createModelThread(): ModelThread {
  let worker: Worker | undefined
  return {
    run: <N extends keyof Models>(name: N, args: Parameters<Models[N]>, limitMs: number, signal: AbortSignal) => {
      signal.throwIfAborted()
      const thread = (worker ??= new Worker(WORKER, { eval: true, workerData: { base: import.meta.url } }))
      let cleanUp = (): void => undefined
      return new Promise<ReturnType<Models[N]>>((resolve, reject) => {
        const timer = setTimeout(() => reject(new HesError('UNAVAILABLE', `the analysis did not end within ${limitMs / 1_000} s`)), limitMs)
        const abort = (): void => reject(signal.reason as Error)
        const answered = (answer: Answer): void => {
          if ('value' in answer) resolve(answer.value as ReturnType<Models[N]>)
          else reject(new HesError(answer.code in ERRORS ? (answer.code as ErrorCode) : 'INTERNAL', answer.why))
        }
        const ended = (): void => reject(new HesError('INTERNAL', 'the thread of a model ended without an answer'))
        cleanUp = () => {
          clearTimeout(timer)
          signal.removeEventListener('abort', abort)
          thread.off('message', answered).off('error', reject).off('exit', ended)
        }
        signal.addEventListener('abort', abort)
        thread.on('message', answered).on('error', reject).on('exit', ended)
        thread.postMessage({ name, args })
      }).finally(() => cleanUp())
    },
    stop: async () => { await worker?.terminate() },
  }
}
