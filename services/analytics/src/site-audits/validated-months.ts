import { DAY_MS, FORWARD_ACTIVE_TOTAL } from '@zhuzhan/core'
import { divisor, exact, times } from '@zhuzhan/energy-audit'
import type { Exact, ValidatedMonth } from '@zhuzhan/energy-audit'
import { STATE } from '@zhuzhan/metering'
import type pg from 'pg'
import { SLOTS, quarterHours, unpackMonth } from '../metering/day-curves.js'
import { copyRows } from './copy-rows.js'

const DAYS = (span: string): string => `SELECT meter_id, extract(day FROM day)::int - 1, decimals, ratio::text, best, states, sha256(array_send(best) || states) FROM vee_day
  WHERE ${span} AND item = ${FORWARD_ACTIVE_TOTAL} AND day_over AND cardinality(best) = ${SLOTS}`
const CURVES = (span: string): string => `SELECT meter_id, extract(day FROM day)::int - 1, points, recollected, registers::text, received_at, series, sha256(series) FROM day_curve WHERE ${span}`
const POSTGRES_EPOCH = Date.UTC(2000, 0, 1)
/** Before the numbers of a whole list as PostgreSQL sends it: dimensions, nulls, type, length, lower bound. */
const LIST_HEAD = 20

/** A register frozen at a midnight. */
export interface MidnightValue { time: number; item: number; value: string }

/** A closed month out of validated days. */
export interface MonthOfMeter extends ValidatedMonth {
  /** Of every midnight but the one that ends the month. */
  registers: MidnightValue[]
  recollected: number
  receivedAt: number | null
}

interface Day { decimals: number; ratio: string; best: Buffer; states: Buffer; digest: Buffer }
/**
 * Meters all of whose days of the month are over and validated, with their curves; the others are not in the answer.
 * @param begin of the month, epoch ms @param days of the month @param first the month's first day, `2026-10-01` @param next that of the next
 */
export async function loadValidatedMonths(client: pg.ClientBase, ids: readonly number[], begin: number, days: number, [first, next]: readonly [string, string]): Promise<Map<number, MonthOfMeter>> {
  // COPY takes no parameters: the ids are numbers, the days those of a calendar.
  const span = `meter_id IN (${ids.map(Number).join(', ')}) AND day >= '${first}' AND day < '${next}'`
  const found = new Map<number, (Day | undefined)[]>()
  await copyRows(client, DAYS(span), (row) => {
    const own = found.get(row.integer(0)) ?? new Array<Day | undefined>(days).fill(undefined)
    found.set(row.integer(0), own)
    own[row.integer(1)] = { decimals: row.smallint(2), ratio: row.text(3), best: row.bytes(4), states: row.bytes(5), digest: row.bytes(6) }
  })
  const curves = new Map<number, { series: Buffer[]; digests: Buffer[]; count: number; points: number; recollected: number; registers: MidnightValue[]; receivedAt: number | null }>()
  await copyRows(client, CURVES(span), (row) => {
    const own = curves.get(row.integer(0)) ?? { series: [], digests: [], count: 0, points: 0, recollected: 0, registers: [], receivedAt: null }
    curves.set(row.integer(0), own)
    const day = row.integer(1)
    own.series[day] = row.bytes(6)
    own.digests[day] = row.bytes(7)
    own.count += 1
    own.points += row.smallint(2)
    own.recollected += row.smallint(3)
    for (const [item, value] of Object.entries(JSON.parse(row.text(4)) as Record<string, string>)) own.registers.push({ time: begin + day * DAY_MS, item: Number(item), value })
    if (row.has(5)) own.receivedAt = Math.max(own.receivedAt ?? 0, Number(row.bigint(5) / 1_000n) + POSTGRES_EPOCH)
  })
  const months = new Map<number, MonthOfMeter>()
  for (const [id, of] of found) {
    const curve = curves.get(id)
    const whole = of.filter((day): day is Day => day !== undefined)
    if (whole.length !== days || curve?.count !== days) continue
    months.set(id, { ...intervalsOf(whole, begin), present: curve.points, recollected: curve.recollected, samples: unpackMonth(begin, days, curve.series), digest: Buffer.concat([...whole.map((day) => day.digest), ...curve.digests]), registers: curve.registers, receivedAt: curve.receivedAt })
  }
  return months
}

function intervalsOf(days: readonly Day[], begin: number): Pick<MonthOfMeter, 'intervals' | 'estimated'> {
  const units = new Map<string, Exact>()
  for (const { decimals, ratio } of days) if (!units.has(`${ratio} ${decimals}`)) units.set(`${ratio} ${decimals}`, times(exact(ratio), 10n ** BigInt(12 - decimals)))
  // Where ratio or decimals changed within the month, in the largest unit that both are whole counts of.
  const unit = [...units.values()].reduce(divisor, 0n) || 1n
  const all = quarterHours(begin, days.length)
  const [places, digits, estimated] = [new Uint16Array(all.length), new Float64Array(all.length), new Uint8Array(all.length)]
  let [count, altered] = [0, 0]
  for (const [day, { decimals, ratio, best, states }] of days.entries()) {
    const factor = Number((units.get(`${ratio} ${decimals}`) as Exact) / unit)
    const view = new DataView(best.buffer, best.byteOffset, best.byteLength)
    for (let slot = 0, at = LIST_HEAD; slot < SLOTS; slot += 1) {
      const isAltered = states[slot] === STATE.estimated || states[slot] === STATE.edited
      if (isAltered) altered += 1
      // The length before each number: four, or minus one for none.
      const isMissing = view.getInt32(at) < 0
      if (!isMissing) {
        places[count] = day * SLOTS + slot
        digits[count] = view.getInt32(at + 4) * factor
        estimated[count] = Number(isAltered)
        count += 1
      }
      at += isMissing ? 4 : 8
    }
  }
  // Meters without a gap share one list of begins, and what is worked out from it.
  const from = count === all.length ? all : Float64Array.from(places.subarray(0, count), (place) => all[place] as number)
  return { intervals: { from, digits: digits.subarray(0, count), estimated: estimated.subarray(0, count), unit }, estimated: altered }
}
