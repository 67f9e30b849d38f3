import { HesError } from '@zhuzhan/core'
import { z } from 'zod'
import { cellNumber, columnsOf, readTable } from '../tables/csv.js'

export const PHASES = ['A', 'B', 'C'] as const
export type Phase = (typeof PHASES)[number]

/** Readings of one feeder; time index = day x slots + slot. NaN: missing, or refused as told in `refused`. */
export interface Feeder {
  meters: string[]
  days: number[]
  /** Slots a day. */
  slots: number
  /** By meter and time: kWh of the slot, V, A. */
  energy: Float64Array[]
  voltage: Float64Array[]
  current: Float64Array[]
  /** By phase and time: kW mean of the slot, V. */
  supply: Float64Array[]
  supplyVoltage: Float64Array[]
  /** Readings that were taken out or could not be read, by reason. */
  refused: Record<string, number>
}

const METER = ['day', 'slot', 'meter', 'kwh', 'u_v', 'i_a'] as const
const SUPPLY = ['day', 'slot', 'pa_kw', 'pb_kw', 'pc_kw', 'ua_v', 'ub_v', 'uc_v'] as const
/** More slots a day than minutes cannot be. */
const MOST_SLOTS = 1_440

/**
 * Files of a feeder as an AMI gives them (data/elv_feeder): meters `day,slot,meter,kwh,u_v,i_a`, transformer
 * `day,slot,pa_kw,…,ua_v,…`. A slot that comes twice with other values is taken out.
 * @throws HesError DATA_REFUSED
 */
export function readFeeder(meterText: string, supplyText: string): Feeder {
  const meterTable = readTable(meterText, 'meters_15min')
  const supplyTable = readTable(supplyText, 'transformer_15min')
  const at = columnsOf(meterTable, METER, 'meters_15min')
  const of = columnsOf(supplyTable, SUPPLY, 'transformer_15min')
  const refused: Record<string, number> = {}
  const times = [...meterTable.rows.map((row) => timeOf(row[at.day], row[at.slot])), ...supplyTable.rows.map((row) => timeOf(row[of.day], row[of.slot]))].filter((one) => one !== undefined)
  const slots = slotsOfDay(Math.max(-1, ...unique(times.map(({ slot }) => slot))) + 1)
  const days = unique(supplyTable.rows.flatMap((row) => timeOf(row[of.day], row[of.slot])?.day ?? [])).sort((a, b) => a - b)
  const meters = unique(meterTable.rows.map((row) => (row[at.meter] ?? '').trim())).filter((name) => name !== '').sort()
  if (days.length === 0 || meters.length === 0) throw new HesError('DATA_REFUSED', 'There is no day with a supply, or no meter.')

  const indexOfDay = new Map(days.map((day, index) => [day, index]))
  const indexOfMeter = new Map(meters.map((meter, index) => [meter, index]))
  const empty = (count: number): Float64Array[] => Array.from({ length: count }, () => new Float64Array(days.length * slots).fill(NaN))
  const feeder: Feeder = { meters, days, slots, energy: empty(meters.length), voltage: empty(meters.length), current: empty(meters.length), supply: empty(3), supplyVoltage: empty(3), refused }
  const refuse = (reason: string): void => { refused[reason] = (refused[reason] ?? 0) + 1 }
  const timeIndex = (day: string | undefined, slot: string | undefined): number | undefined => {
    const time = timeOf(day, slot)
    const dayIndex = time && indexOfDay.get(time.day)
    if (dayIndex === undefined) refuse(time ? 'day without supply' : 'no day or slot')
    return dayIndex === undefined ? undefined : dayIndex * slots + (time as { slot: number }).slot
  }
  for (const row of meterTable.rows) {
    const index = timeIndex(row[at.day], row[at.slot])
    const meter = indexOfMeter.get((row[at.meter] ?? '').trim())
    if (index === undefined || meter === undefined) continue
    const put = (target: Float64Array[], cell: string | undefined): void => store(target[meter] as Float64Array, index, cellNumber(cell), refuse)
    put(feeder.energy, row[at.kwh]); put(feeder.voltage, row[at.u_v]); put(feeder.current, row[at.i_a])
  }
  for (const row of supplyTable.rows) {
    const index = timeIndex(row[of.day], row[of.slot])
    if (index === undefined) continue
    ;[row[of.pa_kw], row[of.pb_kw], row[of.pc_kw]].forEach((cell, phase) => store(feeder.supply[phase] as Float64Array, index, cellNumber(cell), refuse))
    ;[row[of.ua_v], row[of.ub_v], row[of.uc_v]].forEach((cell, phase) => store(feeder.supplyVoltage[phase] as Float64Array, index, cellNumber(cell), refuse))
  }
  return feeder
}

/** A value that comes twice the same is one; with another value neither is believed. */
function store(target: Float64Array, index: number, value: number, refuse: (reason: string) => void): void {
  const before = target[index] as number
  if (!Number.isFinite(value)) return
  if (Number.isFinite(before) && before !== value) {
    refuse('twice with other values')
    target[index] = NaN
  } else target[index] = value
}

function timeOf(day: string | undefined, slot: string | undefined): { day: number; slot: number } | undefined {
  const time = { day: cellNumber(day), slot: cellNumber(slot) }
  return Number.isInteger(time.day) && Number.isInteger(time.slot) && time.slot >= 0 && time.slot < MOST_SLOTS ? time : undefined
}

/** The next full division of a day: files may lack the last slots. */
function slotsOfDay(seen: number): number {
  const full = [24, 48, 96, 144, 288, MOST_SLOTS].find((one) => seen <= one && seen > one / 2)
  if (full === undefined) throw new HesError('DATA_REFUSED', `A day of ${seen} slots is none of 24, 48, 96, 144, 288 or 1440.`)
  return full
}

function unique<T>(values: Iterable<T>): T[] {
  return [...new Set(values)]
}

const Labels = z.object({ phase: z.array(z.object({ meter: z.string(), phase: z.enum(PHASES) })) })

/** Phases somebody wrote down (phase_labels_part.json). They are compared, not believed. @throws HesError BODY_INVALID */
export function readPhaseLabels(value: unknown): Map<string, Phase> {
  const parsed = Labels.safeParse(value)
  if (!parsed.success) throw new HesError('BODY_INVALID', 'phase_labels_part.json is not {"phase": [{"meter", "phase"}]}.')
  return new Map(parsed.data.phase.map(({ meter, phase }) => [meter, phase]))
}
