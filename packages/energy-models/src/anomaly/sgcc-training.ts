import { createHash } from 'node:crypto'
import { HesError } from '@zhuzhan/core'
import { boost, boostedScore } from '../boosting/boosting.js'
import { rankQuality } from '../boosting/ranking.js'
import type { Quality } from '../boosting/ranking.js'
import { platt } from '../boosting/scores.js'
import { digestOf } from './model.js'
import type { AnomalyModel } from './model.js'
import { SGCC_FEATURES } from './sgcc.js'

/** What is kept of a customer while a file streams by. */
export interface SgccRow { name: string; flag: 0 | 1; features: Float64Array }

const TREES = { trees: 300, depth: 5, rate: 0.05, leastRows: 20 }
/** Shares of the customers that calibrate, and that nothing learns from. */
const CALIBRATE = 0.1
const TEST = 0.2
const LEAST_THIEVES = 20

/** On which side of the split a customer is: by its number and the seed, so that it is the same wherever it stands in whatever file. */
export function sgccSide(name: string, seed: number): 'learn' | 'calibrate' | 'test' {
  const place = createHash('sha256').update(`${seed}/${name}`).digest().readUInt32BE() / 2 ** 32
  return place < TEST ? 'test' : place < TEST + CALIBRATE ? 'calibrate' : 'learn'
}

/**
 * Trains on seven in ten customers, calibrates on one, and judges on two that neither has seen; the model is the one judged.
 * @param file SHA-256 of the file, kept so that a later judgement on the same file takes the unseen customers only
 * @throws HesError DATA_REFUSED with too few labelled customers of a kind on a side
 */
export function trainSgcc(rows: readonly SgccRow[], { seed, source, file, trees: count = TREES.trees }: { seed: number; source: string; file: string; trees?: number }): { model: AnomalyModel; quality: Quality } {
  const side = { learn: [] as SgccRow[], calibrate: [] as SgccRow[], test: [] as SgccRow[] }
  for (const row of rows) side[sgccSide(row.name, seed)].push(row)
  const thieves = side.learn.filter(({ flag }) => flag === 1).length
  if (thieves < LEAST_THIEVES) throw new HesError('DATA_REFUSED', `${thieves} labelled thieves are too few to learn from; ${LEAST_THIEVES} are needed.`)
  const trees = boost(side.learn.map(({ features }) => features), side.learn.map(({ flag }) => flag), { ...TREES, trees: count, seed })
  const scored = (part: readonly SgccRow[]): [number[], number[]] => [part.map(({ features }) => boostedScore(trees, features)), part.map(({ flag }) => flag)]
  const quality = rankQuality(...scored(side.test))
  if (!quality || !side.calibrate.some(({ flag }) => flag === 1)) throw new HesError('DATA_REFUSED', 'There are too few customers to hold some back: no thief is left to judge by.')
  const { slope, offset } = platt(...scored(side.calibrate))
  const model = {
    kind: 'days' as const, features: [...SGCC_FEATURES], base: trees.base, trees: trees.trees, calibration: { slope, offset },
    trained: { seed, rows: side.learn.length, customers: rows.length, auc: quality.auc.value, foundAt5: quality.foundAt5.value, source, file },
  }
  return { model: { ...model, digest: digestOf(model) }, quality }
}
