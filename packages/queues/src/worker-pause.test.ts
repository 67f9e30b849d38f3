import { manualClock } from '@zhuzhan/core'
import { backoffMs } from './settings.js'
import { pauseOnErrors } from './worker-pause.js'

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
const tooMany = Object.assign(new Error('sorry, too many clients already'), { code: '53300' })

function paused() {
  const calls: string[] = []
  const clock = manualClock()
  return { calls, clock, ...pauseOnErrors({ pause: async () => { calls.push('pause') }, resume: async () => { calls.push('resume') } }, clock) }
}

test('one rest for many errors, and work goes on after it', async () => {
  const worker = paused()
  for (let n = 0; n < 1_000; n++) worker.onError(new Error('Connection terminated unexpectedly'))
  expect(worker.calls).toEqual(['pause'])
  await sleep(150)
  expect(worker.calls).toEqual(['pause', 'resume'])
})

test('a refusing server is left alone for longer', async () => {
  const worker = paused()
  worker.onError(tooMany)
  await sleep(300)
  expect(worker.calls).toEqual(['pause'])
  worker.end()
  await sleep(900)
  expect(worker.calls).toEqual(['pause'])
})

test('the rest doubles while errors follow each other, and starts short again after a quiet time', async () => {
  const worker = paused()
  const restOf = async (): Promise<number> => {
    const from = worker.calls.length
    const start = performance.now()
    worker.onError(new Error('away'))
    while (worker.calls.length < from + 2) await sleep(5)
    return performance.now() - start
  }
  const rests = [await restOf(), await restOf(), await restOf()]
  // Timers come late on a busy machine, never more than a moment early.
  for (const [at, least] of [100, 200, 400].entries()) expect(rests[at]).toBeGreaterThan(least - 5)
  worker.clock.advance(11_000)
  expect(await restOf()).toBeLessThan(rests[2]!)
})

test('attempts at a job: a quarter of a second, doubling, ten seconds at most', () => {
  expect([1, 2, 3, 4, 5, 6, 7, 50].map(backoffMs)).toEqual([250, 500, 1_000, 2_000, 4_000, 8_000, 10_000, 10_000])
})
