import { planCharging, readCase } from '@zhuzhan/energy-models'
import type { ChargingPlan } from '@zhuzhan/energy-models'
import { createLpSolver } from '@zhuzhan/lp-solver'
import { Option } from 'commander'
import type { Command } from 'commander'
import { createOutput } from '../output.js'
import { readJson } from './files.js'

interface Options { case: string; fairness: 'weights' | 'max-min'; limitMs: string; json?: boolean }

/** docs/analytics.md, orderly charging */
export function chargingCommand(analyse: Command): void {
  analyse.command('charging').description('a plan for a night of charging piles below one transformer: least cost, all limits kept')
    .requiredOption('--case <file>', 'the night (JSON)')
    .addOption(new Option('--fairness <rule>', 'who is cut when not all can be served').choices(['weights', 'max-min']).default('weights'))
    .option('--limit-ms <ms>', 'time for the solver; then the heuristic plans, and says so', '5000')
    .option('--json', 'one line of JSON')
    .action(async (options: Options) => {
      const night = readCase(await readJson(options.case))
      const solver = createLpSolver()
      try {
        const started = performance.now()
        const plan = await planCharging(night, solver.solve, { limitMs: Number(options.limitMs), fairness: options.fairness })
        const milliseconds = Math.round(performance.now() - started)
        const { cost, violations, unservedByPile, ...rest } = plan
        createOutput(options.json === true).result({ cost: Number(cost), ...rest, violations: violations.length, violated: violations, unservedByPile, milliseconds }, words(plan, milliseconds))
      } finally {
        await solver.stop()
      }
    })
}

function words({ cost, unserved, unservedByPile, peak, violations, method, why, bound, plan }: ChargingPlan, milliseconds: number): string {
  const how = method === 'rounded' ? `linear program and rounding, ${milliseconds} ms${bound === undefined ? '' : `; no plan costs less than ${bound.toFixed(4)} CNY`}${why === undefined ? '' : `; ${why}`}` : `HEURISTIC, because ${why}`
  return [
    `${plan.length} vehicles: ${cost} CNY, ${unserved} kWh not served, highest load ${peak} kW (${how}).`,
    ...unservedByPile.map(({ pile, kwh }) => `  ${pile} lacks ${kwh} kWh`),
    ...violations.map((one) => `  LIMIT: ${one}`),
    ...plan.map(({ pile, kw }) => `  ${pile.padEnd(8)} ${stretches(kw)}`),
  ].join('\n')
}

/** Neighbouring slots of the same power together: `48-52 7 kW`. */
function stretches(kw: readonly number[]): string {
  const parts: { from: number; to: number; kw: number }[] = []
  kw.forEach((power, slot) => {
    const last = parts.at(-1)
    if (power === 0) return
    if (last && last.to === slot - 1 && last.kw === power) last.to = slot
    else parts.push({ from: slot, to: slot, kw: power })
  })
  return parts.map(({ from, to, kw: power }) => `${from === to ? from : `${from}-${to}`}: ${power} kW`).join(', ') || 'nothing'
}
