import { quantile } from '../linear/statistics.js'
import { createRandom } from '../random.js'
import { areaUnderCurve, foundAt } from './scores.js'

/** Labels from the highest score down; among equal scores honest ones first, so that ties flatter nobody. */
function ranked(scores: readonly number[], labels: readonly number[]): number[] {
  return scores.map((_, index) => index).sort((a, b) => scores[b]! - scores[a]! || labels[a]! - labels[b]!).map((index) => labels[index] as number)
}

/** Mean over the thieves of the share of thieves down to each: the area under precision against recall. */
export function averagePrecision(scores: readonly number[], labels: readonly number[]): number {
  return mapAt(scores, labels, scores.length)
}

/** MAP@N (Zheng 2018, analytics §5): the same over the thieves among the first N; 0 when there is none. */
export function mapAt(scores: readonly number[], labels: readonly number[], most: number): number {
  let [found, sum] = [0, 0]
  ranked(scores, labels).slice(0, most).forEach((label, place) => {
    if (label !== 1) return
    found++
    sum += found / (place + 1)
  })
  return found === 0 ? 0 : sum / found
}

/** A measure with its 95 % interval over customers drawn anew. */
export interface Measure { value: number; low: number; high: number }
export interface Quality { customers: number; thieves: number; auc: Measure; prAuc: Measure; map100: Measure; map200: Measure; foundAt5: Measure }

const MEASURES = {
  auc: areaUnderCurve, prAuc: averagePrecision, map100: (s: readonly number[], l: readonly number[]) => mapAt(s, l, 100),
  map200: (s: readonly number[], l: readonly number[]) => mapAt(s, l, 200), foundAt5: foundAt,
} satisfies Record<string, (scores: readonly number[], labels: readonly number[]) => number>

/** How well scores rank thieves over others. One row is one customer. @returns undefined without both kinds */
export function rankQuality(scores: readonly number[], labels: readonly number[], seed = 1, draws = 200): Quality | undefined {
  const thieves = labels.reduce((sum, label) => sum + label, 0)
  if (thieves === 0 || thieves === labels.length) return undefined
  const random = createRandom(seed)
  const samples = Array.from({ length: draws }, () => Array.from(scores, () => Math.floor(random() * scores.length)))
  const measure = (of: (typeof MEASURES)[keyof typeof MEASURES]): Measure => {
    const drawn = samples.map((rows) => of(rows.map((row) => scores[row]!), rows.map((row) => labels[row]!)))
    return { value: round(of(scores, labels)), low: round(quantile(drawn, 0.025)), high: round(quantile(drawn, 0.975)) }
  }
  return { customers: labels.length, thieves, auc: measure(MEASURES.auc), prAuc: measure(MEASURES.prAuc), map100: measure(MEASURES.map100), map200: measure(MEASURES.map200), foundAt5: measure(MEASURES.foundAt5) }
}

function round(value: number): number {
  return Math.round(value * 1e4) / 1e4
}
