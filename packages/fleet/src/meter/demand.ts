import { SLOT_MS, localMonth, monthStart } from './calendar.js'
import type { Meter } from './meter.js'
import { tariffOfSlot } from './tariffs.js'

/** A maximum demand: 10^-4 kW and when its quarter hour ended; no time while nothing was measured. */
export interface Demand {
  value: number
  at?: number
}

/** Total and tariffs 1 to 4. */
export type DemandRow = [Demand, Demand, Demand, Demand, Demand]

interface Progress {
  month: number
  /** Quarter hours up to here are in `row`. */
  until: number
  lastEnergy: number
  row: DemandRow
  /** The relay's openings as they were. */
  relay: number
}

/** The month each meter was last asked for; it goes with its meter. */
const progress = { forward: new WeakMap<Meter, Progress>(), reverse: new WeakMap<Meter, Progress>() }

/**
 * Forward (or reverse) active maximum demand of the month that contains the moment before `timeMs`: the block mean of
 * whole quarter hours, so energy of 10^-4 kWh times four. A month freeze therefore holds the month that just ended.
 */
export function maximumDemand(meter: Meter, timeMs: number, direction: 'forward' | 'reverse' = 'forward'): DemandRow {
  const month = localMonth(timeMs - 1, meter.zone)
  const start = Math.max(monthStart(month, meter.zone), Math.ceil(meter.installedAt / SLOT_MS) * SLOT_MS)
  const relay = meter.relay.version
  let p = progress[direction].get(meter)
  if (p === undefined || p.month !== month || p.until > timeMs || p.relay !== relay) {
    p = { month, until: start, lastEnergy: energy(meter, start, direction), row: emptyRow(), relay }
    progress[direction].set(meter, p)
  }
  while (p.until + SLOT_MS <= timeMs) advance(meter, p, direction)
  return p.row.map((d) => ({ ...d })) as DemandRow
}

function advance(meter: Meter, p: Progress, direction: 'forward' | 'reverse'): void {
  const tariff = tariffOfSlot(Math.floor(((p.until + meter.zone * 60_000) % 86_400_000) / SLOT_MS)) + 1
  p.until += SLOT_MS
  const now = energy(meter, p.until, direction)
  const value = (now - p.lastEnergy) * 4
  p.lastEnergy = now
  for (const index of [0, tariff]) {
    if (value > p.row[index]!.value) p.row[index] = { value, at: p.until }
  }
}

function energy(meter: Meter, timeMs: number, direction: 'forward' | 'reverse'): number {
  return (direction === 'forward' ? meter.forwardFine(timeMs) : meter.reverseFine(timeMs))[0]
}

function emptyRow(): DemandRow {
  return Array.from({ length: 5 }, () => ({ value: 0 })) as DemandRow
}
