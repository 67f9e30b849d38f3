import { cpus, totalmem } from 'node:os'

export interface Run { ours: number; foil: number }

/** Ours and the foil alternate in one run, so that a noisy machine disturbs both alike. Prints the median, its spread and every run. */
export async function compare(name: string, unit: string, rounds: number, ours: () => Promise<number>, foil: () => Promise<number>, more: Record<string, unknown> = {}): Promise<void> {
  const runs: Run[] = []
  for (let round = 0; round < rounds; round += 1) {
    const run: Run = { ours: 0, foil: 0 }
    const first = round % 2 === 0
    if (first) run.ours = await ours()
    run.foil = await foil()
    if (!first) run.ours = await ours()
    runs.push(run)
    process.stderr.write(`round ${round + 1}: ours ${figure(run.ours)} ${unit}, foil ${figure(run.foil)} ${unit}\n`)
  }
  print(resultOf(name, unit, runs, more))
}

export interface Result {
  name: string
  ours: number
  foil: number
  ratio: number
  unit: string
  /** Least and greatest of the runs. */
  spread: { ours: [number, number]; foil: [number, number]; ratio: [number, number] }
  runs: Run[]
  machine: string
}

/** Medians and spread of runs that were made. */
export function resultOf<More extends object>(name: string, unit: string, runs: readonly Run[], more: More): Result & More {
  const ours = runs.map((run) => run.ours)
  const foil = runs.map((run) => run.foil)
  const ratio = runs.map((run) => run.ours / run.foil)
  return {
    name, ours: figure(median(ours)), foil: figure(median(foil)), ratio: Number(median(ratio).toFixed(3)), unit,
    spread: { ours: range(ours), foil: range(foil), ratio: range(ratio) },
    runs: runs.map((run) => ({ ours: figure(run.ours), foil: figure(run.foil) })),
    ...more,
    machine: machine(),
  }
}

/** One JSON line with `--json`, else for people. */
export function print(result: object): void {
  process.stdout.write(`${process.argv.includes('--json') ? JSON.stringify(result) : JSON.stringify(result, null, 2)}\n`)
}

/** Least and greatest. */
export const range = (values: readonly number[]): [number, number] => [figure(Math.min(...values)), figure(Math.max(...values))]

/** Whole numbers from 100 on, three digits below. */
function figure(value: number): number {
  return Math.abs(value) >= 100 ? Math.round(value) : Number(value.toPrecision(3))
}

export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] as number
}

/** The value below which 95 of 100 lie. */
export function percentile95(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * 0.95))] as number
}

export function machine(): string {
  return `${cpus()[0]?.model.trim()} x${cpus().length}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}`
}
