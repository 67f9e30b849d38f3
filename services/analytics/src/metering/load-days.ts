import { addDays, dayStart, FORWARD_ACTIVE_TOTAL } from '@zhuzhan/core'
import type { LocalDay } from '@zhuzhan/core'
import { TARIFFS, exactText, exact, times } from '@zhuzhan/energy-audit'
import type { Tariff } from '@zhuzhan/energy-audit'
import { MISSING, STATE, digitsOf, emptyCurve, jointsBetween, tariffClassOf, thresholdsOf } from '@zhuzhan/metering'
import type { DayReadings, Electrical, Intervals, Joint, RegisterCurve } from '@zhuzhan/metering'
import type pg from 'pg'
import { boundsOf } from '../completeness/completeness.js'
import { CURVE_ITEMS, SLOTS, packSeries } from './day-curves.js'
import type { DayCurve } from './day-curves.js'
import { loadExchanges, placesOfDay } from './exchanges.js'
import { joinRows } from './joined-day.js'

const RATES = [1, 2, 3, 4].map((n) => FORWARD_ACTIVE_TOTAL + n)
/** What audits read beside at midnights: rates of the tariff, reverse active, combined reactive 1. */
const FROZEN = [...[1, 2, 3, 4, 5].map((n) => FORWARD_ACTIVE_TOTAL + n), 0x00200201, 0x00300201]
const VOLTAGES = CURVE_ITEMS.slice(0, 3)
const CURRENTS = CURVE_ITEMS.slice(3, 6)
const POWER_FACTOR = CURVE_ITEMS[6]
export const STEP_MS = 900_000
const DAY_MS = 86_400_000
const MAX_DECIMALS = 4

const METERS = `SELECT m.id, m.address, m.tariff, (extract(epoch FROM m.created_at) * 1000)::float8 AS "createdAt", t.utc_offset_minutes AS "offsetMinutes",
    m.ct_ratio::text AS ct, m.pt_ratio::text AS pt,
    coalesce((SELECT json_agg(json_build_array((extract(epoch FROM c.until_at) * 1000)::float8, c.ct_ratio::text, c.pt_ratio::text) ORDER BY c.until_at) FROM meter_ratio c WHERE c.meter_id = m.id), '[]') AS former,
    (SELECT coalesce(json_agg(v.thresholds ORDER BY v.scope), '[]') FROM vee_threshold v WHERE v.scope = 'meter/' || m.address) AS own
  FROM meter m JOIN terminal t ON t.address = m.terminal_address WHERE m.id = ANY($1::int[]) AND m.kind = 'meter' ORDER BY m.id`
const DAY_OF = `day_of AS (
    SELECT m.id, $1::timestamp AT TIME ZONE 'UTC' - make_interval(mins => t.utc_offset_minutes) AS from_at
    FROM meter m JOIN terminal t ON t.address = m.terminal_address WHERE m.id = ANY($2::int[]) AND m.kind = 'meter')`
// One row a meter and item, its values as lists: turning a hundred rows of each into objects would be most of the work. The meters are named
// twice because a join reaches no index through the view's union; constants do.
const VALUES = `WITH ${DAY_OF}
  SELECT r.meter_id AS meter, r.item, string_agg((extract(epoch FROM r.time - d.from_at) / 900)::int::text, ',' ORDER BY r.time) AS slots,
    string_agg(r.value::text, ',' ORDER BY r.time) AS values, string_agg(r.quality::text, ',' ORDER BY r.time) AS qualities, max(r.received_at) AS "receivedAt"
  FROM day_of d JOIN reading_current r ON r.meter_id = d.id AND r.meter_id = ANY($2::int[]) AND r.item = ANY($3::int[]) AND r.time BETWEEN d.from_at AND d.from_at + interval '1 day'
    AND r.time >= $4 AND r.time < $5 AND r.quality <> 'replay-unchecked' AND mod(extract(epoch FROM r.time - d.from_at), 900) = 0
  GROUP BY r.meter_id, r.item`
const CONFLICTS = `WITH ${DAY_OF}
  SELECT DISTINCT c.meter_id AS meter, (extract(epoch FROM c.time - d.from_at) / 900)::int AS slot
  FROM day_of d JOIN reading_conflict c ON c.meter_id = d.id AND c.item = $3 AND c.time BETWEEN d.from_at AND d.from_at + interval '1 day' AND c.quality <> 'replay-unchecked'
  WHERE NOT EXISTS (SELECT FROM edited_value e WHERE e.meter_id = c.meter_id AND e.time = c.time AND e.item = c.item)`
