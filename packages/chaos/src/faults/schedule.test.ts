import { seeded } from '../random.js'
import { createSchedule } from './schedule.js'
import { FAULT_NAMES, FAULTS } from './table.js'
import type { FaultKind, FaultName } from './table.js'

function run(kinds: readonly FaultName[], slots: number, seed = 1): FaultName[][] {
  const schedule = createSchedule(kinds, seeded(seed))
  return Array.from({ length: slots }, (_, i) => schedule.next(slots - i).faults)
}

const onPostgres = FAULT_NAMES.filter((name) => (FAULTS[name] as FaultKind).needs !== 'redis')

// 900 s give 90 slots of 10 s; where settling takes longer there are fewer.
test.each([['PostgreSQL', onPostgres, 65], ['Redis', FAULT_NAMES, 80]])('on %s every kind comes at least five times in a run of a quarter of an hour', (_, kinds, slots) => {
  const counts = new Map<FaultName, number>()
  for (const name of run(kinds, slots).flat()) counts.set(name, (counts.get(name) ?? 0) + 1)
  expect(kinds.map((name) => counts.get(name) ?? 0).filter((count) => count < 5)).toEqual([])
  expect(Math.max(...counts.values()) - Math.min(...counts.values())).toBeLessThanOrEqual(2)
})

test('one at a time and two at once alternate; two at once are never the same kind', () => {
  const slots = run(onPostgres, 400, 7)
  expect(slots.slice(0, 6).map((faults) => faults.length)).toEqual([1, 2, 1, 2, 1, 2])
  expect(slots.filter(([a, b]) => a === b)).toEqual([])
})

test('a seed gives the same run, another one another', () => {
  expect(run(FAULT_NAMES, 50, 3)).toEqual(run(FAULT_NAMES, 50, 3))
  expect(run(FAULT_NAMES, 50, 3)).not.toEqual(run(FAULT_NAMES, 50, 4))
})

test('a single kind strikes alone', () => {
  expect(run(['kill-gateway'], 3)).toEqual([['kill-gateway'], ['kill-gateway'], ['kill-gateway']])
})
