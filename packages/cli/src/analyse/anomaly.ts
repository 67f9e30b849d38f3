import { writeFile } from 'node:fs/promises'
import { HesError } from '@zhuzhan/core'
import { FEATURES, caseExamples, columnsOf, drawExamples, featuresOf, modelScore, prepareCustomers, readIndicators, readModel, readSeries, readTable, trainIndicators, trainModel } from '@zhuzhan/energy-models'
import type { AnomalyModel } from '@zhuzhan/energy-models'
import type { Command } from 'commander'
import { createOutput } from '../output.js'
import { readJson, readText } from './files.js'

/** Trained by `analyse anomaly train` on the public homes; what exactly is written in it. docs/analytics.md */
const SHIPPED = new URL('./homes.model.json', import.meta.url)

interface ScoreOptions { history?: string; series?: string; map?: string; model?: string; indicators?: string; json?: boolean }
interface TrainOptions { homes?: string; cases?: string; history?: string; series?: string; map?: string; indicators?: string; out: string; seed: string; draws: string; source?: string; json?: boolean }

/** docs/analytics.md, anomalies */
export function anomalyCommand(analyse: Command): void {
  const anomaly = analyse.command('anomaly').description('a score for each customer: how much its use looks tampered with, against its own history')
    .option('--history <file>', 'wide CSV of earlier use, plain or gz').option('--series <file>', 'wide CSV of the time to be judged')
    .option('--map <file>', 'CSV with the columns series and history_home; without it columns of the same name')
    .option('--indicators <file>', 'in place of both: CSV of indicators a row, with --model')
    .option('--model <file>', 'a model of one\'s own').option('--json', 'one line of JSON')
    .action(score)
  anomaly.command('train').description('train a model: on true use with made tampering (--homes), or on labelled indicators (--indicators)')
    .option('--homes <file>', 'wide CSV of true use, at least 84 days').option('--indicators <file>', 'CSV with a column theft of 0 and 1')
    .option('--cases <file>', 'with --homes: inspected customers (columns series and theft; GET /theft-cases/labels), their readings in --series and --history')
    .requiredOption('--out <file>').option('--seed <n>', 'seed', '1').option('--draws <n>', 'draws of the whole area', '60').option('--source <text>', 'what the data are and their licence, kept in the model')
    // A parent's --json is taken by the parent.
    .action((options: TrainOptions, command: Command) => train({ ...command.optsWithGlobals<TrainOptions>(), out: options.out }))
}

async function score(options: ScoreOptions): Promise<void> {
  if (options.indicators !== undefined) return scoreIndicators(options.indicators, options)
  if (options.history === undefined || options.series === undefined) throw new HesError('BODY_INVALID', 'Give --history and --series, or --indicators and --model.')
  const history = readSeries(readTable(await readText(options.history), options.history), options.history)
  const series = readSeries(readTable(await readText(options.series), options.series), options.series)
  const model = await modelOf(options.model, 'customers', FEATURES)
  const found = prepareCustomers(history, series, options.map === undefined ? undefined : await readMap(options.map)).map(({ series: name, customer, refused, completeness, takenOut }) => ({
    series: name, score: customer ? Math.round(modelScore(model, featuresOf(customer)) * 1e6) / 1e6 : null, completeness: Math.round(completeness * 1e4) / 1e4,
    ...(refused !== undefined && { refused }), ...(Object.keys(takenOut).length > 0 && { takenOut }),
  }))
  const [scores, refused] = [found.filter((one) => one.score !== null), found.filter((one) => one.score === null)]
  if (scores.length === 0) throw new HesError('DATA_REFUSED', `Nothing can be said about any series; the first: ${refused[0]?.series}, ${refused[0]?.refused}.`)
  const ranked = [...scores].sort((a, b) => (b.score ?? 0) - (a.score ?? 0))
  createOutput(options.json === true).result({ scores, refused, model: { digest: model.digest, ...model.trained } }, [
    ...ranked.map((one) => `${one.series.padEnd(12)} ${one.score?.toFixed(3)}`), ...refused.map((one) => `${one.series.padEnd(12)} not judged: ${one.refused}`),
  ].join('\n'))
}

