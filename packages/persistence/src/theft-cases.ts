import type pg from 'pg'
import { appendAuditIn } from './audit.js'
import { transaction } from './database.js'
import { createWhere, pageOf } from './queries/where.js'
import type { Page } from './queries/where.js'

/** Cases of suspected theft. Who may do which step is the operator API's matter; which steps there are is here. */

export type TheftCaseState = 'open' | 'inspected' | 'confirmed' | 'cleared'

/** What a step leads from. A case is confirmed by what an inspection found, never without one. */
const STEPS: Readonly<Record<Exclude<TheftCaseState, 'open'>, readonly TheftCaseState[]>> = { inspected: ['open', 'inspected'], confirmed: ['inspected'], cleared: ['open', 'inspected'] }
/** Somebody looked and cleared the meter: computers do not raise it again for this long, people may. */
const CLEARED_DAYS = 60

export interface NewTheftCase {
  meter: string
  source: 'line-loss' | 'score' | 'person'
  why: string
  evidence?: Record<string, unknown> | undefined
  score?: number | undefined
  /** Decimal text, kWh. */
  recoverableKwh?: string | undefined
  /** Local day. */
  since?: string | undefined
}

export interface TheftCase {
  id: number
  meter: string
  utcOffsetMinutes: number
  state: TheftCaseState
  source: string
  why: string
  evidence: Record<string, unknown>
  score: number | null
  recoverableKwh: string | null
  since: string | null
  openedBy: string
  openedAt: Date
  decidedAt: Date | null
}

export interface TheftCaseStep { at: Date; state: string; who: string; why: string }

/** What became of each: the id of the new case, or why there is none. */
export type Opened = { meter: string; id: number } | { meter: string; refused: 'unknown-meter' | 'open-already' | 'cleared-lately' }

const CASE = `c.id, m.address AS meter, t.utc_offset_minutes AS "utcOffsetMinutes", c.state, c.source, c.why, c.evidence, c.score, c.recoverable_kwh::text AS "recoverableKwh",
  to_char(c.since, 'YYYY-MM-DD') AS since, c.opened_by AS "openedBy", c.opened_at AS "openedAt", c.decided_at AS "decidedAt"`
const FROM = 'theft_case c JOIN meter m ON m.id = c.meter_id JOIN terminal t ON t.address = m.terminal_address'
const RANK = ['coalesce(c.recoverable_kwh, -1)::float8', 'coalesce(c.score, -1)', '-c.id::float8'] as const
// Why a row was not inserted is told from what kept it out: a case opened at the same time is not in this statement's snapshot.
const OPEN = `WITH given AS (
    SELECT id, $2 <> 'person' AND EXISTS (SELECT FROM theft_case k WHERE k.meter_id = meter.id AND k.state = 'cleared' AND k.decided_at > $9::timestamptz - interval '${CLEARED_DAYS} days') AS cleared
    FROM meter WHERE address = $1 AND kind = 'meter'),
  opened AS (
    INSERT INTO theft_case (meter_id, source, why, evidence, score, recoverable_kwh, since, opened_by, opened_at)
    SELECT id, $2, $3, $4, $5, $6, $7::date, $8, $9 FROM given WHERE NOT cleared
    ON CONFLICT (meter_id) WHERE state IN ('open', 'inspected') DO NOTHING RETURNING id),
  step AS (INSERT INTO theft_case_step (case_id, at, state, who, why) SELECT id, $9, 'open', $8, $3 FROM opened)
  SELECT (SELECT id FROM opened) AS id, EXISTS (SELECT FROM given) AS known, coalesce((SELECT cleared FROM given), false) AS cleared`

/** Opens cases inside the caller's transaction, each with its audit entry; a meter has at most one that is not decided. */
export async function openTheftCasesIn(client: pg.PoolClient, cases: readonly NewTheftCase[], who: string, now: Date): Promise<Opened[]> {
  const outcomes: Opened[] = []
  for (const { meter, source, why, evidence = {}, score, recoverableKwh, since } of cases) {
    const { rows: [row] } = await client.query<{ id: number | null; known: boolean; cleared: boolean }>(OPEN, [meter, source, why, JSON.stringify(evidence), score ?? null, recoverableKwh ?? null, since ?? null, who, now])
    if (typeof row?.id === 'number') outcomes.push({ meter, id: row.id })
    else outcomes.push({ meter, refused: !row?.known ? 'unknown-meter' : row.cleared ? 'cleared-lately' : 'open-already' })
  }
  await appendAuditIn(client, outcomes.flatMap((one, index) => ('id' in one ? [{ actor: who, action: 'theft-case.open', object: `theft-case/${one.id}`, outcome: 'ok' as const, reason: cases[index]?.why, detail: { meter: one.meter, source: cases[index]?.source } }] : [])), now)
  return outcomes
}

