import { HesError } from '@zhuzhan/core'
import { boost, boostedScore } from '../boosting/boosting.js'
import { areaUnderCurve, foundAt, platt } from '../boosting/scores.js'
import { createRandom } from '../random.js'
import { daysOf } from '../series/series.js'
import type { SeriesTable } from '../series/series.js'
import { HONEST, MILD, TEXTBOOK, changedFrom } from './attacks.js'
import { areaOf, customerOf } from './customers.js'
import type { PreparedCustomer } from './customers.js'
import { FEATURES, featuresOf } from './features.js'
import { digestOf } from './model.js'
import type { AnomalyModel } from './model.js'

export interface Example {
  home: string
  label: 0 | 1
  kind: 'honest' | 'honest-change' | 'textbook' | 'mild' | 'case'
  features: Float64Array
}

/** Each draw of the area has one series a home: as many rows as homes x draws. */
const WINDOW_DAYS = 60
const TREES = { trees: 260, depth: 4, rate: 0.05 }
const FOLDS = 4

/**
 * Examples from true use: in each draw every home is left as it is, changes honestly, or is tampered with by formula from a day on. Half of
 * the draws take the later days as history, so that seasons speak neither way; some readings go missing.
 */
export function drawExamples(homes: SeriesTable, draws: number, seed: number): Example[] {
  if (homes.days < 2 * WINDOW_DAYS * 0.7) throw new HesError('DATA_REFUSED', `${homes.days} days are not enough to train with.`)
  const random = createRandom(seed)
  const pick = <T>(all: readonly T[]): T => all[Math.floor(random() * all.length)] as T
  return Array.from({ length: draws }, (_, draw) => {
    const length = Math.min(WINDOW_DAYS - Math.floor(random() * 8), Math.floor(homes.days / 2))
    const slack = homes.days - 2 * length
    const first = Math.floor(random() * (slack + 1))
    const [a, b] = [daysOf(homes, first, first + length), daysOf(homes, first + length, first + 2 * length)]
    const [history, recent] = draw % 3 === 2 ? [b, a] : [a, b]
    // From an area of few thieves to one of many: the area's own use must not be taken for honest.
    const honest = 0.2 + 0.5 * random()
    const drawn = homes.names.map((home, column) => {
      const kind = random() < honest ? (random() < 0.5 ? 'honest' : 'honest-change') : random() < 0.25 ? 'textbook' : 'mild'
      const change = kind === 'honest' ? undefined : kind === 'honest-change' ? pick(HONEST) : kind === 'textbook' ? pick(TEXTBOOK) : pick(MILD)
      const day = kind === 'textbook' && random() < 0.5 ? 0 : Math.floor(length * (0.2 + 0.35 * random()))
      const use = recent.values[column]!
      const values = change ? changedFrom(use, day, homes.perDay, change, random) : use.slice()
      const lost = random() < 0.3 ? 0.1 * random() : 0
      const customer = customerOf(history.values[column]!, values.map((value) => (random() < lost ? NaN : value)), homes.perDay)
      return { home, kind, label: kind === 'textbook' || kind === 'mild' ? 1 : 0, customer } as const
    })
    const area = areaOf(drawn.map(({ customer }) => customer))
    return drawn.map(({ home, kind, label, customer }): Example => ({ home, kind, label, features: featuresOf({ ...customer, area }) }))
  }).flat()
}

/** A customer somebody inspected counts as much as so many made examples, of which each home gives one a draw. */
const CASE_ROWS = 10

/**
 * Examples from inspected cases: what people found, where made tampering only guesses.
 * @param labels 1 for theft, 0 for none, by series
 * @returns with the series of which nothing can be said, or that are not there
 * @throws HesError DATA_REFUSED when none is left
 */
export function caseExamples(prepared: readonly PreparedCustomer[], labels: ReadonlyMap<string, 0 | 1>): { examples: Example[]; unused: string[] } {
  const customers = new Map(prepared.flatMap(({ series, customer }) => (customer ? [[series, customer] as const] : [])))
  const used = [...labels].filter(([series]) => customers.has(series))
  if (used.length === 0) throw new HesError('DATA_REFUSED', `None of the ${labels.size} cases has usable readings in the series and their history.`)
  const examples = used.flatMap(([series, label]) => {
    const features = featuresOf(customers.get(series)!)
    // One customer's rows stay together: calibration is made on customers no tree has seen.
    return Array.from({ length: CASE_ROWS }, (): Example => ({ home: `case ${series}`, label, kind: 'case', features }))
  })
  return { examples, unused: [...labels.keys()].filter((series) => !customers.has(series)) }
}

/**
 * Trains the score, calibrated on customers no tree has seen.
 * @param source what the homes are and their licence, kept in the model
 */
export function trainModel(examples: readonly Example[], { seed, source, trees: count = TREES.trees }: { seed: number; source: string; trees?: number }): AnomalyModel {
  const homes = [...new Set(examples.map(({ home }) => home))]
  const folds = Math.min(FOLDS, homes.length)
  const foldOf = new Map(homes.map((home, index) => [home, index % folds]))
  const unseen = new Float64Array(examples.length)
  for (let fold = 0; fold < folds; fold++) {
    const part = examples.filter(({ home }) => foldOf.get(home) !== fold)
    const trees = boost(part.map(({ features }) => features), part.map(({ label }) => label), { ...TREES, trees: count, seed })
    examples.forEach(({ home, features }, index) => { if (foldOf.get(home) === fold) unseen[index] = boostedScore(trees, features) })
  }
  const labels = examples.map(({ label }) => label)
  const scores = [...unseen]
  const { base, trees } = boost(examples.map(({ features }) => features), labels, { ...TREES, trees: count, seed })
  const { slope, offset } = platt(scores, labels)
  const round = (value: number): number => Math.round(value * 1e6) / 1e6
  const model = {
    kind: 'customers' as const, features: [...FEATURES], base, trees, calibration: { slope: round(slope), offset: round(offset) },
    trained: { seed, rows: examples.length, customers: homes.length, auc: round(areaUnderCurve(scores, labels)), foundAt5: round(foundAt(scores, labels)), source },
  }
  return { ...model, digest: digestOf(model) }
}
