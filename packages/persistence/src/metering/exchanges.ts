import { HesError, localDay, oadText } from '@zhuzhan/core'
import type pg from 'pg'
import { appendAuditIn } from '../audit.js'
import { transaction } from '../database.js'
import { createWhere, pageOf } from '../queries/where.js'
import type { Page } from '../queries/where.js'
import { LOCK } from '../locks.js'

/** Registers of a joint by OAD number: the old meter's last, the new one's first, exact decimals before ratios. */
export type JointRegisters = Readonly<Record<number, readonly [last: string, first: string]>>

export interface NewExchange {
  oldMeter: string
  newMeter: string
  at: Date
  registers: JointRegisters
  why: string
}

export interface ExchangeView extends NewExchange {
  id: number
  utcOffsetMinutes: number
  who: string
  enteredAt: Date
}

/** The account cannot be judged by another meter while something is on its way to the old one. */
const SETTLED_STATES = ['normal', 'alarm-1', 'alarm-2', 'protected']

const METERS = `SELECT m.id, m.address, t.utc_offset_minutes AS "offsetMinutes" FROM meter m JOIN terminal t ON t.address = m.terminal_address WHERE m.address = ANY($1::text[]) AND m.kind = 'meter' ORDER BY m.id FOR UPDATE OF m`
const EVENTS = 'SELECT at, new_meter = $1 AS mounted FROM meter_exchange WHERE old_meter = $1 OR new_meter = $1 ORDER BY at'
const INSERT = 'INSERT INTO meter_exchange (at, old_meter, new_meter, registers, who, why) VALUES ($1, $2, $3, $4, $5, $6) RETURNING id'
const CHAINS = `WITH RECURSIVE day_of AS (
    SELECT x.old_meter, x.new_meter, x.at, (x.at AT TIME ZONE 'UTC' + make_interval(mins => t.utc_offset_minutes))::date AS day
    FROM meter_exchange x JOIN meter m ON m.id = x.new_meter JOIN terminal t ON t.address = m.terminal_address
  ), last AS (
    SELECT DISTINCT ON (meter) meter, mounted, at, day FROM (SELECT new_meter AS meter, true AS mounted, at, day FROM day_of UNION ALL SELECT old_meter, false, at, day FROM day_of) AS events ORDER BY meter, at DESC
  ), chain AS (
    SELECT meter AS holder, meter AS meter_id, at AS from_at, day AS from_day, NULL::date AS to_day FROM last WHERE mounted
    UNION ALL
    SELECT c.holder, x.old_meter, p.at, p.day, x.day FROM chain c JOIN day_of x ON x.new_meter = c.meter_id AND x.at = c.from_at
      LEFT JOIN LATERAL (SELECT e.at, e.day FROM day_of e WHERE e.new_meter = x.old_meter AND e.at < x.at ORDER BY e.at DESC LIMIT 1) AS p ON true
  )
  INSERT INTO supply_meter (holder, meter_id, from_day, to_day) SELECT holder, meter_id, from_day, to_day FROM chain`
// What was computed of the new meter's days is computed anew, and so is what the old one would have counted since.
const TOUCH = `INSERT INTO touched_days (meter_ids, days, cause)
  SELECT array_agg(m), array_agg(d::date), $4::jsonb FROM unnest($1::int[]) AS m, generate_series($2::date, $3::date, interval '1 day') AS d GROUP BY date_trunc('month', d) ORDER BY date_trunc('month', d)`
// The old meter's audits from then on are the new one's. Those of months that are over are made now, those of the one in progress each night.
const AUDITS = `WITH gone AS (DELETE FROM energy_audit WHERE meter_id = $1 AND month >= date_trunc('month', $3::date)::date AND $4 RETURNING *),
    told AS (INSERT INTO figure_history (meter_id, figure, subject, before, after, cause)
      SELECT meter_id, 'energy_audit', to_char(month, 'YYYY-MM'), to_jsonb(gone) - '{computed_at,meter_id,month}'::text[], '{}', $5::jsonb FROM gone WHERE report #>> '{period,monthOver}' = 'true')
  INSERT INTO audit_due (meter_id, month) SELECT $2, month FROM (
    SELECT month, report FROM gone UNION SELECT month, report FROM energy_audit WHERE meter_id = $2 AND month >= date_trunc('month', $3::date)::date) AS made
  WHERE report #>> '{period,monthOver}' = 'true' GROUP BY month ON CONFLICT (meter_id, month) DO UPDATE SET month = excluded.month`

/**
 * Stores exchanges, all or none: with their audit entries, the accounts that go over to the new meters, and the order to compute anew what depends on them.
 * @throws HesError NOT_FOUND, STATE_CONFLICT where a meter would be taken off or mounted twice, or its account is not settled
 */
