import { cpus, totalmem } from 'node:os'

export interface Run { ours: number; foil: number }

/** Ours and the foil alternate in one run, so that a noisy machine disturbs both alike. Prints the median, and every run. */
export async function compare(name: string, unit: string, rounds: number, ours: () => Promise<number>, foil: () => Promise<number>): Promise<void> {
  const runs: Run[] = []
  for (let round = 0; round < rounds; round += 1) {
    const run: Run = { ours: 0, foil: 0 }
    const first = round % 2 === 0
    if (first) run.ours = await ours()
    run.foil = await foil()
    if (!first) run.ours = await ours()
    runs.push(run)
    process.stderr.write(`round ${round + 1}: ours ${Math.round(run.ours)} ${unit}, foil ${Math.round(run.foil)} ${unit}\n`)
  }
  const result = {
    name, ours: Math.round(median(runs.map((run) => run.ours))), foil: Math.round(median(runs.map((run) => run.foil))),
    ratio: Number(median(runs.map((run) => run.ours / run.foil)).toFixed(3)), unit,
    runs: runs.map((run) => ({ ours: Math.round(run.ours), foil: Math.round(run.foil) })),
    machine: machine(),
  }
  process.stdout.write(`${process.argv.includes('--json') ? JSON.stringify(result) : JSON.stringify(result, null, 2)}\n`)
}

export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] as number
}

export function machine(): string {
  return `${cpus()[0]?.model.trim()} x${cpus().length}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}`
}
