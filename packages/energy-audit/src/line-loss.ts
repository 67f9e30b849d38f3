import { divided, toNumber } from './exact.js'
import type { Exact } from './exact.js'

/** Upper bounds in percent, rising. UNSURE: provinces use limits of their own (7, 10 and 12 % all appear). */
export interface LossClasses { negative: number; zero: number; normal: number; raised: number }
export const LOSS_CLASSES: LossClasses = { negative: -1, zero: 0, normal: 7, raised: 10 }
/** Share of the meters with both registers under which an area is not judged (analytics §4). */
export const LOSS_COVERAGE = 0.98

export type LossClass = 'negative' | 'zero' | 'normal' | 'raised' | 'high'

export interface LineLoss {
  supply: Exact
  feedIn: Exact
  sales: Exact
  loss: Exact
  /** Percent of supply and feed-in; undefined where nothing came in. */
  percent: number | undefined
  metersExpected: number
  metersWithBoth: number
  coverage: number
  /** Not given under the coverage that judging needs. */
  lossClass: LossClass | undefined
}

/** (supply + feed-in of users - sales) / (supply + feed-in), all over the same time (analytics §4). */
export function lineLossOf({ supply, feedIn, sales, metersExpected, metersWithBoth }: Pick<LineLoss, 'supply' | 'feedIn' | 'sales' | 'metersExpected' | 'metersWithBoth'>, classes = LOSS_CLASSES, least = LOSS_COVERAGE): LineLoss {
  const base = supply + feedIn
  const loss = base - sales
  const percent = base > 0n ? toNumber(divided(loss, base)) * 100 : undefined
  const coverage = metersExpected === 0 ? 0 : metersWithBoth / metersExpected
  return { supply, feedIn, sales, loss, percent, metersExpected, metersWithBoth, coverage, lossClass: percent === undefined || coverage < least ? undefined : classOf(percent, classes) }
}

export function classOf(percent: number, classes = LOSS_CLASSES): LossClass {
  if (percent < classes.negative) return 'negative'
  if (percent < classes.zero) return 'zero'
  if (percent <= classes.normal) return 'normal'
  return percent <= classes.raised ? 'raised' : 'high'
}