export function storeExchanges(pool: pg.Pool, exchanges: readonly NewExchange[], who: string, now: Date): Promise<number[]> {
  return transaction(pool, async (client) => {
    await client.query('SELECT pg_advisory_xact_lock($1)', [LOCK.exchanges])
    const ids: number[] = []
    for (const one of [...exchanges].sort((a, b) => a.at.getTime() - b.at.getTime())) ids.push(await storeOne(client, one, who, now))
    await client.query('DELETE FROM supply_meter')
    await client.query(CHAINS)
    return ids
  })
}

async function storeOne(client: pg.PoolClient, { oldMeter, newMeter, at, registers, why }: NewExchange, who: string, now: Date): Promise<number> {
  const { rows } = await client.query<{ id: number; address: string; offsetMinutes: number }>(METERS, [[oldMeter, newMeter]])
  const [before, after] = [oldMeter, newMeter].map((address) => {
    const found = rows.find((row) => row.address === address)
    if (!found) throw new HesError('NOT_FOUND', `There is no meter ${address}.`)
    return found
  }) as [typeof rows[number], typeof rows[number]]
  if (before.offsetMinutes !== after.offsetMinutes) throw new HesError('STATE_CONFLICT', 'The meters are behind terminals of different calendars.')
  await refuseOutOfTurn(client, before, at, false)
  await refuseOutOfTurn(client, after, at, true)
  const stored = Object.fromEntries(Object.entries(registers).map(([item, pair]) => [Number(item) | 0, pair]))
  const { rows: [{ id } = { id: 0 }] } = await client.query<{ id: number }>(INSERT, [at, before.id, after.id, JSON.stringify(stored), who, why])
  const { rows: [latest] } = await client.query<{ leaves: boolean }>('SELECT old_meter = $1 AS leaves FROM meter_exchange WHERE $1 IN (old_meter, new_meter) ORDER BY at DESC LIMIT 1', [before.id])
  const account = latest?.leaves ? await moveAccount(client, before, after) : undefined
  if (account !== undefined) await client.query('UPDATE meter_exchange SET account = $2 WHERE id = $1', [id, account])
  const day = localDay(at.getTime(), after.offsetMinutes)
  const cause = { kind: 'exchange', exchange: id, who, why }
  await client.query(TOUCH, [[before.id, after.id], day, localDay(now.getTime(), after.offsetMinutes), JSON.stringify(cause)])
  await client.query(AUDITS, [before.id, after.id, day, latest?.leaves === true, JSON.stringify(cause)])
  await appendAuditIn(client, [{
    actor: who, action: 'meter.exchange', object: `meter/${oldMeter}`, outcome: 'ok', reason: why,
    detail: { exchange: id, newMeter, at: at.toISOString(), registers: Object.fromEntries(Object.entries(registers).map(([item, pair]) => [oadText(Number(item)), [...pair]])), ...(account !== undefined && { account }) },
  }])
  return id
}

const STANDING = `SELECT x.at, x.old_meter AS "oldId", x.new_meter AS "newId", o.address AS "oldMeter", n.address AS "newMeter", x.registers, x.account, t.utc_offset_minutes AS "offsetMinutes",
    EXISTS (SELECT FROM meter_exchange y WHERE y.at > x.at AND (x.old_meter IN (y.old_meter, y.new_meter) OR x.new_meter IN (y.old_meter, y.new_meter))) AS followed
  FROM meter_exchange x JOIN meter o ON o.id = x.old_meter JOIN meter n ON n.id = x.new_meter JOIN terminal t ON t.address = n.terminal_address WHERE x.id = $1`
// Charges of the account rest on these days until it is told that they are none of its meter's any more.
const UNCHARGE = `INSERT INTO figure_history (meter_id, figure, subject, before, after, cause)
  SELECT $1, 'daily_energy', concat_ws('/', day, lpad(upper(to_hex(item)), 8, '0')), to_jsonb(d) - '{computed_at,meter_id,day,item}'::text[], '{}', $4::jsonb FROM daily_energy d WHERE meter_id = $2 AND day >= $3::date`
const AUDITS_BACK = `INSERT INTO audit_due (meter_id, month) SELECT m, month FROM energy_audit, unnest($1::int[]) AS m WHERE meter_id = $2 AND month >= date_trunc('month', $3::date)::date AND report #>> '{period,monthOver}' = 'true'
  ORDER BY m ON CONFLICT (meter_id, month) DO UPDATE SET month = excluded.month`

/**
 * Takes back an exchange that was entered wrongly: the meters count as before, the account goes back, and all that depended on it is computed anew.
 * @throws HesError NOT_FOUND, STATE_CONFLICT when a later exchange builds on it or the account is not settled
 */
