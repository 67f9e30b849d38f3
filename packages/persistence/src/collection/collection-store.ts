import type pg from 'pg'

export interface CollectionPlan {
  id: string
  name: string
  /** Record attribute of the freeze object, e.g. 50020200; 40000200: no rows, the clocks of the meters. */
  freezeOad: string
  /** Columns to ask for. */
  items: string[]
  /** Minutes between slots of a curve; null: one slot a day (5004) or month (5006). */
  intervalMinutes: number | null
  /**
   * Terminals collect these rows by a task of theirs, and its start or storage time is the time of the freeze: its records are read
   * first. Null: every meter is asked.
   */
  taskRecords: 'started' | 'stored' | null
  everySeconds: number
  horizonHours: number
  priority: number
}

/** A slot that should be there and is not. */
export interface MissingSlot {
  meterId: number
  /** Epoch ms. */
  slot: number
  /** Tries so far that brought nothing. */
  attempts: number
}

export type ItemRanges = readonly (readonly [first: number, last: number])[]

export interface CollectionStore {
  plans(): Promise<CollectionPlan[]>
  /**
   * Of the slots given, those without a reading of `item` or to be read again, and not resting after a vain try; oldest first. A meter that was taken off owes nothing since.
   * @param beside ranges of items, both ends included: without a reading in any of them a slot is missing too
   */
  missing(plan: string, item: number, meterIds: readonly number[], slots: readonly number[], beside?: ItemRanges): Promise<MissingSlot[]>
  /** Slots a try did not bring: remembered with the reason and when to try again. */
  failed(plan: string, gaps: readonly { meterId: number; slot: number; reason: string; nextTryAt: Date }[]): Promise<void>
  /** Slots that came after all. */
  filled(plan: string, slots: readonly { meterId: number; slot: number }[]): Promise<void>
  openGaps(): Promise<number>
  /** Addresses of terminals that are served now, with their front end. */
  served(): Promise<{ address: string; frontendId: string }[]>
}

export function createCollectionStore(pool: pg.Pool): CollectionStore {
  return {
    plans: async () => (await pool.query<CollectionPlan>(
      `SELECT id, name, freeze_oad AS "freezeOad", items, interval_minutes AS "intervalMinutes", task_records AS "taskRecords", every_seconds AS "everySeconds", horizon_hours AS "horizonHours", priority
       FROM collection_plan WHERE enabled ORDER BY priority, id`)).rows,
    missing: async (plan, item, meterIds, slots, beside) => {
      if (meterIds.length === 0 || slots.length === 0) return []
      const { rows } = await pool.query<{ meter_id: number; slot: Date; attempts: number }>(
        // The few times in which a meter was off, as a table: asked for each pair they would take as long as all the rest.
        `WITH off AS MATERIALIZED (
           SELECT x.old_meter AS id, x.at AS from_at, COALESCE((SELECT min(y.at) FROM meter_exchange y WHERE y.new_meter = x.old_meter AND y.at > x.at), 'infinity') AS to_at FROM meter_exchange x WHERE x.old_meter = ANY($1::int[]))
         SELECT m.id AS meter_id, s.slot, COALESCE(g.attempts, 0) AS attempts
         FROM unnest($1::int[]) AS m (id) CROSS JOIN unnest($2::timestamptz[]) AS s (slot)
         LEFT JOIN collection_gap g ON g.meter_id = m.id AND g.plan_id = $3 AND g.slot = s.slot
         WHERE (g.next_try_at IS NULL OR g.next_try_at <= now()) AND NOT EXISTS (SELECT FROM off o WHERE o.id = m.id AND o.from_at <= s.slot AND o.to_at > s.slot)
           AND (g.again = 'due'
             OR NOT EXISTS (SELECT 1 FROM reading_value r WHERE r.meter_id = m.id AND r.time = s.slot AND r.item = $4 AND r.time >= $5 AND r.time <= $6 AND r.quality <> 'replay-unchecked')
             OR ($7::int[] IS NOT NULL AND NOT EXISTS (SELECT 1 FROM reading_value r JOIN unnest($7::int[], $8::int[]) AS o (first, last) ON r.item BETWEEN o.first AND o.last
               WHERE r.meter_id = m.id AND r.time = s.slot AND r.time >= $5 AND r.time <= $6 AND r.quality <> 'replay-unchecked')))
         ORDER BY s.slot, m.id`,
        [meterIds, slots.map((slot) => new Date(slot)), plan, item | 0, new Date(Math.min(...slots)), new Date(Math.max(...slots)), beside?.map(([first]) => first | 0) ?? null, beside?.map(([, last]) => last | 0) ?? null])
      return rows.map((row) => ({ meterId: row.meter_id, slot: row.slot.getTime(), attempts: row.attempts }))
    },
    failed: async (plan, gaps) => {
      if (gaps.length === 0) return
      await pool.query(
        `INSERT INTO collection_gap (meter_id, plan_id, slot, reason, next_try_at)
         SELECT u.meter_id, $1, u.slot, u.reason, u.next_try_at FROM unnest($2::int[], $3::timestamptz[], $4::text[], $5::timestamptz[]) AS u (meter_id, slot, reason, next_try_at)
         ON CONFLICT (meter_id, plan_id, slot) DO UPDATE SET attempts = collection_gap.attempts + 1, reason = EXCLUDED.reason, next_try_at = EXCLUDED.next_try_at`,
        [plan, gaps.map((gap) => gap.meterId), gaps.map((gap) => new Date(gap.slot)), gaps.map((gap) => gap.reason), gaps.map((gap) => gap.nextTryAt)])
    },
    filled: async (plan, slots) => {
      if (slots.length === 0) return
      // What was read again keeps its row: the meter has said it twice, asking a third time would tell nothing new.
      await pool.query(
        `WITH came AS (SELECT meter_id, slot FROM unnest($2::int[], $3::timestamptz[]) AS u (meter_id, slot)), again AS (
           UPDATE collection_gap g SET again = 'done' FROM came u WHERE g.plan_id = $1 AND g.meter_id = u.meter_id AND g.slot = u.slot AND g.again = 'due')
         DELETE FROM collection_gap g USING came u WHERE g.plan_id = $1 AND g.meter_id = u.meter_id AND g.slot = u.slot AND g.again IS NULL`,
        [plan, slots.map((slot) => slot.meterId), slots.map((slot) => new Date(slot.slot))])
    },
    openGaps: async () => (await pool.query<{ count: number }>("SELECT count(*) FROM collection_gap WHERE again IS DISTINCT FROM 'done'")).rows[0]?.count ?? 0,
    served: async () => (await pool.query<{ address: string; frontendId: string }>(
      'SELECT address, frontend_id AS "frontendId" FROM terminal_session WHERE routed AND frontend_id IS NOT NULL')).rows,
  }
}
