import { createLpSolver } from '@zhuzhan/lp-solver'
import { START, caseNight, runCase } from './fixtures/case-night.js'

const solver = createLpSolver()
afterAll(() => solver.stop())
const HOUR = 3_600_000
const OPTIMUM = 121.25

it('runs a night in the closed loop: the limit kept at every instant, all but a thousandth served, cost within 1 % of the optimum', async () => {
  const { over, steps, cost, unserved, settings, points } = await runCase(caseNight(), solver.solve)
  expect(over).toEqual([])
  // Plans differ a little from run to run (the solver improves them for a time, not for a count): most leave nothing, some one ramp step of one vehicle.
  expect(unserved).toBeLessThan(0.001 * 466)
  expect(cost).toBeLessThan(OPTIMUM * 1.01)
  // No step of the area over 20 %, up or down.
  expect(Math.max(...steps.map(Math.abs))).toBeLessThanOrEqual(settings.areaKw * 0.2 + 1e-6)
  expect(points).toHaveLength(24 * 120)
})

it('with the gateway dead in the middle of the night: piles fall back, the loop recovers, the log says what happened', async () => {
  const [from, to] = [START + 14 * HOUR + 400_000, START + 15 * HOUR]
  const { control, over, unserved, powers } = await runCase(caseNight(), solver.solve, { gatewayDown: (at) => at >= from && at < to })
  expect(over).toEqual([])
  // Before it dies they charge; from the end of the last commands on nobody does, until the gateway is back.
  expect(powers.filter(({ at }) => at >= from - HOUR && at < from).every(({ powerKw }) => powerKw > 0)).toBe(true)
  expect(powers.filter(({ at }) => at >= START + 14.5 * HOUR && at < to).every(({ setPointsKw }) => setPointsKw === 0)).toBe(true)
  expect(powers.filter(({ at }) => at >= to + 120_000 && at < to + 0.5 * HOUR).every(({ powerKw }) => powerKw > 0)).toBe(true)
  // Of 466 kWh: what is lost in a vehicle's last slot cannot be made good.
  expect(unserved).toBeLessThan(0.001 * 466)
  const texts = control.log.entries.map(({ text }) => text)
  expect(texts).toContainEqual(expect.stringMatching(/0 of \d+ verified .*under 90 %: planned anew/))
  expect(texts).toContainEqual(expect.stringMatching(/sent again with the same id, try 2: no acknowledgement/))
  expect(texts).toContain('no pile could be read')
})
