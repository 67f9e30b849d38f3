import { SLOTS_A_DAY } from './calendar.js'

/** Tariff numbers as on the wire: index 1 of an energy array is the total, 2.. are tariffs 1.. (reference §3.1). */
export const TARIFFS = 4
/** 0 sharp peak, 1 peak, 2 flat, 3 valley: tariff 1 to 4 less one. */
export type TariffIndex = 0 | 1 | 2 | 3

/** From this local hour on. One day table for the whole year, so that a test can check any value by hand. */
const DAY_TABLE: readonly (readonly [hour: number, tariff: TariffIndex])[] = [
  [0, 3], [7, 2], [9, 1], [12, 2], [17, 1], [19, 0], [21, 1], [22, 2], [23, 3],
]

const slotTariffs: readonly TariffIndex[] = Array.from({ length: SLOTS_A_DAY }, (_, slot) => {
  const entry = DAY_TABLE.findLast(([hour]) => hour * 4 <= slot)
  return entry![1]
})

/** The tariff of a quarter hour, 0..95 from local midnight. */
export function tariffOfSlot(slot: number): TariffIndex {
  return slotTariffs[slot]!
}

/** Does another tariff begin with this quarter hour? Midnight is no change: valley runs through it. */
export function tariffBeginsAt(slot: number): boolean {
  return slotTariffs[slot] !== slotTariffs[(slot + SLOTS_A_DAY - 1) % SLOTS_A_DAY]
}
