import { DAY_MS, SLOTS_A_DAY, SLOT_MS, dayStart, localDay } from './calendar.js'
import { between, draw, fraction } from './hash.js'
import type { LoadTable } from './load-table.js'
import { TARIFFS, tariffBeginsAt, tariffOfSlot } from './tariffs.js'
import type { TariffIndex } from './tariffs.js'

// Bound once: in a test runner's context each look-up of a global costs more than the arithmetic.
const { floor } = Math

/**
 * The register of one tariff as a closed-form function of time: it needs no history and only rises.
 *
 * Noise is added so that it cancels out: what a day (or a quarter hour) gives away, the one before it got. So a sum
 * over any number of days is still a difference of two numbers. A day varies by 40 %, a quarter hour by 50 % of the
 * season's value; together that stays below 100 %, which is why no difference is ever negative.
 */
const DAY_NOISE = 0.4
const SLOT_NOISE = 0.5
/** Below this many 10^-4 kWh rounding would weigh more than noise. */
const QUIET_SLOT = 40

export interface Channel {
  table: LoadTable
  seed: number
  zone: number
}

/** Energy of tariff `k` since the first day of the table, 10^-4 kWh at scale 100 %. A whole number. */
export function energyUnits({ table, seed, zone }: Channel, k: TariffIndex, timeMs: number): number {
  const day = localDay(timeMs, zone)
  const inDay = timeMs - dayStart(day, zone)
  const slot = floor(inDay / SLOT_MS)
  const whole = table.before(day, k) + dayNoise(table, seed, day, k)

  const total = table.inDay(day, SLOTS_A_DAY, k)
  if (total === 0) return whole
  const running = tariffOfSlot(slot) === k
  const share = (inDay - slot * SLOT_MS) / SLOT_MS
  const reached = table.inDay(day, slot, k) + (running ? table.ofSlot(day, slot) * share : 0)
  const today = table.ofDay(day, k) + dayNoise(table, seed, day + 1, k) - dayNoise(table, seed, day, k)
  let sofar = (reached / total) * today
  if (running) {
    const here = slotNoise(table, seed, day, slot)
    const next = slot + 1 < SLOTS_A_DAY ? slotNoise(table, seed, day, slot + 1) : slotNoise(table, seed, day + 1, 0)
    sofar += here + (next - here) * share
  }
  return whole + floor(sofar)
}

/** What the days before `day` borrowed from it. */
function dayNoise(table: LoadTable, seed: number, day: number, k: TariffIndex): number {
  return floor(fraction(seed ^ 0x5bd1e995, day * TARIFFS + k) * DAY_NOISE * table.ofDay(day, k))
}

/** What the quarter hour before borrowed from this one; nothing may be borrowed from another tariff. */
function slotNoise(table: LoadTable, seed: number, day: number, slot: number): number {
  if (tariffBeginsAt(slot)) return 0
  const base = (table.ofSlot(day, slot) * table.season(day)) / 100
  return base < QUIET_SLOT ? 0 : floor(fraction(seed, day * SLOTS_A_DAY + slot) * SLOT_NOISE * base)
}

/** Deterministic personal traits of a meter that the register needs. */
export function scaleOf(seed: number, [low, high]: readonly [number, number]): number {
  return between(seed, 1, low, high)
}

/** Installed on some day in 2023-07 .. 2024-06, between eight and seventeen o'clock. */
export function installedAt(seed: number, zone: number, firstDay: number): number {
  return dayStart(firstDay + 181 + (draw(seed, 2) % 365), zone) + between(seed, 3, 8, 17) * (DAY_MS / 24)
}