export function openTheftCases(pool: pg.Pool, cases: readonly NewTheftCase[], who: string, now: Date): Promise<Opened[]> {
  return transaction(pool, (client) => openTheftCasesIn(client, cases, who, now))
}

/** One step, with its audit entry; who inspected does not decide. @returns the case as it is now and whether the step was made; undefined when there is no such case */
export function stepTheftCase(pool: pg.Pool, id: number, state: Exclude<TheftCaseState, 'open'>, { who, why, now }: { who: string; why: string; now: Date }): Promise<{ made: boolean; case: TheftCase } | undefined> {
  return transaction(pool, async (client) => {
    const { rowCount } = await client.query(
      `UPDATE theft_case SET state = $2, decided_at = CASE WHEN $2 IN ('confirmed', 'cleared') THEN $3::timestamptz END WHERE id = $1 AND state = ANY($4::text[])
         AND ($2 = 'inspected' OR NOT EXISTS (SELECT FROM theft_case_step s WHERE s.case_id = $1 AND s.state = 'inspected' AND s.who = $5))`, [id, state, now, STEPS[state], who])
    const made = rowCount === 1
    if (made) {
      await client.query('INSERT INTO theft_case_step (case_id, at, state, who, why) VALUES ($1, $2, $3, $4, $5)', [id, now, state, who, why])
      await appendAuditIn(client, [{ actor: who, action: `theft-case.${state}`, object: `theft-case/${id}`, outcome: 'ok', reason: why }], now)
    }
    const { rows: [found] } = await client.query<TheftCase>(`SELECT ${CASE} FROM ${FROM} WHERE c.id = $1`, [id])
    return found && { made, case: found }
  })
}

export async function findTheftCase(pool: pg.Pool, id: number): Promise<(TheftCase & { steps: TheftCaseStep[] }) | undefined> {
  const { rows: [found] } = await pool.query<TheftCase>(`SELECT ${CASE} FROM ${FROM} WHERE c.id = $1`, [id])
  if (!found) return undefined
  const { rows: steps } = await pool.query<TheftCaseStep>('SELECT at, state, who, why FROM theft_case_step WHERE case_id = $1 ORDER BY id', [id])
  return { ...found, steps }
}

/** Cases by what could be recovered, the most first; those of which that is not known by score, then by age. */
export async function listTheftCases(pool: pg.Pool, { states, meter, after, limit }: { states?: readonly string[] | undefined; meter?: string | undefined; after?: readonly [number, number, number] | undefined; limit: number }): Promise<Page<TheftCase & { rank: [number, number, number] }>> {
  const where = createWhere().and('c.state = ANY(?::text[])', states).and('m.address = ?', meter)
  if (after) where.and(`(${RANK.join(', ')}) < (?::float8, ?::float8, ?::float8)`, ...after)
  const most = where.parameter(limit + 1)
  const { rows } = await pool.query<TheftCase & { rank: [number, number, number] }>(
    `SELECT ${CASE}, ARRAY[${RANK.join(', ')}] AS rank FROM ${FROM} WHERE ${where.text} ORDER BY ${RANK.map((one) => `${one} DESC`).join(', ')} LIMIT ${most}`, where.values)
  return pageOf(rows, limit)
}

/** What inspections said, for training: a meter's last decided case, theft or not. */
export async function theftLabels(pool: pg.Pool): Promise<{ meter: string; theft: 0 | 1; since: string | null; opened: Date; decided: Date }[]> {
  const { rows } = await pool.query<{ meter: string; theft: 0 | 1; since: string | null; opened: Date; decided: Date }>(
    `SELECT DISTINCT ON (m.address) m.address AS meter, (c.state = 'confirmed')::int AS theft, to_char(c.since, 'YYYY-MM-DD') AS since, c.opened_at AS opened, c.decided_at AS decided
     FROM ${FROM} WHERE c.state = 'confirmed' OR (c.state = 'cleared' AND EXISTS (SELECT FROM theft_case_step s WHERE s.case_id = c.id AND s.state = 'inspected')) ORDER BY m.address, c.decided_at DESC`)
  return rows
}
