import { SLOTS_A_DAY, isWeekend, monthAndDay } from './calendar.js'
import type { Premises } from './premises.js'
import { TARIFFS, tariffOfSlot } from './tariffs.js'
import type { TariffIndex } from './tariffs.js'

/**
 * Energy of one kind of premises at scale 100 %, summed ahead so that a register at any time costs a few look-ups.
 * Unit everywhere: 10^-4 kWh (0.1 Wh), the resolution of attribute 4 of the energy objects; all sums are exact
 * integers far below 2^53.
 */
export interface LoadTable {
  /** Energy of tariff `k` from FIRST_DAY to the beginning of `day`. */
  before(day: number, k: TariffIndex): number
  /** Energy of tariff `k` on `day`. */
  ofDay(day: number, k: TariffIndex): number
  /** Energy of quarter hour `slot` on `day` before the season is applied, and the percentage of the season. */
  ofSlot(day: number, slot: number): number
  season(day: number): number
  /** Unweighted energy of tariff `k` from midnight to the beginning of `slot` (0..96). */
  inDay(day: number, slot: number, k: TariffIndex): number
}

/** Local day number of 2023-01-01; no virtual meter is older. */
export const FIRST_DAY = 19_358

/** Sums grow with the days asked for; ten years more than anybody needs stop a wild date from growing them for ever. */
const LAST_DAY = FIRST_DAY + 15_000

interface DayType {
  slots: number[]
  /** [slot 0..96][tariff], flattened. */
  prefix: number[]
}

export function buildLoadTable(weekday: readonly number[], weekend: readonly number[], months: readonly number[]): LoadTable {
  const types = [dayType(weekday), dayType(weekend)] as const
  for (let k = 0; k < TARIFFS; k++) {
    // Day noise moves energy between neighbouring days of a tariff: both kinds of day must have some, or neither.
    if ((types[0].prefix[SLOTS_A_DAY * TARIFFS + k] === 0) !== (types[1].prefix[SLOTS_A_DAY * TARIFFS + k] === 0)) {
      throw new RangeError(`tariff ${k + 1} is used on one kind of day only`)
    }
  }
  // One entry a day (and tariff), filled as far as somebody asked; dense arrays, because every register read comes here.
  const seasons: number[] = []
  const totals: number[] = []
  const sums: number[] = [0, 0, 0, 0]

  const grow = (day: number): void => {
    if (!(day >= FIRST_DAY && day <= LAST_DAY)) throw new RangeError(`no virtual meter measures on local day ${day}`)
    for (let d = FIRST_DAY + seasons.length; d <= day; d++) {
      seasons.push(seasonOf(d, months))
      const { prefix } = types[isWeekend(d) ? 1 : 0]
      for (let k = 0; k < TARIFFS; k++) {
        const total = Math.floor((prefix[SLOTS_A_DAY * TARIFFS + k]! * seasons[d - FIRST_DAY]!) / 100)
        totals.push(total)
        sums.push(sums[sums.length - TARIFFS]! + total)
      }
    }
  }
  const at = (day: number): number => {
    const index = day - FIRST_DAY
    if (!(index >= 0 && index < seasons.length)) grow(day)
    return index
  }

  return {
    before: (day, k) => sums[at(day) * TARIFFS + k]!,
    ofDay: (day, k) => totals[at(day) * TARIFFS + k]!,
    season: (day) => seasons[at(day)]!,
    ofSlot: (day, slot) => types[isWeekend(day) ? 1 : 0].slots[slot]!,
    inDay: (day, slot, k) => types[isWeekend(day) ? 1 : 0].prefix[slot * TARIFFS + k]!,
  }
}

/** Hourly means to quarter hours (a straight line between the middles of the hours), then to 10^-4 kWh. */
function dayType(hours: readonly number[]): DayType {
  const slots = Array.from({ length: SLOTS_A_DAY }, (_, slot) => {
    const at = (slot + 0.5) / 4 - 0.5
    const from = Math.floor(at)
    const here = hours[(from + 24) % 24]!
    const next = hours[(from + 1) % 24]!
    // Even watts, so that a quarter hour is a whole number of 10^-4 kWh: 2.5 of them a watt.
    return Math.round((here + (next - here) * (at - from)) / 2) * 5
  })
  const prefix = [0, 0, 0, 0]
  for (let slot = 0; slot < SLOTS_A_DAY; slot++) {
    for (let k = 0; k < TARIFFS; k++) prefix.push(prefix[slot * TARIFFS + k]! + (tariffOfSlot(slot) === k ? slots[slot]! : 0))
  }
  return { slots, prefix }
}

/** Months are given at their fifteenth day; between them the weight moves in a straight line. */
function seasonOf(day: number, months: readonly number[]): number {
  const { month, date } = monthAndDay(day)
  const other = (date < 15 ? month + 11 : month + 1) % 12
  const away = Math.abs(date - 15) / 30
  return Math.round(months[month]! * (1 - away) + months[other]! * away)
}

const tables = new WeakMap<Premises, { imported: LoadTable; exported?: LoadTable }>()

/** The tables of a kind of premises; shared by all its meters. */
export function loadTables(premises: Premises): { imported: LoadTable; exported?: LoadTable } {
  let known = tables.get(premises)
  if (known === undefined) {
    known = { imported: buildLoadTable(premises.weekday, premises.weekend, premises.months) }
    if (premises.exported) known.exported = buildLoadTable(premises.exported, premises.exported, premises.exportedMonths ?? premises.months)
    tables.set(premises, known)
  }
  return known
}
