import { createHash } from 'node:crypto'
import { addDays, FORWARD_ACTIVE_TOTAL } from '@zhuzhan/core'
import type { LocalDay } from '@zhuzhan/core'
import type { Feeder } from '@zhuzhan/energy-models'
import { measuredPower } from '@zhuzhan/metering'
import type { StoredIntervals } from '@zhuzhan/metering'
import type pg from 'pg'
import { SLOTS, unpackMonth } from '../metering/day-curves.js'
import { STEP_MS } from '../metering/load-days.js'

const DAYS = 7
/** Users' lines (three of a three-phase meter): more are not analysed. */
export const MOST_LINES = 200
const REVERSE = 0x00200201
const STEP_HOURS = STEP_MS / 3_600_000

const MEMBERS = `SELECT l.meter_id AS id, m.address, l.role, m.ct_ratio::float8 AS ct, m.pt_ratio::float8 AS pt FROM loss_area_meter l JOIN meter m ON m.id = l.meter_id
  WHERE l.area = $1 AND l.from_day <= $2::date AND (l.to_day IS NULL OR l.to_day > $2::date) ORDER BY m.address`
/** Before a meter came or left, the area was another one. */
const SINCE = `SELECT greatest($3::date, max(from_day), max(to_day) FILTER (WHERE to_day <= $2::date))::text AS day FROM loss_area_meter WHERE area = $1 AND from_day <= $2::date`
const FED_IN = `SELECT DISTINCT m.address FROM daily_energy r JOIN meter m ON m.id = r.meter_id WHERE r.meter_id = ANY($1::int[]) AND r.day >= $2::date AND r.day <= $3::date AND r.item = ${REVERSE} AND r.energy > 0 ORDER BY 1`
const ROWS = `SELECT v.meter_id AS id, v.day::text AS day, v.best, v.states, v.decimals, v.ratio::float8 AS ratio, c.series FROM vee_day v LEFT JOIN day_curve c ON c.meter_id = v.meter_id AND c.day = v.day
  WHERE v.meter_id = ANY($1::int[]) AND v.item = ${FORWARD_ACTIVE_TOTAL} AND v.day >= $2::date AND v.day <= $3::date AND v.day_over`

interface Member { id: number; address: string; role: 'sum' | 'user'; ct: number; pt: number }
interface Row extends StoredIntervals { id: number; day: LocalDay; series: Buffer | null }

/** The last days of an area as a feeder, or why they are none. */
export type AreaFeeder = { whyNot: string } | {
  whyNot: null
  feeder: Feeder
  days: LocalDay[]
  /** By meter of the feeder. */
  lines: { meter: string; line: 1 | 2 | 3 }[]
  /** How far energies and voltage times current usually differ, beside each meter's own factor: 0.01 is 1 %. */
  blur: number
  /** SHA-256 over all of it. */
  digest: Buffer
}

/**
 * The area's meters over the validated days of the seven that end with `day`. Energies and supply are measured ones, what validation estimated is missing;
 * of a meter with several phases, and of the sum meter, the measured total is shared by voltage times current.
 */
