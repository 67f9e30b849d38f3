import { manualClock } from '@zhuzhan/core'
import { createPiidPool, PIID_REST_MS } from './piid-pool.js'

test('gives each of the 64 numbers once, and the one unused for longest again', () => {
  const pool = createPiidPool(manualClock())
  expect(Array.from({ length: 64 }, () => pool.take())).toEqual(Array.from({ length: 64 }, (_, number) => number))
  expect(pool.take()).toBeUndefined()
  pool.answered(7)
  pool.answered(3)
  expect([pool.take(), pool.take(), pool.take()]).toEqual([7, 3, undefined])
})

test('numbers that come back out of turn come again in the order they came back', () => {
  const pool = createPiidPool(manualClock())
  const [first, second, third] = [pool.take(), pool.take(), pool.take()] as [number, number, number]
  for (const number of [second, third, first]) pool.answered(number)
  for (let n = 3; n < 64; n += 1) expect(pool.take()).toBe(n)
  expect([pool.take(), pool.take(), pool.take(), pool.take()]).toEqual([second, third, first, undefined])
})

test('a number that timed out rests for 60 s, whatever else happens', () => {
  const clock = manualClock()
  const pool = createPiidPool(clock)
  for (let n = 0; n < 64; n += 1) pool.take()
  pool.timedOut(5)
  clock.advance(PIID_REST_MS - 1)
  pool.timedOut(6)
  expect(pool.take()).toBeUndefined()
  clock.advance(1)
  expect([pool.take(), pool.take()]).toEqual([5, undefined])
  clock.advance(PIID_REST_MS)
  expect(pool.take()).toBe(6)
})
