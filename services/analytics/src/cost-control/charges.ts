import { addDays, dayStart, FORWARD_ACTIVE_TOTAL } from '@zhuzhan/core'
import { CostContract } from '@zhuzhan/contracts'
import { localTime, money } from '@zhuzhan/cost-control'
import { TARIFFS, exact, sum, times } from '@zhuzhan/energy-audit'
import type { Exact } from '@zhuzhan/energy-audit'
import type { CostLedger } from '@zhuzhan/persistence'
import type pg from 'pg'
import { dayCharge } from './day-charge.js'
import type { DayRegister } from './day-charge.js'

const LAST = FORWARD_ACTIVE_TOTAL + 5
const PAGE = 200
/** Figures that were computed in a transaction which ended after our last look are found again. */
const OVERLAP_MS = 600_000

interface Due { account: string; contract: unknown; meterId: number; tariff: string | null; ratio: [string, string]; offsetMinutes: number; chargedFrom: string }

/**
 * Meters that counted at the account's supply point, with the days they did (supply_meter); its meter alone where none was exchanged. The day of an exchange
 * is the new meter's.
 */
const POINT = (meter: string): string => `(SELECT s.meter_id, s.from_day, s.to_day FROM supply_meter s WHERE s.holder = ${meter} UNION ALL SELECT ${meter}::int, NULL::date, NULL::date WHERE NOT EXISTS (SELECT FROM supply_meter s WHERE s.holder = ${meter}))`
const WITHIN = (day: string): string => `(p.from_day IS NULL OR ${day} >= p.from_day) AND (p.to_day IS NULL OR ${day} < p.to_day)`

/** An energy whose register a person took out: its row is gone, its history stays (energy/daily-energy.ts). */
const TOTAL_HEX = FORWARD_ACTIVE_TOTAL.toString(16).toUpperCase().padStart(8, '0')
const TAKEN_BACK = `h.figure = 'daily_energy' AND h.after = '{}' AND h.subject LIKE '%/${TOTAL_HEX}' AND h.at > a.charged_at - interval '${OVERLAP_MS} ms'`

const DUE = `SELECT a.account, a.contract, m.id AS "meterId", m.tariff, ARRAY[m.ct_ratio::text, m.pt_ratio::text] AS ratio, t.utc_offset_minutes AS "offsetMinutes", to_char(a.charged_from, 'YYYY-MM-DD') AS "chargedFrom"
  FROM cost_account a JOIN meter m ON m.address = a.meter JOIN terminal t ON t.address = m.terminal_address
  WHERE a.account > $1 AND (a.contract->>'lateFee' IS NOT NULL OR a.contract->>'mode' = 'local' OR EXISTS (SELECT 1 FROM ${POINT('m.id')} AS p JOIN daily_energy d ON d.meter_id = p.meter_id AND ${WITHIN('d.day')} WHERE d.item = ${FORWARD_ACTIVE_TOTAL} AND d.day >= a.charged_from AND d.computed_at > a.charged_at - interval '${OVERLAP_MS} ms')
    OR EXISTS (SELECT 1 FROM ${POINT('m.id')} AS p JOIN figure_history h ON h.meter_id = p.meter_id WHERE ${TAKEN_BACK}))
  ORDER BY a.account LIMIT ${PAGE}`
/** Days whose registers changed, with every tariff register. An implausible leap (vee_day without energy) is no energy. */
const REGISTERS = `SELECT to_char(d.day, 'YYYY-MM-DD') AS day, d.item & 255 AS index, CASE WHEN v.why_not IS NULL THEN d.energy::text END AS energy, COALESCE(v.why_not, d.state) AS state
  FROM ${POINT('$1')} AS p JOIN daily_energy d ON d.meter_id = p.meter_id AND ${WITHIN('d.day')} JOIN cost_account a ON a.account = $2 LEFT JOIN vee_day v ON v.meter_id = d.meter_id AND v.day = d.day AND v.item = ${FORWARD_ACTIVE_TOTAL} AND v.day_over
  WHERE d.item BETWEEN ${FORWARD_ACTIVE_TOTAL} AND ${LAST} AND d.day >= $3::date AND EXISTS (SELECT FROM daily_energy e WHERE e.meter_id = d.meter_id AND e.day = d.day AND e.item = ${FORWARD_ACTIVE_TOTAL} AND e.computed_at > a.charged_at - interval '${OVERLAP_MS} ms')
  ORDER BY d.day, d.item`
