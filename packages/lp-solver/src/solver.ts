import { createRequire } from 'node:module'
import { Worker } from 'node:worker_threads'
import { errorText } from '@zhuzhan/core'

/** What became of one program. `unfinished`: the time ran out or the solver failed, `why` says which. */
export type LpAnswer =
  | { kind: 'optimal'; values: Readonly<Record<string, number>>; objective: number }
  | { kind: 'infeasible' }
  | { kind: 'unfinished'; why: string }

export interface LpSolver {
  /** @param problem CPLEX LP text @param limitMs wall time, loading of the solver excluded */
  solve(problem: string, limitMs: number): Promise<LpAnswer>
  stop(): Promise<void>
}

interface Answer { id: number; status?: string; values?: Record<string, number>; objective?: number; failure?: string }

/** A solver that does not come back on its own within this time after its limit is ended from outside. */
const GRACE_MS = 500
const LOAD_MS = 20_000

/**
 * Worker code as text: the same from sources, from the build and out of a bundle. HiGHS computes synchronously, hence the thread.
 * A new solver for each program: nothing is shared between calls.
 */
const WORKER = `
const { parentPort, workerData } = require('node:worker_threads')
const loading = require(workerData.highs)()
loading.then(() => parentPort.postMessage({ id: 0 }), (error) => parentPort.postMessage({ id: 0, failure: String(error) }))
parentPort.on('message', async ({ id, problem, seconds }) => {
  try {
    const highs = await loading
    const solution = highs.solve(problem, { time_limit: seconds, output_flag: false })
    const values = {}
    for (const [name, column] of Object.entries(solution.Columns)) values[name] = column.Primal ?? 0
    parentPort.postMessage({ id, status: solution.Status, values, objective: solution.ObjectiveValue })
  } catch (error) {
    parentPort.postMessage({ id, failure: String(error) })
  }
})
`

/** HiGHS in a worker thread of its own, started at the first program. Programs are solved one after another. */
export function createLpSolver(): LpSolver {
  let running: { worker: Worker; ready: Promise<void> } | undefined
  let queue: Promise<unknown> = Promise.resolve()
  let lastId = 0

  const start = (): { worker: Worker; ready: Promise<void> } => {
    const worker = new Worker(WORKER, { eval: true, workerData: { highs: createRequire(import.meta.url).resolve('highs') } })
    worker.unref()
    worker.setMaxListeners(0)
    return { worker, ready: answerOf(worker, 0, LOAD_MS).then(({ failure }) => { if (failure !== undefined) throw new Error(failure) }) }
  }
  const forget = async (): Promise<void> => {
    const { worker } = running ?? {}
    running = undefined
    await worker?.terminate()
  }
  const one = async (problem: string, limitMs: number): Promise<LpAnswer> => {
    try {
      running ??= start()
      await running.ready
      const id = ++lastId
      const answer = answerOf(running.worker, id, limitMs + GRACE_MS)
      running.worker.postMessage({ id, problem, seconds: limitMs / 1_000 })
      const { status, values, objective, failure } = await answer
      if (failure !== undefined) throw new Error(failure)
      if (status === 'Optimal') return { kind: 'optimal', values: values ?? {}, objective: objective ?? 0 }
      if (status === 'Infeasible') return { kind: 'infeasible' }
      return { kind: 'unfinished', why: status ?? 'no status' }
    } catch (error) {
      await forget()
      return { kind: 'unfinished', why: errorText(error) }
    }
  }
  return {
    solve: (problem, limitMs) => {
      const answer = queue.then(() => one(problem, limitMs))
      queue = answer
      return answer
    },
    stop: async () => {
      await queue
      await forget()
    },
  }
}

/** The answer with this id. @throws Error when it does not come in time or the thread ends */
function answerOf(worker: Worker, id: number, waitMs: number): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => done(() => reject(new Error(`no answer within ${waitMs} ms`))), waitMs)
    const onMessage = (answer: Answer): void => { if (answer.id === id) done(() => resolve(answer)) }
    const onError = (error: Error): void => done(() => reject(error))
    const onExit = (): void => done(() => reject(new Error('the solver thread ended')))
    const done = (then: () => void): void => {
      clearTimeout(timer)
      worker.off('message', onMessage).off('error', onError).off('exit', onExit)
      then()
    }
    worker.on('message', onMessage).on('error', onError).on('exit', onExit)
  })
}
