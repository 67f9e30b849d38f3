import type pg from 'pg'
import { createWhere, pageOf } from '../queries/where.js'
import type { Page } from '../queries/where.js'

/** A clock that was read, or a question in vain. */
export type ClockReading = { meterId: number; at: Date } & ({ deviationSeconds: number; uncertaintySeconds: number } | { reason: string })

export interface MeterClockStore {
  /** Of these meters those whose clock was not read for `goodMs` and not asked for in vain for `restMs`; the one asked longest ago first. One that was taken off is not asked. */
  due(meterIds: readonly number[], nowMs: number, goodMs: number, restMs: number): Promise<number[]>
  store(readings: readonly ClockReading[]): Promise<void>
}

export function createMeterClockStore(pool: pg.Pool): MeterClockStore {
  return {
    due: async (meterIds, nowMs, goodMs, restMs) => {
      if (meterIds.length === 0) return []
      const { rows } = await pool.query<{ id: number }>(
        `SELECT m.id FROM unnest($1::int[]) AS m (id)
         LEFT JOIN LATERAL (SELECT max(c.at) FILTER (WHERE c.reason IS NULL) AS read_at, max(c.at) FILTER (WHERE c.reason IS NOT NULL) AS vain_at FROM meter_clock c WHERE c.meter_id = m.id AND c.at > $2) c ON true
         WHERE (c.read_at IS NULL OR c.read_at <= $3) AND (c.vain_at IS NULL OR c.vain_at <= $4) AND NOT meter_off(m.id, $5) ORDER BY greatest(c.read_at, c.vain_at) NULLS FIRST, m.id`,
        [meterIds, ...[Math.max(goodMs, restMs), goodMs, restMs, 0].map((ms) => new Date(nowMs - ms))])
      return rows.map(({ id }) => id)
    },
    store: async (readings) => {
      if (readings.length === 0) return
      // Of questions in vain the last stays. Meters deleted meanwhile are left out.
      await pool.query(
        `WITH came AS (SELECT r.* FROM jsonb_to_recordset($1::jsonb) AS r ("meterId" int, at timestamptz, "deviationSeconds" numeric, "uncertaintySeconds" numeric, reason text) JOIN meter m ON m.id = r."meterId"),
           former AS (DELETE FROM meter_clock c USING came WHERE c.meter_id = came."meterId" AND c.reason IS NOT NULL AND c.at <> came.at)
         INSERT INTO meter_clock (meter_id, at, deviation_s, uncertainty_s, reason) SELECT "meterId", at, "deviationSeconds", "uncertaintySeconds", reason FROM came ON CONFLICT DO NOTHING`,
        [JSON.stringify(readings)])
    },
  }
}

export interface MeterClockView {
  at: Date
  /** Seconds, exact; null with the reason. */
  deviation: string | null
  uncertainty: string | null
  reason: string | null
}

/** Clocks of a meter that were read, the latest first; the last question in vain among them. */
export async function listMeterClocks(pool: pg.Pool, filter: { meterId: number; before?: Date | undefined; limit: number }): Promise<Page<MeterClockView>> {
  const where = createWhere().and('meter_id = ?', filter.meterId).and('at < ?', filter.before)
  const { rows } = await pool.query<MeterClockView>(
    `SELECT at, deviation_s::text AS deviation, uncertainty_s::text AS uncertainty, reason FROM meter_clock WHERE ${where.text} ORDER BY at DESC LIMIT ${where.parameter(filter.limit + 1)}`, where.values)
  return pageOf(rows, filter.limit)
}

export interface DeviatingClockView {
  meter: string
  terminal: string
  utcOffsetMinutes: number
  at: Date
  deviation: string
  uncertainty: string
  /** Check 1 flags from here on, ms. */
  limitMs: number
}

/**
 * Meters whose last clock is beyond their threshold even if the reading is as far off as it may be, by address.
 * @param limits ms of check 1 by tariff, and of meters without one
 */
export async function listDeviatingClocks(pool: pg.Pool, filter: { limits: Readonly<Record<string, number>>; otherwise: number; after?: string | undefined; limit: number }): Promise<Page<DeviatingClockView>> {
  const where = createWhere()
  const limit = `coalesce((v.thresholds ->> 'clockFlagMs')::float8, (${where.parameter(JSON.stringify(filter.limits))}::jsonb ->> m.tariff)::float8, ${where.parameter(filter.otherwise)}::float8)`
  where.and(`(abs(c.deviation_s) - c.uncertainty_s) * 1000 > ${limit}`).and('m.address > ?', filter.after)
  const { rows } = await pool.query<DeviatingClockView>(
    `SELECT m.address AS meter, m.terminal_address AS terminal, t.utc_offset_minutes AS "utcOffsetMinutes", c.at, c.deviation_s::text AS deviation, c.uncertainty_s::text AS uncertainty, ${limit} AS "limitMs"
     FROM meter m JOIN terminal t ON t.address = m.terminal_address LEFT JOIN vee_threshold v ON v.scope = 'meter/' || m.address
     JOIN LATERAL (SELECT at, deviation_s, uncertainty_s FROM meter_clock WHERE meter_id = m.id AND reason IS NULL ORDER BY at DESC LIMIT 1) c ON true
     WHERE ${where.text} ORDER BY m.address LIMIT ${where.parameter(filter.limit + 1)}`, where.values)
  return pageOf(rows, filter.limit)
}