const HISTORY = `SELECT meter_id AS meter, to_char(day, 'YYYY-MM-DD') AS day, CASE WHEN complete THEN digits END AS digits, decimals,
    CASE WHEN day = ANY($4::date[]) THEN best END AS best, CASE WHEN day = ANY($4::date[]) THEN states END AS states
  FROM vee_day WHERE meter_id = ANY($1::int[]) AND item = ${FORWARD_ACTIVE_TOTAL} AND day >= $2::date AND day < $3::date ORDER BY day DESC`

// Read within the day, the worst; a day in which nobody read it has the nearest reading of a day before or after.
const CLOCKS = `WITH ${DAY_OF}
  SELECT d.id AS meter, c.at, c.deviation_s::float8 AS deviation, c.uncertainty_s::float8 AS uncertainty
  FROM day_of d JOIN LATERAL (
    SELECT m.* FROM meter_clock m WHERE m.meter_id = d.id AND m.reason IS NULL AND m.at >= d.from_at - interval '1 day' AND m.at < d.from_at + interval '2 days'
    ORDER BY greatest(d.from_at - m.at, m.at - d.from_at - interval '1 day', interval '0'), abs(m.deviation_s) DESC, m.at LIMIT 1) c ON true`

interface MeterRow { id: number; address: string; tariff: string | null; createdAt: number; offsetMinutes: number; ct: string; pt: string; former: [number, string, string][]; own: unknown[] }
export interface ValueRow { meter: number; item: number; slots: string; values: string; qualities: string; receivedAt: Date }
interface ClockRow { meter: number; at: Date; deviation: number; uncertainty: number }
interface HistoryRow { meter: number; day: string; digits: number | null; decimals: number; best: (number | null)[] | null; states: Buffer | null }

/** A meter's day, ready to be judged. */
export interface LoadedDay {
  meter: { id: number; address: string; tariff: Tariff | undefined; offsetMinutes: number }
  start: number
  dayOver: boolean
  /** ctRatio x ptRatio of that day, exact. */
  ratio: string
  /** The multiplier was changed inside the day: no energy of it can be told from the registers of its ends. */
  ratioChanged: boolean
  readings: DayReadings
  /** What check 1 looks at, with the instant it was read, seconds; null: nobody knows, and the check does not run. */
  clock: { at: string; deviation: number; uncertainty: number } | null
  /** Exchanges within the day; its readings are those of all its meters, as one line of registers. */
  joints: Joint[]
  curve: DayCurve
}

/** A day of some meters: loaded, and those to whom it does not belong because they were taken off. */
export interface LoadedDays {
  days: LoadedDay[]
  off: number[]
}

