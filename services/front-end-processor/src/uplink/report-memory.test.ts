import { manualClock } from '@zhuzhan/core'
import { createReportMemory } from './report-memory.js'

const bytes = (n: number): Buffer => Buffer.from([0x88, n])

test('a repeated report keeps the time of its first arrival', () => {
  const clock = manualClock()
  const memory = createReportMemory(clock)
  const first = memory.firstSeen(bytes(1))
  clock.advance(30_000)
  expect(memory.firstSeen(bytes(1))).toEqual({ at: first.at, repeated: true })
  expect(memory.firstSeen(bytes(2))).toEqual({ at: first.at + 30_000, repeated: false })
})

test('the same bytes after ten minutes are a new report', () => {
  const clock = manualClock()
  const memory = createReportMemory(clock)
  const { at } = memory.firstSeen(bytes(1))
  clock.advance(600_000)
  expect(memory.firstSeen(bytes(1))).toEqual({ at: at + 600_000, repeated: false })
})

test('remembers the last sixteen only', () => {
  const clock = manualClock()
  const memory = createReportMemory(clock)
  for (let n = 0; n < 17; n += 1) memory.firstSeen(bytes(n))
  clock.advance(1_000)
  expect(memory.firstSeen(bytes(1)).repeated).toBe(true)
  expect(memory.firstSeen(bytes(0)).repeated).toBe(false)
})
