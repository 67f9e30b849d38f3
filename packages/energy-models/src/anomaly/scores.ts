import type { SeriesTable } from '../series/series.js'
import { prepareCustomers } from './customers.js'
import { featuresOf } from './features.js'
import { modelScore } from './model.js'
import type { AnomalyModel } from './model.js'
import { recoverableOf } from './recoverable.js'
import type { Recoverable } from './recoverable.js'

/** What is said about a customer; null without a reason to say anything: `refused` is why. */
export interface CustomerScore {
  series: string
  score: number | null
  recoverable: Recoverable | undefined
  refused: string | undefined
  completeness: number
  takenOut: Record<string, number>
}

/**
 * Scores of customers that have a day's weather in common, each against its own history.
 * @param map history column by series; without it columns of the same name
 * @throws HesError DATA_REFUSED when the two tables do not fit each other
 */
export function scoreCustomers(model: AnomalyModel, history: SeriesTable, series: SeriesTable, map?: ReadonlyMap<string, string>): CustomerScore[] {
  return prepareCustomers(history, series, map).map(({ series: name, customer, refused, completeness, takenOut }) => {
    const score = customer ? Math.round(modelScore(model, featuresOf(customer)) * 1e6) / 1e6 : null
    return { series: name, score, recoverable: customer && score !== null ? recoverableOf(customer, score) : undefined, refused, completeness, takenOut }
  })
}