/** Reads what the checks of these meters' day look at. A day in progress reaches as far as its last register. */
export async function loadDays(client: pg.ClientBase, day: LocalDay, meterIds: readonly number[], now: number, registerFullScale: number): Promise<LoadedDays> {
  const [from, to] = boundsOf(day, 1)
  const like = [1, 2, 3, 4].map((week) => addDays(day, -7 * week))
  const exchanges = await loadExchanges(client, meterIds)
  const linked = [...new Set([...meterIds, ...exchanges.flatMap(({ before, after }) => [before, after])])]
  const { rows: known } = await client.query<MeterRow>(METERS, [linked])
  const meterOf = new Map(known.map((row) => [row.id, row]))
  const wanted = new Set(meterIds)
  const { joined, off } = placesOfDay(exchanges, day, new Map(known.filter(({ id }) => wanted.has(id)).map(({ id, offsetMinutes }) => [id, offsetMinutes])))
  const meters = known.filter(({ id }) => wanted.has(id) && !off.includes(id))
  const reading = [...new Set([...meterIds, ...[...joined.values()].flatMap((places) => places.map(({ meter }) => meter))])]
  const { rows: classes } = await client.query<{ scope: string; thresholds: unknown }>("SELECT scope, thresholds FROM vee_threshold WHERE scope LIKE 'class/%'")
  const { rows: values } = await client.query<ValueRow>(VALUES, [day, reading, [FORWARD_ACTIVE_TOTAL, ...FROZEN, ...CURVE_ITEMS], from, to])
  const { rows: conflicts } = await client.query<{ meter: number; slot: number }>(CONFLICTS, [day, reading, FORWARD_ACTIVE_TOTAL])
  const { rows: clocks } = await client.query<ClockRow>(CLOCKS, [day, meterIds])
  const { rows: history } = await client.query<HistoryRow>(HISTORY, [meterIds, addDays(day, -400), day, like])
  const valuesOf = grouped(values)
  const conflictsOf = grouped(conflicts)
  const historyOf = grouped(history)
  const clockOf = new Map(clocks.map((row) => [row.meter, row]))

  const rowsOf = (meter: number): Map<number, ValueRow> => new Map((valuesOf.get(meter) ?? []).map((row) => [row.item, row]))

  const days = meters.flatMap((meter): LoadedDay[] => {
    const start = dayStart(day, meter.offsetMinutes)
    const places = joined.get(meter.id)
    const ratios = places?.map((place) => ratioOn(meterOf.get(place.meter) as MeterRow, Math.max(start, place.from ?? start))) ?? [ratioOn(meter, start)]
    const line = places && joinRows(exchanges, places, ratios, (id) => rowsOf(id), start)
    const raw = line?.raw ?? rowsOf(meter.id)
    const own = line?.continued ?? raw
    // From an exchange on a meter is there, whenever it was registered.
    const createdAt = Math.min(...(places ?? [{ meter: meter.id }]).map((place) => (meterOf.get(place.meter) as MeterRow).createdAt), ...exchanges.filter(({ after }) => after === meter.id).map(({ at }) => at))
    const dayOver = now >= start + DAY_MS
    const total = own.get(FORWARD_ACTIVE_TOTAL)
    const slots = total?.slots.split(',').map(Number) ?? []
    // Expected is what was due since the meter was installed (analytics §1): a day in progress ends with its last register, an installation
    // within the day begins it with its first.
    const first = createdAt > start ? slots[0] ?? 0 : 0
    const length = (dayOver ? 96 : slots.at(-1) ?? 0) - first
    if (length <= 0 || (!total && (!dayOver || createdAt >= start + DAY_MS))) return []
    const texts = total?.values.split(',') ?? []
    const decimals = texts.reduce((most, text) => Math.max(most, Math.min(MAX_DECIMALS, decimalsOf(text))), 2)
    const curve = curveOf(first, length, slots, texts, total?.qualities.split(',') ?? [], decimals)
    const tariff = TARIFFS.find(({ id }) => id === meter.tariff)
    const tariffClass = tariffClassOf(tariff)
    const thresholds = thresholdsOf(tariffClass, ...classes.filter(({ scope }) => scope === `class/${tariffClass}`).map((one) => one.thresholds), ...meter.own)
    const ratio = line?.ratio ?? ratios[0] as string
    const clock = clockOf.get(meter.id)
    const earlier = historyOf.get(meter.id) ?? []
    const digits = ({ digits: count, decimals: had }: HistoryRow): number => (count === null ? NaN : Math.round(count * 10 ** (decimals - had)))
    const likeRows = like.flatMap((one) => earlier.filter((row) => row.day === one))
    const at = (slot: number) => (item: number): number => registerAt(own.get(item), slot, decimals)
    const registers = [FORWARD_ACTIVE_TOTAL, ...RATES]
    return [{
      meter: { id: meter.id, address: meter.address, tariff, offsetMinutes: meter.offsetMinutes },
      start: start + first * STEP_MS, dayOver, ratio,
      ratioChanged: (places ?? [{ meter: meter.id, from: null, to: null }]).some((place) => meterOf.get(place.meter)?.former.some(([until]) => until > Math.max(start, place.from ?? start) && until < Math.min(start + DAY_MS, place.to ?? Infinity))),
      readings: {
        stepMs: STEP_MS, curve, decimals, ratio: Number(ratio), fullScale: line?.primary ? Infinity : registerFullScale * 10 ** decimals,
        clock: clock && { deviationMs: clock.deviation * 1_000, uncertaintyMs: clock.uncertainty * 1_000 },
        duplicates: [...new Set((places ?? [{ meter: meter.id }]).flatMap((place) => conflictsOf.get(place.meter) ?? []).flatMap(({ slot }) => [slot - 1 - first, slot - first]))].filter((slot) => slot >= 0 && slot < length),
        overlaps: [],
        registers: { begin: registers.map(at(first)), end: registers.map(at(first + length)) },
        history: earlier.filter(({ day: one }) => one >= addDays(day, -thresholds.stepHistoryDays)).map(digits),
        likeDays: likeRows.map(digits), profileDays: likeRows.map((row) => intervalsOf(row, decimals)),
        // Voltage and current are the meters' own; energies of a line of unlike multipliers are not.
        electrical: line?.primary ? undefined : electricalOf(own, first, length), thresholds,
      },
      clock: clock ? { at: clock.at.toISOString(), deviation: clock.deviation, uncertainty: clock.uncertainty } : null,
      joints: places ? jointsBetween(exchanges, places, places.map((place, n) => ({ address: (meterOf.get(place.meter) as MeterRow).address, ratio: ratios[n] as string })), FORWARD_ACTIVE_TOTAL) : [],
      curve: curveOfDay(raw),
    }]
  })
  return { days, off }
}

