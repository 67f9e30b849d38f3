import { DAY_MS, FORWARD_ACTIVE_TOTAL, dayStart } from '@zhuzhan/core'
import type { LocalDay } from '@zhuzhan/core'
import { exactText } from '@zhuzhan/energy-audit'
import { consumptionBetween, digitsOf, exchangeAt } from '@zhuzhan/metering'
import type { MeterExchange, Place, RegisterValue, Stretch } from '@zhuzhan/metering'
import type pg from 'pg'
import { tellGone } from '../metering/gone-figures.js'
import type { RegisterSettings } from './daily-energy.js'

/** Decimals that no register of a meter has more of. */
const DECIMALS = 4
const NEAR_END = 0.01

const METERS = `SELECT m.id, m.address, m.ct_ratio::text AS ct, m.pt_ratio::text AS pt, t.utc_offset_minutes AS "offset",
    coalesce((SELECT json_agg(json_build_array((extract(epoch FROM r.until_at) * 1000)::float8, r.ct_ratio::text, r.pt_ratio::text) ORDER BY r.until_at) FROM meter_ratio r WHERE r.meter_id = m.id), '[]') AS former
  FROM meter m JOIN terminal t ON t.address = m.terminal_address WHERE m.id = ANY($1::int[])`
const ENDS = `SELECT meter_id AS meter, item, value::text AS value, quality IN ('estimated', 'edited') AS estimated, extract(epoch FROM time)::float8 * 1000 AS time FROM reading_current
  WHERE ((meter_id = $1 AND time = $3) OR (meter_id = $2 AND time = $4)) AND meter_id IN ($1, $2) AND time IN ($3, $4) AND item = ANY($5::int[]) AND quality <> 'replay-unchecked'`
const DOUBTFUL = `SELECT FROM vee_day WHERE meter_id = $1 AND day = $2::date AND item = ${FORWARD_ACTIVE_TOTAL} AND day_over AND energy IS NULL`
const STORE = `INSERT INTO daily_energy (meter_id, day, item, start_value, end_value, energy, state, computed_at) VALUES ($1, $2::date, $3, $4, $5, $6, $7, $8)
  ON CONFLICT (meter_id, day, item) DO UPDATE SET start_value = excluded.start_value, end_value = excluded.end_value, energy = excluded.energy, state = excluded.state, computed_at = excluded.computed_at`

// A charge may rest on them: their history has it taken back.
const REST = `WITH gone AS (DELETE FROM daily_energy WHERE meter_id = $1 AND day = $2::date AND NOT item = ANY($3::int[]) RETURNING *)
  ${tellGone('daily_energy')}`

interface MeterRow { id: number; address: string; ct: string; pt: string; offset: number; former: [number, string, string][] }
interface EndRow { meter: number; item: number; value: string; estimated: boolean; time: number }

/**
 * Energy of a day with an exchange of meters in it, by register: what the old one counted to its last register and the new one from its first, times their
 * multipliers. Stored under the meter that counts at the day's end, as `exchanged` (`estimated` where a register of the ends was), with the registers of
 * the day's ends: its begin is the old meter's. A register of which the joint is not known has no energy.
 */
export async function computeJoinedEnergy(client: pg.ClientBase, settings: RegisterSettings, day: LocalDay, meter: number, exchanges: readonly MeterExchange[], places: readonly Place[], now: Date): Promise<void> {
  const meters = new Map((await client.query<MeterRow>(METERS, [places.map((place) => place.meter)])).rows.map((row) => [row.id, row]))
  const start = dayStart(day, meters.get(meter)?.offset ?? 0)
  const end = start + DAY_MS
  const items = [...new Set(places.flatMap((place) => [...exchangeAt(exchanges, place)?.registers.keys() ?? []]))]
  const first = places.find(({ to }) => to === null || to > start) as Place
  const { rows: ends } = await client.query<EndRow>(ENDS, [first.meter, meter, new Date(start), new Date(end), items])
  const doubtful = ((await client.query(DOUBTFUL, [meter, day])).rowCount ?? 0) > 0
  const stored: number[] = []
  for (const item of items) {
    const stretches = places.flatMap((place, n): Stretch[] => {
      const row = meters.get(place.meter) as MeterRow
      const [begin, last] = [exchangeAt(exchanges, place)?.registers.get(item)?.[1], places[n + 1] && exchangeAt(exchanges, places[n + 1] as Place)?.registers.get(item)?.[0]]
      const [from, to] = [Math.max(place.from ?? start, start), place.to]
      return changesOf(row, from, Math.min(to ?? end, end)).map(({ ct, pt, ...span }, part, all): Stretch => ({
        ...span, meter: String(row.id), to: part === all.length - 1 ? to : span.to, ctRatio: ct, ptRatio: pt, decimals: DECIMALS, fullScale: settings.registerFullScale * 10 ** DECIMALS,
        ...(part === 0 && begin !== undefined && place.from !== null && place.from >= start && { begin: digitsOf(begin, DECIMALS) }), ...(part === all.length - 1 && last !== undefined && { end: digitsOf(last, DECIMALS) }),
      }))
    })
    const registers = (of: string): RegisterValue[] => ends.filter((row) => row.item === item && String(row.meter) === of).map((row) => ({ time: Math.round(row.time), digits: digitsOf(row.value.replace(/(\.\d{4})\d+$/, '$1'), DECIMALS), estimated: row.estimated }))
    const result = consumptionBetween(stretches, registers, start, end, NEAR_END)
    const at = (time: number): string | undefined => ends.find((row) => row.item === item && Math.round(row.time) === time)?.value
    const [r1, r2] = [at(start) ?? (first.from === start ? exchangeAt(exchanges, first)?.registers.get(item)?.[1] : undefined), at(end)]
    if (r1 === undefined || r2 === undefined) continue
    const energy = result.kind === 'energy' && !doubtful ? exactText(result.energy) : null
    const state = result.kind === 'refused' ? (result.reason.includes('backwards') ? 'backwards' : 'ratio-changed') : doubtful ? 'doubtful' : result.estimated ? 'estimated' : 'exchanged'
    await client.query(STORE, [meter, day, item, r1, r2, energy, state, now])
    stored.push(item)
  }
  await client.query(REST, [meter, day, stored])
}

/** Times with one multiplier. */
function changesOf({ ct, pt, former }: MeterRow, from: number, to: number): { from: number; to: number; ct: string; pt: string }[] {
  const bounds = former.filter(([until]) => until > from && until < to).map(([until]) => until)
  return [from, ...bounds].map((begin, n) => {
    const [, ofCt, ofPt] = former.find(([until]) => until > begin) ?? [0, ct, pt]
    return { from: begin, to: bounds[n] ?? to, ct: ofCt, pt: ofPt }
  })
}
