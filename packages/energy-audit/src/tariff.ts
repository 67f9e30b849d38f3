import { HesError } from '@zhuzhan/core'

/** Periods of a day by price, in the order in which windows decide where they overlap; flat is what no window names. */
export const PERIODS = ['sharp', 'peak', 'deep', 'valley', 'flat'] as const
export type Period = (typeof PERIODS)[number]

/** A time-of-use tariff: data, never code (analytics §3). */
export interface Tariff {
  id: string
  region: string
  customers: string
  document: string
  note?: string
  /** Multiples of the flat price. */
  ratio?: Partial<Record<Period, number>>
  /** Other multiples in some months; the source does not say which, so nothing is computed from such a tariff's ratios. */
  ratioOtherMonths?: Partial<Record<Period, number>>
  priceCnyPerKwh?: Partial<Record<Period, number>>
  /** Energy of the year at which the next surcharge begins, and the surcharges, the first for the energy below the first step. */
  yearlyStepsKwh?: readonly number[]
  stepSurchargeCnyPerKwh?: readonly number[]
  /** Windows of the deep valley on holidays; needs a holiday table. */
  holidayDeep?: readonly string[]
  /** Windows by month. `HH:MM-HH:MM`, may cross midnight and end at 24:00; what no window names is flat. */
  periods: readonly { months: readonly number[]; windows: Partial<Record<Period, readonly string[]>> }[]
}

const WINDOW = /^(\d{2}):([0-5]\d)-(\d{2}):([0-5]\d)$/

/** Begin and end in minutes of the day. @throws HesError CONFIG_INVALID */
export function windowMinutes(text: string): [number, number] {
  const match = WINDOW.exec(text)
  const [from, to] = match ? [Number(match[1]) * 60 + Number(match[2]), Number(match[3]) * 60 + Number(match[4])] : [-1, -1]
  if (from < 0 || from >= 1_440 || to > 1_440 || from === to) throw new HesError('CONFIG_INVALID', `'${text}' is not a window of a day`)
  return [from, to]
}

/** @param minute of the local day @param month 1 to 12, of the same day @param holiday by the operator's table */
export function periodAt(tariff: Tariff | undefined, month: number, minute: number, holiday = false): Period {
  const windows = tariff?.periods.find((season) => season.months.includes(month))?.windows
  const inside = (text: string): boolean => {
    const [from, to] = windowMinutes(text)
    return from < to ? minute >= from && minute < to : minute >= from || minute < to
  }
  if (holiday && tariff?.holidayDeep?.some(inside)) return 'deep'
  if (!windows) return 'flat'
  return PERIODS.find((period) => windows[period]?.some(inside)) ?? 'flat'
}

/** Kept by tariff: reading its windows takes longer than using them. */
const tables = new WeakMap<Tariff, Map<string, Uint8Array>>()
const ALL_FLAT = new Uint8Array(96).fill(PERIODS.indexOf('flat'))

/** Periods of the 96 quarter hours of a day, as places in PERIODS. @param month 1 to 12 */
export function dayTable(tariff: Tariff | undefined, month: number, isHoliday: boolean): Uint8Array {
  if (!tariff) return ALL_FLAT
  const known = tables.get(tariff) ?? new Map<string, Uint8Array>()
  tables.set(tariff, known)
  const key = `${month} ${isHoliday}`
  const table = known.get(key) ?? Uint8Array.from({ length: 96 }, (_, slot) => PERIODS.indexOf(periodAt(tariff, month, slot * 15, isHoliday)))
  known.set(key, table)
  return table
}

/** Periods that can occur in a month. @param holidays whether it has any */
export function periodsOf(tariff: Tariff | undefined, month: number, holidays = false): Set<Period> {
  const places = new Set([...new Set(dayTable(tariff, month, false)), ...(holidays ? new Set(dayTable(tariff, month, true)) : [])])
  return new Set([...places].map((place) => PERIODS[place] as Period))
}
