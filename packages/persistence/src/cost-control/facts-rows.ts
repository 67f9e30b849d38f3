import { addDays } from '@zhuzhan/core'
import { BATCH_LIMITS, createCalendar, dayCharges, localTime, recentCharges } from '@zhuzhan/cost-control'
import type { BatchLimits, Calendar, ChargeQuality, Facts, NoticeKind, Protection, ProtectionKind } from '@zhuzhan/cost-control'
import type pg from 'pg'
import type { CostAccount } from './rows.js'

/** Years the operator entered. */
export async function loadCalendar(client: pg.Pool | pg.ClientBase): Promise<Calendar> {
  const { rows } = await client.query<{ year: number; source: string; holidays: string[]; workingDays: string[] }>('SELECT year, source, holidays::text[] AS holidays, working_days::text[] AS "workingDays" FROM cost_holiday_year')
  return createCalendar(rows)
}

const PROTECTIONS = `SELECT kind, since, until, evidence FROM cost_protection
  WHERE (until IS NULL OR until > $3) AND (scope = 'all' OR (scope = 'account' AND of = $1) OR (scope = 'area' AND of = $2))`
/** Cut within a day, or about to be. */
const LOAD = `SELECT count(*) FILTER (WHERE COALESCE(m.area, t.area, 'DEFAULT') = $2)::int AS area, count(*) FILTER (WHERE a.state = 'pending-trip' OR a.last_tripped_at > $4)::int AS hour
  FROM cost_account a LEFT JOIN meter m ON m.address = a.meter LEFT JOIN terminal t ON t.address = m.terminal_address
  WHERE a.account <> $1 AND (a.state = 'pending-trip' OR a.last_tripped_at > $3)`
const AREA = `SELECT count(*)::int AS meters FROM meter m JOIN terminal t ON t.address = m.terminal_address WHERE m.kind = 'meter' AND COALESCE(m.area, t.area, 'DEFAULT') = $1`
const PLACE = `SELECT COALESCE(m.area, t.area, 'DEFAULT') AS area, t.utc_offset_minutes AS "offsetMinutes" FROM meter m JOIN terminal t ON t.address = m.terminal_address WHERE m.address = $1`
const DAY_MS = 86_400_000
const CHINA_MINUTES = 480

/** Everything a decision about an account rests on, within the transaction that holds its row. */
export async function loadFacts(client: pg.ClientBase, one: CostAccount, now: number, calendar: Calendar, limits: BatchLimits = BATCH_LIMITS): Promise<Facts> {
  // What has no area of its own is in one together, as in the tickets.
  const { rows: [place] } = await client.query<{ area: string; offsetMinutes: number }>(PLACE, [one.meter])
  const local = localTime(now, place?.offsetMinutes ?? CHINA_MINUTES)
  const protections = await client.query<{ kind: ProtectionKind; since: Date; until: Date | null; evidence: string }>(PROTECTIONS, [one.id, place?.area ?? 'DEFAULT', new Date(now)])
  const { rows: [kept] } = await client.query<{ held: string | null }>('SELECT cost_preserved($1, $2) AS held', [one.meter, new Date(now)])
  const notices = await client.query<{ kind: NoticeKind; createdAt: Date; sentAt: Date | null; deliveredAt: Date | null }>(
    'SELECT kind, created_at AS "createdAt", sent_at AS "sentAt", delivered_at AS "deliveredAt" FROM cost_notice WHERE account = $1 AND failed IS NULL AND created_at >= $2 ORDER BY id', [one.id, new Date(one.account.episodeSince ?? now)])
  const charges = await client.query<{ day: string; amount: string; quality: ChargeQuality }>(
    `SELECT to_char(day, 'YYYY-MM-DD') AS day, amount::text, quality FROM cost_entry WHERE account = $1 AND day >= $2 AND kind IN ('charge', 'correction') ORDER BY id`, [one.id, addDays(local.day, -8)])
  const { rows: [load] } = await client.query<{ area: number; hour: number }>(LOAD, [one.id, place?.area ?? 'DEFAULT', new Date(now - DAY_MS), new Date(now - 3_600_000)])
  const { rows: [area] } = await client.query<{ meters: number }>(AREA, [place?.area ?? 'DEFAULT'])
  const marks: Protection[] = protections.rows.map(({ kind, since, until, evidence }) => ({ kind, from: since.getTime(), until: until?.getTime(), evidence }))
  if (kept?.held) marks.push({ kind: 'power-preserve', from: now, evidence: kept.held })
  return {
    now, local, calendar, limits, account: one.account, contract: one.contract, balance: one.balance, measuredBalance: one.balance + one.estimated, reading: one.reading,
    recent: recentCharges(dayCharges(charges.rows.map((row) => ({ key: '', kind: 'charge' as const, at: 0, day: row.day, amount: BigInt(row.amount), quality: row.quality }))), local.day),
    notices: notices.rows.map(({ kind, createdAt, sentAt, deliveredAt }) => ({ kind, sentAt: (sentAt ?? createdAt).getTime(), queued: sentAt === null, deliveredAt: deliveredAt?.getTime() })),
    protections: marks,
    area: { meters: area?.meters ?? 0, others: load?.area ?? 0 }, hour: { others: load?.hour ?? 0 },
  }
}