export async function areaFeeder(client: pg.ClientBase, area: string, day: LocalDay): Promise<AreaFeeder> {
  const { rows: members } = await client.query<Member>(MEMBERS, [area, day])
  const [sums, users] = [members.filter(({ role }) => role === 'sum'), members.filter(({ role }) => role === 'user')]
  const [sum] = sums
  if (!sum || sums.length > 1) return { whyNot: `${sums.length} sum meters: their phases are not one transformer's` }
  if (users.length > MOST_LINES) return { whyNot: `${users.length} meters, at most ${MOST_LINES} are analysed` }
  const { rows: [since] } = await client.query<{ day: LocalDay }>(SINCE, [area, day, addDays(day, 1 - DAYS)])
  const span = [members.map(({ id }) => id), since?.day ?? day, day]
  const { rows: fedIn } = await client.query<{ address: string }>(FED_IN, span)
  if (fedIn.length > 0) return { whyNot: `energy was fed in: ${fedIn.map(({ address }) => address).slice(0, 20).join(', ')}` }
  const { rows } = await client.query<Row>(ROWS, span)
  const days = rows.filter(({ id }) => id === sum.id).map((row) => row.day).sort()
  const rowOf = new Map(rows.map((row) => [`${row.id} ${row.day}`, row]))
  const seriesOf = (member: Member): MeterSeries => seriesOfMeter(member, days.map((one) => rowOf.get(`${member.id} ${one}`)))

  const supply = seriesOf(sum)
  if ([...supply.volts, ...supply.amps].some((one) => !one.some(Number.isFinite))) return { whyNot: `the sum meter ${sum.address} has no voltages and currents of its three phases` }
  const all = users.flatMap((user) => linesOf(user, seriesOf(user)))
  if (all.length > MOST_LINES) return { whyNot: `${all.length} lines of meters, at most ${MOST_LINES} are analysed` }
  if (!all.some(({ volts }) => volts.some(Number.isFinite))) return { whyNot: 'no meter of a user has voltages' }
  const feeder: Feeder = {
    meters: all.map(({ name }) => name), days: days.map((_, index) => index), slots: SLOTS, refused: {},
    energy: all.map(({ kw }) => kw.map((one) => one * STEP_HOURS)), voltage: all.map(({ volts }) => volts), current: all.map(({ amps }) => amps),
    supply: shared(supply, [0, 1, 2]), supplyVoltage: supply.volts,
  }
  const lines = all.map(({ meter, line }) => ({ meter, line }))
  const hash = createHash('sha256').update(JSON.stringify([area, days, lines]))
  // NaN has many bit patterns, infinity one.
  for (const one of [feeder.energy, feeder.voltage, feeder.current, feeder.supply, feeder.supplyVoltage].flat()) hash.update(one.map((value) => (Number.isNaN(value) ? Infinity : value)))
  return { whyNot: null, feeder, days, lines, blur: blurOf(feeder), digest: hash.digest() }
}

/** By time; voltages and currents of phases 1 to 3. NaN: not there. */
interface MeterSeries { kw: Float64Array; volts: Float64Array[]; amps: Float64Array[] }

function seriesOfMeter({ ct, pt }: Member, rows: readonly (Row | undefined)[]): MeterSeries {
  const kw = new Float64Array(rows.length * SLOTS).fill(NaN)
  rows.forEach((row, day) => { if (row) kw.set(measuredPower(row, STEP_MS).subarray(0, SLOTS), day * SLOTS) })
  // Voltages and currents are kept without ratios: on a day with other ones than now they say nothing.
  const packed = rows.map((row) => (row?.series && Math.abs(row.ratio - ct * pt) < 1e-9 * row.ratio ? row.series : undefined))
  const { volts, amps } = unpackMonth(0, rows.length, packed)
  const three = (of: readonly Float64Array[], ratio: number): Float64Array[] => [0, 1, 2].map((phase) => (of[phase] ?? new Float64Array(kw.length).fill(NaN)).map((value) => value * ratio))
  return { kw, volts: three(volts, pt), amps: three(amps, ct) }
}

interface Line { name: string; meter: string; line: 1 | 2 | 3; kw: Float64Array; volts: Float64Array; amps: Float64Array }

function linesOf({ address }: Member, series: MeterSeries): Line[] {
  const present = [0, 1, 2].filter((phase) => series.volts[phase]?.some(Number.isFinite))
  const phases = present.length > 0 ? present : [0]
  const kw = phases.length > 1 ? shared(series, phases) : [series.kw]
  return phases.map((phase, index) => ({
    name: phases.length > 1 ? `${address}/${phase + 1}` : address, meter: address, line: (phase + 1) as Line['line'],
    kw: kw[index] as Float64Array, volts: series.volts[phase] as Float64Array, amps: series.amps[phase] as Float64Array,
  }))
}

/** The total by phase, as voltage times current have it; NaN where one of them is not there. */
function shared({ kw, volts, amps }: MeterSeries, phases: readonly number[]): Float64Array[] {
  const apparent = (phase: number, time: number): number => (volts[phase] as Float64Array)[time]! * Math.abs((amps[phase] as Float64Array)[time]!)
  const totals = kw.map((_, time) => phases.reduce((total, phase) => total + apparent(phase, time), 0))
  return phases.map((phase) => kw.map((one, time) => (one === 0 ? 0 : totals[time]! > 0 ? (one * apparent(phase, time)) / totals[time]! : NaN)))
}

/** Values of a moment next to energies of a quarter hour show here. Of the middle meter: one whose register is wrong is not meant. */
function blurOf({ energy, voltage, current }: Feeder): number {
  return median(energy.map((own, line) => {
    const ratios = Array.from(own, (kwh, time) => Math.log(kwh / (voltage[line]![time]! * current[line]![time]!))).filter(Number.isFinite)
    const usual = median(ratios)
    return median(ratios.map((one) => Math.abs(one - usual)))
  }).filter(Number.isFinite))
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN
