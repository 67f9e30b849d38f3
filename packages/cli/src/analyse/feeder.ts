import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { analyseFeeder, readFeeder, readPhaseLabels } from '@zhuzhan/energy-models'
import type { FeederReport } from '@zhuzhan/energy-models'
import { HesError } from '@zhuzhan/core'
import type { Command } from 'commander'
import { createOutput } from '../output.js'
import { readJson, readText } from './files.js'

/** docs/analytics.md, feeders */
export function feederCommand(analyse: Command): void {
  analyse.command('feeder').description('phases, daily loss and unmetered energy of one feeder from meter and transformer readings')
    .requiredOption('--dir <folder>', 'with meters_15min.csv, transformer_15min.csv (plain or .gz) and, if there is one, phase_labels_part.json')
    .option('--json', 'one line of JSON')
    .action(async ({ dir, json }: { dir: string; json?: boolean }) => {
      const labels = join(dir, 'phase_labels_part.json')
      const feeder = readFeeder(await readText(either(dir, 'meters_15min.csv')), await readText(either(dir, 'transformer_15min.csv')))
      const report = analyseFeeder(feeder, existsSync(labels) ? readPhaseLabels(await readJson(labels)) : undefined)
      const { phases, ...rest } = report
      createOutput(json === true).result({
        phases: Object.fromEntries(phases.map(({ meter, phase }) => [meter, phase])),
        margins: Object.fromEntries(phases.map(({ meter, margin }) => [meter, Math.round(margin * 1_000) / 1_000])),
        ...rest,
      }, words(report))
    })
}

function either(folder: string, name: string): string {
  const found = [name, `${name}.gz`].map((one) => join(folder, one)).find((one) => existsSync(one))
  if (found === undefined) throw new HesError('NOT_FOUND', `${folder} has neither ${name} nor ${name}.gz.`)
  return found
}

function words({ phases, labelConflicts, loss, suspects, notes, completeness, refused }: FeederReport): string {
  const byPhase = (phase: string): string => phases.filter((one) => one.phase === phase).map(({ meter }) => meter).join(' ') || 'none'
  return [
    `${phases.length} meters, ${(completeness * 100).toFixed(1)} % of the readings${Object.entries(refused).map(([reason, count]) => `; ${count} refused: ${reason}`).join('')}`,
    ...['A', 'B', 'C', 'undetermined'].map((phase) => `${phase.padEnd(12)} ${byPhase(phase)}`),
    ...labelConflicts.map(({ meter, written, found }) => `${meter} is written down as ${written} and looks like ${found}`),
    ...loss.map((day) => `day ${day.day}: ${day.percent === null ? `no figure, ${day.reason}` : `loss ${day.percent.toFixed(2)} % (technical ${day.technical?.toFixed(2)} %, ${day.class}${day.unexplained ? ', UNEXPLAINED' : ''}${day.uncertainty > 0.05 ? `, +-${day.uncertainty} for estimated readings` : ''})`}`),
    ...(suspects.length === 0 ? ['nobody is suspect'] : suspects.map(({ meter, score, evidence }) => `${meter}  ${score.toFixed(1)} kWh unmetered  ${evidence.join(', ')}`)),
    ...notes,
  ].join('\n')
}
