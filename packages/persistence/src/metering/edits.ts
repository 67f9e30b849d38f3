import { HesError, oadText } from '@zhuzhan/core'
import type pg from 'pg'
import { appendAuditIn } from '../audit.js'
import { transaction } from '../database.js'
import { LOCK } from '../locks.js'

export const EDIT_KINDS = ['replace', 'reject', 'withdraw'] as const
export type EditKind = (typeof EDIT_KINDS)[number]

export interface NewEdit {
  meterId: number
  /** Address, for the audit entry. */
  meter: string
  /** OAD as an unsigned number. */
  item: number
  time: Date
  kind: EditKind
  /** Exact decimal; only with `replace`. */
  value?: string | undefined
  who: string
  why: string
  /** Local days whose figures look at the value. */
  days: readonly string[]
}

/** What holds now: an edit, or the raw value unless it may be a replay. */
const CURRENT = `SELECT value::text AS value FROM reading_current WHERE meter_id = $1 AND time = $2 AND item = $3 AND quality <> 'replay-unchecked'`
const LOG = `INSERT INTO reading_edit (meter_id, time, item, kind, value, before, who, why) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING id`
const FORCE = `INSERT INTO edited_value (meter_id, time, item, value, edit) VALUES ($1, $2, $3, $4, $5)
  ON CONFLICT (meter_id, time, item) DO UPDATE SET value = excluded.value, edit = excluded.edit`
const TOUCH = 'INSERT INTO touched_days (meter_ids, days, cause) SELECT array_agg($1::int), array_agg(d), $3::jsonb FROM unnest($2::date[]) AS d'

/**
 * Edits one register value. The raw value stays; the edit, its audit entry and the order to compute the figures anew stand or fall together.
 * @returns the number of the edit, and what held before
 * @throws HesError STATE_CONFLICT when there is nothing to take out or to withdraw
 */
export function editReading(pool: pg.Pool, { meterId, meter, item, time, kind, value, who, why, days }: NewEdit): Promise<{ edit: number; before: string | null }> {
  return transaction(pool, async (client) => {
    // Edits of one meter one after the other: `before` is what the edit before this one left.
    await client.query('SELECT pg_advisory_xact_lock($1, $2)', [LOCK.edits, meterId])
    const key = [meterId, time, item | 0]
    const { rows: [current] } = await client.query<{ value: string }>(CURRENT, key)
    const before = current?.value ?? null
    if (kind === 'reject' && before === null) throw new HesError('STATE_CONFLICT', 'There is no value to take out.')
    const { rows: [logged] } = await client.query<{ id: number }>(LOG, [...key, kind, value ?? null, before, who, why])
    const edit = (logged as { id: number }).id
    if (kind === 'withdraw') {
      const { rowCount } = await client.query('DELETE FROM edited_value WHERE meter_id = $1 AND time = $2 AND item = $3', key)
      if (rowCount === 0) throw new HesError('STATE_CONFLICT', 'There is no edit to withdraw.')
    } else {
      await client.query(FORCE, [...key, value ?? null, edit])
    }
    await client.query(TOUCH, [meterId, days, JSON.stringify({ kind: 'edit', edit, who, why })])
    await appendAuditIn(client, [{
      actor: who, action: `reading.${kind}`, object: `meter/${meter}`, outcome: 'ok', reason: why,
      detail: { edit, item: oadText(item), time: time.toISOString(), before, ...(value === undefined ? {} : { value }) },
    }])
    return { edit, before }
  })
}
