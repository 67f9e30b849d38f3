import fc from 'fast-check'
import { attemptTimeouts, createAnswerTime } from './answer-time.js'

test('whatever is known, the time-outs of one task are together what a slow line was always given', () => {
  const known = fc.option(fc.integer({ min: 1_000, max: 60_000 }), { nil: undefined })
  fc.assert(fc.property(known, known, fc.integer({ min: 100, max: 120_000 }), (own, others, full) => {
    const timeouts = attemptTimeouts(own, others, full)
    expect(timeouts.reduce((sum, one) => sum + one, 0)).toBe(full)
    expect(timeouts.length).toBeLessThanOrEqual(4)
    for (let n = 1; n < timeouts.length; n += 1) expect(timeouts[n]).toBeGreaterThanOrEqual(timeouts[n - 1]!)
  }))
})

test('the terminal\'s own answers decide; one not heard yet is like the others', () => {
  expect(attemptTimeouts(1_000, 9_000, 50_000)).toEqual([1_000, 2_000, 4_000, 43_000])
  expect(attemptTimeouts(undefined, 9_000, 50_000)).toEqual([9_000, 18_000, 23_000])
  expect(attemptTimeouts(undefined, undefined, 20_000)).toEqual([5_000, 15_000])
})

test('the wait follows slower answers, and is never shorter than a second', () => {
  const time = createAnswerTime()
  expect(time.wait).toBeUndefined()
  for (let n = 0; n < 50; n += 1) time.observe(50)
  expect(time.wait).toBe(1_000)
  for (let n = 0; n < 50; n += 1) time.observe(4_000)
  expect(time.wait).toBeGreaterThan(4_000)
})