export function withdrawExchange(pool: pg.Pool, id: number, who: string, why: string, now: Date): Promise<void> {
  return transaction(pool, async (client) => {
    await client.query('SELECT pg_advisory_xact_lock($1)', [LOCK.exchanges])
    const { rows: [one] } = await client.query<{ at: Date; oldId: number; newId: number; oldMeter: string; newMeter: string; registers: Record<string, unknown>; account: string | null; offsetMinutes: number; followed: boolean }>(STANDING, [id])
    if (!one) throw new HesError('NOT_FOUND', `There is no exchange ${id}.`)
    if (one.followed) throw new HesError('STATE_CONFLICT', 'A later exchange of one of the meters stands: withdraw that first.')
    const [day, cause] = [localDay(one.at.getTime(), one.offsetMinutes), JSON.stringify({ kind: 'exchange', withdrawn: id, who, why })]
    await client.query('DELETE FROM meter_exchange WHERE id = $1', [id])
    if (one.account !== null) {
      await moveAccount(client, { id: one.newId, address: one.newMeter }, { id: one.oldId, address: one.oldMeter })
      await client.query(UNCHARGE, [one.oldId, one.newId, day, cause])
    }
    await client.query(TOUCH, [[one.oldId, one.newId], day, localDay(now.getTime(), one.offsetMinutes), cause])
    await client.query(AUDITS_BACK, [[one.oldId, one.newId], one.newId, day])
    await client.query('DELETE FROM supply_meter')
    await client.query(CHAINS)
    await appendAuditIn(client, [{ actor: who, action: 'meter.exchange.withdraw', object: `meter/${one.oldMeter}`, outcome: 'ok', reason: why, detail: { exchange: id, newMeter: one.newMeter, at: one.at.toISOString(), registers: one.registers } }])
  })
}

/** A meter is mounted and taken off in turn. @throws HesError STATE_CONFLICT */
async function refuseOutOfTurn(client: pg.PoolClient, { id, address }: { id: number; address: string }, at: Date, mounted: boolean): Promise<void> {
  const { rows } = await client.query<{ at: Date; mounted: boolean }>(EVENTS, [id])
  if (rows.some((one) => one.at.getTime() === at.getTime())) throw new HesError('STATE_CONFLICT', `An exchange of ${address} at that instant is stored.`)
  const [last, next] = [rows.findLast((one) => one.at < at), rows.find((one) => one.at > at)]
  if (last?.mounted === mounted || next?.mounted === mounted) throw new HesError('STATE_CONFLICT', `${address} would be ${mounted ? 'mounted' : 'taken off'} twice: ${((last?.mounted === mounted ? last : next) as { at: Date }).at.toISOString()}.`)
}

/** The account goes with the supply point. @throws HesError STATE_CONFLICT */
async function moveAccount(client: pg.PoolClient, before: { id: number; address: string }, after: { id: number; address: string }): Promise<string | undefined> {
  const { rows: [account] } = await client.query<{ account: string; state: string }>('SELECT account, state FROM cost_account WHERE meter = $1 FOR UPDATE', [before.address])
  if (!account) return undefined
  if (!SETTLED_STATES.includes(account.state)) throw new HesError('STATE_CONFLICT', `Account ${account.account} is ${account.state}: settle that first.`)
  const { rowCount } = await client.query('SELECT 1 FROM cost_account WHERE meter = $1', [after.address])
  if (rowCount !== 0) throw new HesError('STATE_CONFLICT', `${after.address} has an account of its own.`)
  // Charged again from what the exchange makes of its days, whenever they are computed.
  await client.query('UPDATE cost_account SET meter = $2, needs_look = true WHERE account = $1', [account.account, after.address])
  return account.account
}

/** Exchanges, the latest entered first; of one meter those it was taken off or mounted in. */
export async function listExchanges(pool: pg.Pool, filter: { meter?: string | undefined; before?: number | undefined; limit: number }): Promise<Page<ExchangeView>> {
  const where = createWhere().and('(o.address = ? OR n.address = ?)', filter.meter, filter.meter).and('x.id < ?', filter.before)
  const { rows } = await pool.query<ExchangeView>(
    `SELECT x.id, o.address AS "oldMeter", n.address AS "newMeter", t.utc_offset_minutes AS "utcOffsetMinutes", x.at, x.registers, x.who, x.why, x.entered_at AS "enteredAt"
     FROM meter_exchange x JOIN meter o ON o.id = x.old_meter JOIN meter n ON n.id = x.new_meter JOIN terminal t ON t.address = n.terminal_address
     WHERE ${where.text} ORDER BY x.id DESC LIMIT ${where.parameter(filter.limit + 1)}`, where.values)
  return pageOf(rows, filter.limit)
}