/** Days of which no total register is left. */
const GONE = `SELECT DISTINCT split_part(h.subject, '/', 1) AS day FROM ${POINT('$1')} AS q JOIN figure_history h ON h.meter_id = q.meter_id JOIN cost_account a ON a.account = $2 WHERE ${TAKEN_BACK}
  AND NOT EXISTS (SELECT 1 FROM ${POINT('$1')} AS p JOIN daily_energy d ON d.meter_id = p.meter_id AND ${WITHIN('d.day')} WHERE d.item = ${FORWARD_ACTIVE_TOTAL} AND d.day = split_part(h.subject, '/', 1)::date) ORDER BY 1`
/** The remaining amount of a meter that counts by itself (wallet, OAD 202C0200), as far as a collection plan asks for it. */
const WALLET = `SELECT value::text AS value, time FROM reading_value WHERE meter_id = $1 AND item = ${0x202c0201} AND quality <> 'replay-unchecked' ORDER BY time DESC LIMIT 1`
const YEAR = `SELECT to_char(d.day, 'YYYY-MM-DD') AS day, d.energy::text AS energy FROM ${POINT('$1')} AS p JOIN daily_energy d ON d.meter_id = p.meter_id AND ${WITHIN('d.day')}
  WHERE d.item = ${FORWARD_ACTIVE_TOTAL} AND d.day >= $2::date AND d.day < $3::date ORDER BY d.day`

export interface Charges {
  /** Books what changed since the last run. Cut off anywhere it is run again: nothing is booked twice. @returns entries booked */
  run(now: number, signal?: AbortSignal): Promise<number>
}

export function createCharges({ pool, ledger }: { pool: pg.Pool; ledger: CostLedger }): Charges {
  /** kWh of the year up to a day, where every day of it is known. */
  const before = async (meterId: number, day: string): Promise<Exact | undefined> => {
    const first = `${day.slice(0, 4)}-01-01`
    const { rows } = await pool.query<{ day: string; energy: string | null }>(YEAR, [meterId, first, day])
    const whole = rows.every(({ day: one, energy }, index) => energy !== null && one === addDays(first, index)) && addDays(first, rows.length) === day
    return whole ? sum(rows.map(({ energy }) => exact(energy as string))) : undefined
  }
  const mirrored = async (due: Due, now: number): Promise<boolean> => {
    const { rows: [wallet] } = await pool.query<{ value: string; time: Date }>(WALLET, [due.meterId])
    return wallet !== undefined && ledger.mirror(due.account, money(wallet.value), wallet.time.getTime(), now)
  }
  const one = async (due: Due, now: number): Promise<number> => {
    const terms = CostContract.parse(due.contract)
    if (terms.mode === 'local') return await mirrored(due, now) ? 1 : 0
    const tariff = TARIFFS.find(({ id }) => id === due.tariff)
    const { rows } = await pool.query<DayRegister & { day: string }>(REGISTERS, [due.meterId, due.account, due.chargedFrom])
    const days = new Map<string, DayRegister[]>()
    for (const { day, ...register } of rows) days.set(day, [...(days.get(day) ?? []), register])
    let booked = 0
    for (const [day, registers] of days) {
      const used = terms.prices === undefined && tariff?.yearlyStepsKwh ? await before(due.meterId, day) : undefined
      const charge = dayCharge(registers, terms, tariff, times(exact(due.ratio[0]), exact(due.ratio[1])), used)
      const readAt = dayStart(addDays(day, 1), due.offsetMinutes)
      if ('refused' in charge) {
        if (charge.register && await ledger.reverse(due.account, { day, readAt, why: charge.refused }, now)) booked += 1
        continue
      }
      if (await ledger.charge(due.account, { day, amount: charge.amount, quality: charge.quality, readAt, detail: { registers: Object.fromEntries(registers.map(({ index, energy }) => [index, energy])), notApplied: charge.notApplied } }, now)) booked += 1
    }
    const gone = await pool.query<{ day: string }>(GONE, [due.meterId, due.account])
    for (const { day } of gone.rows) if (await ledger.reverse(due.account, { day, readAt: dayStart(addDays(day, 1), due.offsetMinutes), why: 'its register was taken out' }, now)) booked += 1
    if (terms.lateFee && await ledger.lateFee(due.account, localTime(now, due.offsetMinutes).day, now)) booked += 1
    return booked
  }
  return {
    run: async (now, signal) => {
      let booked = 0
      for (let after = ''; ;) {
        const { rows } = await pool.query<Due>(DUE, [after])
        for (const due of rows) {
          booked += await one(due, now)
          await pool.query('UPDATE cost_account SET charged_at = GREATEST(charged_at, $2) WHERE account = $1', [due.account, new Date(now)])
          signal?.throwIfAborted()
        }
        if (rows.length < PAGE) return booked
        after = rows.at(-1)?.account ?? ''
      }
    },
  }
}
