import { HesError } from '@zhuzhan/core'
import { boostedScore, boost } from '../boosting/boosting.js'
import { areaUnderCurve, foundAt, platt } from '../boosting/scores.js'
import { createRandom } from '../random.js'
import { cellNumber } from '../tables/csv.js'
import type { Table } from '../tables/csv.js'
import { digestOf } from './model.js'
import type { AnomalyModel } from './model.js'

const LABEL = 'theft'
const FOLDS = 10
/** Few rows and few columns: one question a tree. */
const TREES = { trees: 150, depth: 1, rate: 0.1, leastRows: 3, rows: 0.8, features: 1 }

/** Rows of indicators (down-trend, line loss, alarms, …) and, if the file has it, the label. @throws HesError DATA_REFUSED */
export function readIndicators({ header, rows }: Table): { features: string[]; rows: Float64Array[]; labels: number[] | undefined } {
  const columns = header.map((name, index) => ({ name, index })).filter(({ name }) => name !== LABEL)
  const at = header.indexOf(LABEL)
  const labels = at < 0 ? undefined : rows.map((row) => cellNumber(row[at]))
  if (labels?.some((label) => label !== 0 && label !== 1)) throw new HesError('DATA_REFUSED', `The column ${LABEL} holds something else than 0 and 1.`)
  return { features: columns.map(({ name }) => name), rows: rows.map((row) => Float64Array.from(columns, ({ index }) => cellNumber(row[index]))), labels }
}

/** A score from labelled indicators, its quality on rows no tree has seen. */
export function trainIndicators(table: Table, { seed, source }: { seed: number; source: string }): AnomalyModel {
  const { features, rows, labels } = readIndicators(table)
  if (!labels || rows.length < 40) throw new HesError('DATA_REFUSED', `Training needs a column ${LABEL} and at least 40 rows.`)
  const random = createRandom(seed)
  const fold = rows.map((_, index) => ({ index, key: random() })).sort((a, b) => a.key - b.key).reduce((out, { index }, place) => { out[index] = place % FOLDS; return out }, new Int32Array(rows.length))
  const scores = rows.map(() => 0)
  for (let one = 0; one < FOLDS; one++) {
    const seen = rows.map((_, index) => index).filter((index) => fold[index] !== one)
    const trees = boost(seen.map((index) => rows[index]!), seen.map((index) => labels[index]!), { ...TREES, seed })
    rows.forEach((row, index) => { if (fold[index] === one) scores[index] = boostedScore(trees, row) })
  }
  const { base, trees } = boost(rows, labels, { ...TREES, seed })
  const model = { kind: 'indicators' as const, features, base, trees, calibration: platt(scores, labels), trained: { seed, rows: rows.length, customers: rows.length, auc: areaUnderCurve(scores, labels), foundAt5: foundAt(scores, labels), source } }
  return { ...model, digest: digestOf(model) }
}
