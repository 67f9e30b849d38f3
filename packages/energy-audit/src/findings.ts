import { exactText, rounded } from './exact.js'
import type { Exact } from './exact.js'
import type { EnergyByPeriod } from './period-energy.js'
import type { Load } from './load.js'
import type { RegisterResult } from './registers.js'
import type { Tariff } from './tariff.js'

export interface Finding {
  code: string
  severity: 'info' | 'warning'
  text: string
  /** Numbers behind the words, with units in their names. */
  figures?: Record<string, string | number>
}

/** Below: the report is marked provisional, or amounts are not printed (analytics §3, completeness). */
export const PROVISIONAL_BELOW = 0.95
export const WITHHELD_BELOW = 0.8
/** Standby share over which an office or shop has something to look for (analytics §3, base load). */
const BASE_SHARE = 0.3
/** Daily load rate of one shift. UNSURE: check the edition of GB/T 16664. */
const ONE_SHIFT = 0.3

interface Seen {
  share: number | null
  load: Load | undefined
  registers: RegisterResult
  backwardsIntervals: number
  energy: EnergyByPeriod
  /** |sum of intervals - register difference| where both cover the same time without a gap. */
  intervalCheck: { difference: Exact; tolerance: Exact } | undefined
  conflicts: number
  tariff: Tariff | undefined
}

type Rule = (seen: Seen) => Finding | undefined

const RULES: readonly Rule[] = [
  ({ share }) => (share !== null && share < PROVISIONAL_BELOW
    ? {
        code: 'INCOMPLETE', severity: 'warning', figures: { completeness: round(share) },
        text: share < WITHHELD_BELOW ? 'Too many quarter hours are missing; amounts are withheld.' : 'Quarter hours are missing; the report is provisional.',
      }
    : undefined),
  ({ share }) => (share === null ? { code: 'NOTHING_EXPECTED', severity: 'info', text: 'The meter was not installed yet in this month.' } : undefined),
  ({ registers }) => (registers.kind === 'backwards'
    ? {
        code: 'REGISTER_BACKWARDS', severity: 'warning',
        text: 'A frozen register is lower than an earlier one: exchanged, reset, rolled over or faulty. No energy is taken from registers.',
      }
    : undefined),
  ({ backwardsIntervals }) => (backwardsIntervals > 0
    ? { code: 'CURVE_BACKWARDS', severity: 'warning', text: 'The curve goes backwards; these intervals are left out.', figures: { intervals: backwardsIntervals } }
    : undefined),
  ({ registers }) => (registers.kind === 'energy' && registers.mismatch
    ? {
        code: 'TARIFF_SUM_MISMATCH', severity: 'warning', text: 'The tariff registers do not add up to the total; periods are taken from the curve.',
        figures: { tariffSumKwh: exactText(registers.mismatch.sum), totalKwh: exactText(registers.total), toleranceKwh: exactText(registers.mismatch.tolerance) },
      }
    : undefined),
  ({ intervalCheck }) => (intervalCheck && intervalCheck.difference > intervalCheck.tolerance
    ? {
        code: 'INTERVAL_SUM_MISMATCH', severity: 'warning', text: 'The sum of the intervals differs from the register difference.',
        figures: { differenceKwh: exactText(intervalCheck.difference), toleranceKwh: exactText(intervalCheck.tolerance) },
      }
    : undefined),
  ({ conflicts }) => (conflicts > 0
    ? {
        code: 'CONFLICTING_READINGS', severity: 'warning', figures: { readings: conflicts },
        text: 'The device delivered different values for the same instant; the first ones are used.',
      }
    : undefined),
  ({ load }) => {
    const share = load?.baseLoad.share
    return load && share != null && share > BASE_SHARE
      ? {
          code: 'BASE_LOAD_HIGH', severity: 'info', figures: { baseLoadKw: round(load.baseLoad.power), share: round(share) },
          text: 'Much of the energy is used around the clock. Right for continuous work; in an office or shop look for what runs at night.',
        }
      : undefined
  },
  ({ load }) => {
    const rate = load?.dailyLoadFactor.value
    return rate != null && rate < ONE_SHIFT
      ? {
          code: 'LOAD_FACTOR_LOW', severity: 'info', figures: { dailyLoadFactor: round(rate) },
          text: 'The daily load rate is below that of one shift (GB/T 16664, UNSURE edition): short peaks decide the capacity.',
        }
      : undefined
  },
  ({ tariff, energy }) => {
    const { peak, valley } = tariff?.priceCnyPerKwh ?? {}
    const movable = energy.periods.get('peak') ?? 0n
    return peak !== undefined && valley !== undefined && peak > valley && movable > 0n
      ? {
          code: 'PEAK_SHIFT', severity: 'info', text: 'Energy moved from peak to valley saves the difference of the prices (shift x (p_peak - p_valley)).',
          figures: { peakKwh: exactText(rounded(movable, 4)), savingCnyPer100Kwh: round((peak - valley) * 100) },
        }
      : undefined
  },
]

export function findingsOf(seen: Seen): Finding[] {
  return RULES.flatMap((rule) => rule(seen) ?? [])
}

/** Ratios and statistics as people read them. */
export function round(value: number): number {
  return Number(value.toFixed(4))
}

