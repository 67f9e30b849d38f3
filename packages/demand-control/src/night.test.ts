import { seededWords } from '@zhuzhan/core'
import { replan } from '@zhuzhan/energy-models'
import { createLpSolver } from '@zhuzhan/lp-solver'
import { caseNight, drawnNight } from './fixtures/case-night.js'
import { START, runSimulatedNight } from './simulated/case-run.js'

const solver = createLpSolver()
afterAll(() => solver.stop())
const HOUR = 3_600_000
const OPTIMUM = 121.25
/** kWh: what floating point leaves. */
const NOTHING = 1e-5
/** `npm test` has these; the others take minutes. */
const SEEDS = process.env.ZHUZHAN_TEST_LONG === '1' ? 40 : 2

it('runs a night in the closed loop: the limit kept at every instant, all served, cost within 1 % of the optimum', async () => {
  const { over, steps, cost, unserved, settings, points } = await runSimulatedNight(caseNight(), solver.solve)
  expect(over).toEqual([])
  expect(unserved).toBeLessThan(NOTHING)
  expect(cost).toBeLessThan(OPTIMUM * 1.01)
  // No step of the area over 20 %, up or down.
  expect(Math.max(...steps.map(Math.abs))).toBeLessThanOrEqual(settings.areaKw * 0.2 + 1e-6)
  expect(points).toHaveLength(24 * 120)
})

// Seen failing: unserved, when falls never follow the start of a slot.
it('with the gateway dead in the middle of the night: piles fall back, the loop recovers, the log says what happened', async () => {
  const [from, to] = [START + 14 * HOUR + 400_000, START + 15 * HOUR]
  const { control, over, unserved, powers } = await runSimulatedNight(caseNight(), solver.solve, { gatewayDown: (at) => at >= from && at < to })
  expect(over).toEqual([])
  // Before it dies they charge; from the end of the last commands on nobody does, until the gateway is back.
  expect(powers.filter(({ at }) => at >= from - HOUR && at < from).every(({ powerKw }) => powerKw > 0)).toBe(true)
  expect(powers.filter(({ at }) => at >= START + 14.5 * HOUR && at < to).every(({ setPointsKw }) => setPointsKw === 0)).toBe(true)
  expect(powers.filter(({ at }) => at >= to + 120_000 && at < to + 0.5 * HOUR).every(({ powerKw }) => powerKw > 0)).toBe(true)
  expect(unserved).toBeLessThan(NOTHING)
  const texts = control.log.entries.map(({ text }) => text)
  expect(texts).toContainEqual(expect.stringMatching(/0 of \d+ verified .*under 90 %: planned anew/))
  expect(texts).toContainEqual(expect.stringMatching(/sent again with the same id, try 2: no acknowledgement/))
  expect(texts).toContain('no pile could be read')
})

it.each(Array.from({ length: SEEDS }, (_, seed) => seed))('night %i, messages lost and doubled, piles restarted, the gateway dead for a while: all served that can be', async (seed) => {
  const night = drawnNight(seed)
  const words = seededWords(seed + 1)
  const random = (): number => words() / 2 ** 32
  const from = START + (5 + 12 * random()) * HOUR
  const to = from + random() * HOUR
  const { over, unserved, deliveredAt } = await runSimulatedNight(night, solver.solve, {
    fate: () => ({ lost: random() < 0.1, delayMs: Math.floor(random() ** 4 * 60_000), ...(random() < 0.1 && { againMs: 60_000 }) }),
    restarts: night.evs.slice(0, 5).map(({ pile }) => ({ pile, at: START + random() * 15 * HOUR, offMs: 40_000 })),
    gatewayDown: (at) => at >= from && at < to,
  })
  expect(over).toEqual([])
  // The loop is back in the first slot that it can plan after the outage. Whoever could still be served from there on has been.
  const slot = Math.ceil((to + 450_000 - START) / 900_000)
  const delivered = Object.fromEntries(night.evs.map(({ pile }, index) => [pile, deliveredAt[slot]?.[index] ?? 0]))
  const best = await replan(night, { slot, delivered }, solver.solve)
  expect(unserved).toBeLessThan(best.rest.unserved + NOTHING)
}, 60_000)
