import { HesError } from '@zhuzhan/core'
import { boost } from '../boosting/boosting.js'
import type { Node } from '../boosting/boosting.js'
import { areaUnderCurve, foundAt, platt } from '../boosting/scores.js'
import { createRandom } from '../random.js'
import { cellNumber } from '../tables/csv.js'
import type { Table } from '../tables/csv.js'
import { logistic } from '../linear/logistic.js'
import { digestOf, rawScore } from './model.js'
import type { AnomalyModel } from './model.js'

const LABEL = 'theft'
const FOLDS = 10
const REPEATS = 3
/** Drawn to 0 as if by this many rows more. */
const STRENGTH = 10
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

/**
 * A score from labelled indicators: the mean of a logistic regression, which few rows carry, and of trees of one question, which take up
 * thresholds. Its quality is the mean over repeated cross-validation, on rows neither has seen.
 */
export function trainIndicators(table: Table, { seed, source }: { seed: number; source: string }): AnomalyModel {
  const { features, rows, labels } = readIndicators(table)
  if (!labels || rows.length < 40 || !labels.includes(1) || !labels.includes(0)) throw new HesError('DATA_REFUSED', `Training needs a column ${LABEL} with both values and at least 40 rows.`)
  const random = createRandom(seed)
  const sums = new Float64Array(rows.length)
  const quality = Array.from({ length: REPEATS }, () => {
    const fold = foldsOf(labels, random)
    const scores = new Float64Array(rows.length)
    for (let one = 0; one < FOLDS; one++) {
      const seen = rows.map((_, index) => index).filter((index) => fold[index] !== one)
      const part = fitted(seen.map((index) => rows[index]!), seen.map((index) => labels[index]!), seed)
      rows.forEach((row, index) => { if (fold[index] === one) scores[index] = rawScore(part, row) })
    }
    scores.forEach((score, index) => { sums[index]! += score / REPEATS })
    return { auc: areaUnderCurve([...scores], labels), found: foundAt([...scores], labels) }
  })
  const average = (pick: (one: { auc: number; found: number }) => number): number => quality.reduce((sum, one) => sum + pick(one), 0) / REPEATS
  const model = {
    kind: 'indicators' as const, features, ...fitted(rows, labels, seed), calibration: platt([...sums], labels),
    trained: { seed, rows: rows.length, customers: rows.length, auc: average(({ auc }) => auc), foundAt5: average(({ found }) => found), source },
  }
  return { ...model, digest: digestOf(model) }
}

/** As many thieves in each fold as can be. */
function foldsOf(labels: readonly number[], random: () => number): Int32Array {
  const fold = new Int32Array(labels.length)
  const order = labels.map((label, index) => ({ label, index, key: random() })).sort((a, b) => a.label - b.label || a.key - b.key)
  order.forEach(({ index }, place) => { fold[index] = place % FOLDS })
  return fold
}

function fitted(rows: readonly Float64Array[], labels: readonly number[], seed: number): Pick<AnomalyModel, 'base' | 'trees' | 'linear'> {
  const { base, trees } = boost(rows, labels, { ...TREES, seed })
  const linear = logistic(rows, labels, STRENGTH)
  const half = (node: Node): Node => (typeof node === 'number' ? node / 2 : { ...node, low: half(node.low), high: half(node.high) })
  return { base: (base + linear.constant) / 2, trees: trees.map(half), linear: linear.terms.map((term) => ({ ...term, weight: term.weight / 2 })) }
}