async function scoreIndicators(file: string, { model: modelFile, json }: ScoreOptions): Promise<void> {
  if (modelFile === undefined) throw new HesError('BODY_INVALID', 'No model of indicators ships with the station: train one and give it with --model.')
  const { features, rows } = readIndicators(readTable(await readText(file), file))
  const model = await modelOf(modelFile, 'indicators', features)
  const scores = rows.map((row, index) => ({ series: String(index + 1), score: Math.round(modelScore(model, row) * 1e6) / 1e6 }))
  createOutput(json === true).result({ scores }, scores.map((one) => `${one.series.padEnd(8)} ${one.score.toFixed(3)}`).join('\n'))
}

async function train(options: TrainOptions): Promise<void> {
  const { homes, indicators, cases, out, seed, draws, source, json } = options
  const file = homes ?? indicators
  if (file === undefined || (homes !== undefined && indicators !== undefined)) throw new HesError('BODY_INVALID', 'Give --homes or --indicators.')
  if (cases !== undefined && homes === undefined) throw new HesError('BODY_INVALID', 'Give --homes with --cases: a few cases alone teach nothing.')
  const table = readTable(await readText(file), file)
  const how = { seed: Number(seed), source: source ?? 'not said' }
  const inspected = cases === undefined ? { examples: [], unused: [] } : await readCases(cases, options)
  const model = homes === undefined ? trainIndicators(table, how) : trainModel([...drawExamples(readSeries(table, file), Number(draws), how.seed), ...inspected.examples], how)
  await writeFile(out, `${JSON.stringify(model)}\n`)
  createOutput(json === true).result({ out, digest: model.digest, ...model.trained, ...(cases !== undefined && { casesUnused: inspected.unused }) }, [
    `${out}: ${model.trained.rows} rows of ${model.trained.customers} customers; on customers no tree has seen AUC ${model.trained.auc.toFixed(3)}, ${Math.round(model.trained.foundAt5 * 100)} % found at 5 % false alarms.`,
    ...(inspected.unused.length > 0 ? [`Cases without usable readings, left out: ${inspected.unused.join(', ')}.`] : []),
  ].join('\n'))
}

async function readCases(file: string, { history, series, map }: TrainOptions): Promise<ReturnType<typeof caseExamples>> {
  if (history === undefined || series === undefined) throw new HesError('BODY_INVALID', 'Give the readings of the cases with --series and --history.')
  const table = readTable(await readText(file), file)
  const at = columnsOf(table, ['series', 'theft'], file)
  const labels = new Map(table.rows.map((row): [string, 0 | 1] => {
    const theft = row[at.theft]
    if (theft !== '0' && theft !== '1') throw new HesError('DATA_REFUSED', `${file}: theft is 0 or 1, not '${theft ?? ''}'.`)
    return [row[at.series] ?? '', theft === '1' ? 1 : 0]
  }))
  return caseExamples(prepareCustomers(readSeries(readTable(await readText(history), history), history), readSeries(readTable(await readText(series), series), series), map === undefined ? undefined : await readMap(map)), labels)
}

async function modelOf(file: string | undefined, kind: AnomalyModel['kind'], features: readonly string[]): Promise<AnomalyModel> {
  return readModel(file === undefined ? JSON.parse(await readText(SHIPPED.pathname)) : await readJson(file), kind, features)
}

async function readMap(file: string): Promise<Map<string, string>> {
  const table = readTable(await readText(file), file)
  const at = columnsOf(table, ['series', 'history_home'], file)
  return new Map(table.rows.map((row) => [row[at.series] ?? '', row[at.history_home] ?? '']))
}
