import { writeFile } from 'node:fs/promises'
import { HesError } from '@zhuzhan/core'
import { FEATURES, SHIPPED_ANOMALY_MODEL, caseExamples, columnsOf, drawExamples, modelScore, prepareCustomers, readIndicators, readModel, readSeries, readTable, scoreCustomers, trainIndicators, trainModel } from '@zhuzhan/energy-models'
import type { AnomalyModel, Recoverable } from '@zhuzhan/energy-models'
import type { Command } from 'commander'
import { createOutput } from '../output.js'
import { readJson, readText } from './files.js'
import { scoreSgcc, trainOnSgcc } from './sgcc.js'

interface ScoreOptions { rank?: string; unitKwh: string; sgcc?: string; history?: string; series?: string; map?: string; model?: string; indicators?: string; json?: boolean }
interface TrainOptions { sgcc?: string; homes?: string; cases?: string; history?: string; series?: string; map?: string; indicators?: string; out: string; seed: string; draws: string; source?: string; json?: boolean }

/** docs/analytics.md, anomalies */
export function anomalyCommand(analyse: Command): void {
  const anomaly = analyse.command('anomaly').description('a score for each customer: how much its use looks tampered with, against its own history')
    .option('--history <file>', 'wide CSV of earlier use, plain or gz').option('--series <file>', 'wide CSV of the time to be judged')
    .option('--map <file>', 'CSV with the columns series and history_home; without it columns of the same name')
    .option('--indicators <file>', 'in place of both: CSV of indicators a row, with --model')
    .option('--sgcc <file>', 'in place of both: kWh a day in the layout of the SGCC data (CONS_NO, FLAG, a column a day), plain or gz, with --model')
    .option('--rank <by>', 'order of the answer: score, or energy (kWh a month that might be recovered)').option('--unit-kwh <n>', 'kWh of one unit of the files: 0.001 for Wh', '1')
    .option('--model <file>', 'a model of one\'s own').option('--json', 'one line of JSON')
    .action(score)
  anomaly.command('train').description('train a model: on true use with made tampering (--homes), or on labelled indicators (--indicators)')
    .option('--homes <file>', 'wide CSV of true use, at least 84 days').option('--indicators <file>', 'CSV with a column theft of 0 and 1')
    .option('--sgcc <file>', 'labelled kWh a day in the layout of the SGCC data; a fifth of the customers is held back and judged')
    .option('--cases <file>', 'with --homes: inspected customers (columns series and theft; GET /theft-cases/labels), their readings in --series and --history')
    .requiredOption('--out <file>').option('--seed <n>', 'seed', '1').option('--draws <n>', 'draws of the whole area', '60').option('--source <text>', 'what the data are and their licence, kept in the model')
    // A parent's --json is taken by the parent.
    .action((options: TrainOptions, command: Command) => train({ ...command.optsWithGlobals<TrainOptions>(), out: options.out }))
}

async function score(options: ScoreOptions): Promise<void> {
  if (options.sgcc !== undefined) return scoreSgcc(options.sgcc, options)
  if (options.indicators !== undefined) return scoreIndicators(options.indicators, options)
  if (options.history === undefined || options.series === undefined) throw new HesError('BODY_INVALID', 'Give --history and --series, or --indicators and --model.')
  const history = readSeries(readTable(await readText(options.history), options.history), options.history)
  const series = readSeries(readTable(await readText(options.series), options.series), options.series)
  const model = await modelOf(options.model, 'customers', FEATURES)
  const unit = Number(options.unitKwh)
  if (!(unit > 0) || ![undefined, 'score', 'energy'].includes(options.rank)) throw new HesError('BODY_INVALID', '--unit-kwh is a number over 0, --rank is score or energy.')
  const found = scoreCustomers(model, history, series, options.map === undefined ? undefined : await readMap(options.map)).map(({ series: name, score, recoverable, refused, completeness, takenOut }) => ({
    series: name, score, ...(recoverable && { recoverable: inKwh(recoverable, unit) }), completeness: Math.round(completeness * 1e4) / 1e4,
    ...(refused !== undefined && { refused }), ...(Object.keys(takenOut).length > 0 && { takenOut }),
  }))
  const [scores, refused] = [found.filter((one) => one.score !== null), found.filter((one) => one.score === null)]
  if (scores.length === 0) throw new HesError('DATA_REFUSED', `Nothing can be said about any series; the first: ${refused[0]?.series}, ${refused[0]?.refused}.`)
  const by = (one: (typeof scores)[number]): number => (options.rank === 'energy' ? one.recoverable?.kwhAMonth ?? 0 : one.score ?? 0)
  const ranked = [...scores].sort((a, b) => by(b) - by(a) || (b.score ?? 0) - (a.score ?? 0))
  createOutput(options.json === true).result({ scores: options.rank === undefined ? scores : ranked, refused, model: { digest: model.digest, ...model.trained } }, [
    ...ranked.map((one) => `${one.series.padEnd(12)} ${one.score?.toFixed(3)}  ${one.recoverable?.kwhAMonth.toFixed(1).padStart(8)} kWh a month`), ...refused.map((one) => `${one.series.padEnd(12)} not judged: ${one.refused}`),
  ].join('\n'))
}

function inKwh({ aMonth, expectedADay, countedADay, days }: Recoverable, unit: number): Record<'kwhAMonth' | 'expectedKwhADay' | 'countedKwhADay' | 'days', number> {
  const round = (value: number): number => Math.round(value * unit * 1_000) / 1_000
  return { kwhAMonth: round(aMonth), expectedKwhADay: round(expectedADay), countedKwhADay: round(countedADay), days }
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
  if (options.sgcc !== undefined) return trainOnSgcc(options.sgcc, options)
  const file = homes ?? indicators
  if (file === undefined || (homes !== undefined && indicators !== undefined)) throw new HesError('BODY_INVALID', 'Give --homes, --indicators or --sgcc.')
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
  return readModel(file === undefined ? JSON.parse(await readText(SHIPPED_ANOMALY_MODEL.pathname)) : await readJson(file), kind, features)
}

async function readMap(file: string): Promise<Map<string, string>> {
  const table = readTable(await readText(file), file)
  const at = columnsOf(table, ['series', 'history_home'], file)
  return new Map(table.rows.map((row) => [row[at.series] ?? '', row[at.history_home] ?? '']))
}
