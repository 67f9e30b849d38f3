import { writeFile } from 'node:fs/promises'
import { HesError } from '@zhuzhan/core'
import { dailyLoad, readLoad, readTable, wallTime, walkForward } from '@zhuzhan/energy-models'
import type { Accuracy, ForecastReport } from '@zhuzhan/energy-models'
import type { Command } from 'commander'
import { createOutput } from '../output.js'
import { readText } from './files.js'

interface Options { series: string; column?: string; from?: string; issueHour: string; csv?: string; daily?: boolean; json?: boolean }

/** docs/analytics.md, forecasts */
export function forecastCommand(analyse: Command): void {
  analyse.command('forecast').description('day-ahead forecasts of a load, walked forward over its own past and compared with what came')
    .requiredOption('--series <file>', 'CSV of times and loads, plain or gz').option('--column <name>', 'which column or meter; a file of homes is summed')
    .option('--from <date>', 'first day to forecast (YYYY-MM-DD)').option('--issue-hour <hour>', 'hour of the day before at which a day is forecast', '10')
    .option('--daily', 'energies of whole days in place of the file\'s own points').option('--csv <file>', 'write the forecasts').option('--json', 'one line of JSON')
    .action(async ({ series, column, from, issueHour, csv, daily, json }: Options) => {
      const first = from === undefined ? undefined : wallTime(from)
      if (from !== undefined && first === undefined) throw new HesError('BODY_INVALID', `'${from}' is no date: YYYY-MM-DD.`)
      const hour = Number(issueHour)
      if (!(hour >= 0 && hour <= 24)) throw new HesError('BODY_INVALID', `'${issueHour}' is no hour of a day.`)
      const read = readLoad(readTable(await readText(series), series), series, column)
      const load = daily === true ? dailyLoad(read) : read
      const { points, ...report } = walkForward(load, { ...(first !== undefined && { from: first }), issueHour: hour })
      if (csv !== undefined) await writeFile(csv, `time,forecast,measured,method\n${points.map(({ time, forecast, measured, method }) => `${time},${Number(forecast.toPrecision(7))},${measured === null ? '' : Number(measured.toPrecision(9))},${method}`).join('\n')}\n`)
      createOutput(json === true).result(report, words(report))
    })
}

function words({ target, days, from, to, method, wape, mape, nrmse, candidates, completeness }: Omit<ForecastReport, 'points'>): string {
  const percent = (value: number | null): string => (value === null ? 'none' : `${(value * 100).toFixed(2)} %`)
  const line = (name: string, one: Accuracy): string => `  ${name.padEnd(16)} WAPE ${percent(one.wape)}, MAPE ${percent(one.mape)}, nRMSE ${percent(one.nrmse)}`
  return [
    `${target}: ${days} days from ${from} to ${to}, ${percent(completeness)} of the values; mostly by ${method}.`,
    line('chosen', { wape, mape, nrmse }), ...Object.entries(candidates).map(([name, one]) => line(name, one)),
  ].join('\n')
}