function grouped<T extends { meter: number }>(rows: readonly T[]): Map<number, T[]> {
  const groups = new Map<number, T[]>()
  for (const row of rows) {
    const group = groups.get(row.meter)
    if (group) group.push(row)
    else groups.set(row.meter, [row])
  }
  return groups
}

const decimalsOf = (text: string): number => (text.includes('.') ? text.length - text.indexOf('.') - 1 : 0)

function curveOf(first: number, length: number, slots: readonly number[], texts: readonly string[], qualities: readonly string[], decimals: number): RegisterCurve {
  const curve = emptyCurve(length)
  slots.forEach((slot, n) => {
    const at = slot - first
    if (at < 0 || at > length) return
    curve.values[at] = roundedDigits(texts[n] as string, decimals)
    curve.states[at] = STATE[stateOf(qualities[n] as string)] as number
  })
  return curve
}

/** Digits beyond the fourth decimal are no digits of a register; they are cut off. */
function roundedDigits(text: string, decimals: number): number {
  const surplus = decimalsOf(text) - decimals
  return digitsOf(surplus > 0 ? text.slice(0, -surplus) : text, decimals)
}

function stateOf(quality: string): 'measured' | 'recollected' | 'estimated' | 'edited' {
  return quality === 'recollected' || quality === 'estimated' || quality === 'edited' ? quality : 'measured'
}

function registerAt(row: ValueRow | undefined, slot: number, decimals: number): number {
  const n = row?.slots.split(',').indexOf(String(slot)) ?? -1
  return n < 0 ? NaN : roundedDigits(row?.values.split(',')[n] as string, decimals)
}

function ratioOn({ former, ct, pt }: MeterRow, start: number): string {
  const [, ofCt, ofPt] = former.find(([until]) => until > start) ?? [0, ct, pt]
  return exactText(times(exact(ofCt), exact(ofPt)))
}

function intervalsOf({ best, states, decimals: had }: HistoryRow, decimals: number): Intervals {
  const factor = 10 ** (decimals - had)
  return { energy: Int32Array.from(best ?? [], (one) => (one === null ? MISSING : Math.round(one * factor))), states: Uint8Array.from(states ?? []) }
}

function curveOfDay(own: ReadonlyMap<number, ValueRow>): DayCurve {
  const rows = [...own.values()]
  const receivedAt = rows.reduce<Date | null>((latest, row) => (latest === null || row.receivedAt > latest ? row.receivedAt : latest), null)
  const series = CURVE_ITEMS.flatMap((item, place) => {
    const row = own.get(item)
    const texts = row?.values.split(',') ?? []
    return row ? [[place, row.slots.split(',').map((slot, n) => [Number(slot), texts[n] as string] as const)] as const] : []
  })
  const total = own.get(FORWARD_ACTIVE_TOTAL)
  const inside = total?.slots.split(',').map((slot) => Number(slot) < SLOTS) ?? []
  const qualities = total?.qualities.split(',') ?? []
  const registers = [FORWARD_ACTIVE_TOTAL, ...FROZEN].flatMap((item) => {
    const row = own.get(item)
    return row?.slots.split(',', 1)[0] === '0' ? [[String(item), row.values.split(',', 1)[0] as string]] : []
  })
  return {
    registers: Object.fromEntries(registers) as Record<string, string>,
    points: inside.filter(Boolean).length, recollected: qualities.filter((quality, n) => inside[n] && quality === 'recollected').length,
    receivedAt, series: packSeries(new Map(series)),
  }
}

function electricalOf(own: ReadonlyMap<number, ValueRow>, first: number, length: number): Electrical | undefined {
  const series = (item: number): Float64Array | undefined => {
    const row = own.get(item)
    if (!row) return undefined
    const values = new Float64Array(length).fill(NaN)
    const texts = row.values.split(',')
    // A value of a quarter hour stands for the interval that ends there.
    row.slots.split(',').forEach((slot, n) => { if (Number(slot) > first && Number(slot) <= first + length) values[Number(slot) - first - 1] = Number(texts[n]) })
    return values
  }
  const pairs = VOLTAGES.map((item, n) => [series(item), series(CURRENTS[n] as number)] as const)
  const known = pairs.filter(([voltage, current]) => voltage && current) as [Float64Array, Float64Array][]
  if (known.length === 0) return undefined
  return { voltage: known.map(([voltage]) => voltage), current: known.map(([, current]) => current), powerFactor: series(POWER_FACTOR) }
}
