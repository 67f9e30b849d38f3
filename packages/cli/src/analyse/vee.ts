import { HesError, seededWords } from '@zhuzhan/core'
import { readSeries, readTable } from '@zhuzhan/energy-models'
import { TARIFF_CLASSES, estimationErrors, seriesReport, thresholdsOf } from '@zhuzhan/metering'
import type { EstimationError, SeriesReport, TariffClass } from '@zhuzhan/metering'
import type { Command } from 'commander'
import { createOutput } from '../output.js'
import { readJson, readText } from './files.js'

interface Options { series: string; unitKwh: string; class: string; thresholds?: string; errors?: boolean; draws: string; seed: string; json?: boolean }

/** docs/analytics.md, validation and estimation */
export function veeCommand(analyse: Command): void {
  analyse.command('vee').description('validates series of interval energies in the nine checks, estimates what is missing, and measures how well that is done')
    .requiredOption('--series <file>', 'CSV of times and energies, a column a customer, plain or gz').option('--unit-kwh <number>', 'kWh that 1 in the file stands for', '1')
    .option('--class <class>', `tariff class whose thresholds hold: ${TARIFF_CLASSES.join(', ')}`, 'residential').option('--thresholds <file>', 'JSON of thresholds that differ')
    .option('--errors', 'take values away at random and compare the estimates with them').option('--draws <count>', 'gaps of each length', '120').option('--seed <number>', 'of the gaps', '1')
    .option('--json', 'one line of JSON')
    .action(async ({ series: file, unitKwh, class: tariffClass, thresholds: overrides, errors, draws, seed, json }: Options) => {
      const unit = Number(unitKwh)
      if (!(unit > 0)) throw new HesError('BODY_INVALID', `'${unitKwh}' is no unit.`)
      if (!TARIFF_CLASSES.includes(tariffClass as TariffClass)) throw new HesError('BODY_INVALID', `'${tariffClass}' is no tariff class: ${TARIFF_CLASSES.join(', ')}.`)
      const thresholds = thresholdsOf(tariffClass as TariffClass, ...(overrides === undefined ? [] : [await readJson(overrides)]))
      const table = readSeries(readTable(await readText(file), file), file)
      const all = table.values.map((values, n) => ({ name: table.names[n] as string, perDay: table.perDay, kwh: values.map((one) => one * unit) }))
      const word = seededWords(Number(seed))
      const result = {
        series: all.map((one) => seriesReport(one, thresholds)), refused: table.refused,
        ...(errors === true && { estimation: estimationErrors(all, () => word() / 2 ** 32, Number(draws)) }),
      }
      createOutput(json === true).result(result, words(result))
    })
}

function words({ series, estimation }: { series: readonly SeriesReport[]; estimation?: readonly EstimationError[] }): string {
  const percent = (value: number): string => `${(value * 100).toFixed(1)} %`
  return [
    ...series.map((one) => `${one.name.padEnd(12)} ${one.energy === null ? one.whyNot : `${one.energy} kWh`}; ${percent(one.completeness)} measured, ${one.estimated} estimated, ${one.rejected} rejected, ${one.flaggedDays} of ${one.days} days flagged ${JSON.stringify(one.findings)}`),
    ...(estimation ?? []).map(({ gap, withRegisters, without, sumsNotExact, gaps }) => `gaps of ${gap.padEnd(5)} ${percent(withRegisters)} with registers (${sumsNotExact} of ${gaps} sums not exact), ${percent(without)} without`),
  ].join('\n')
}
