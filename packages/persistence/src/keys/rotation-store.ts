import type pg from 'pg'
import { appendAuditIn } from '../audit.js'
import { transaction } from '../database.js'

export interface RotationOrder {
  /** Id of the order, 16 bytes hex. */
  order: string
  kind: 'root-keys' | 'key-update'
  /** The bytes that administrators sign, base64. */
  message: string
  submitted: boolean
}

export interface RotationRecord {
  id: string
  createdAt: Date
  requestedBy: string
  reason: string | null
  keyVersion: number
  devices: number
  skipped: { address: string; why: string }[]
  orders: RotationOrder[]
}

const COLUMNS = 'id, created_at AS "createdAt", requested_by AS "requestedBy", reason, key_version AS "keyVersion", devices, skipped, orders'

/** Rotations of device keys, as operators asked for them. */
export interface RotationStore {
  add(rotation: Omit<RotationRecord, 'createdAt'>): Promise<RotationRecord>
  find(id: string): Promise<RotationRecord | undefined>
  /** Youngest first. */
  list(limit: number, before?: Date): Promise<RotationRecord[]>
  /** The crypto machine carried this order out. */
  submitted(id: string, order: string, who: string): Promise<void>
  /** Devices with keys of their own: of this list or area (terminals and meters in it), or all. */
  scope(query: { addresses?: readonly string[] | undefined; area?: string | undefined }): Promise<string[]>
}

export function createRotationStore(pool: pg.Pool): RotationStore {
  return {
    add: ({ id, requestedBy, reason, keyVersion, devices, skipped, orders }) => transaction(pool, async (client) => {
      const { rows } = await client.query<RotationRecord>(
        `INSERT INTO key_rotation (id, requested_by, reason, key_version, devices, skipped, orders) VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING ${COLUMNS}`,
        [id, requestedBy, reason, keyVersion, devices, JSON.stringify(skipped), JSON.stringify(orders)])
      await appendAuditIn(client, [{
        actor: requestedBy, action: 'keys.rotate', object: `rotation/${id}`, outcome: 'ok', ...(reason === null ? {} : { reason }),
        detail: { keyVersion, devices, skipped: skipped.length, orders: orders.map(({ order }) => order) },
      }])
      return rows[0] as RotationRecord
    }),
    find: async (id) => (await pool.query<RotationRecord>(`SELECT ${COLUMNS} FROM key_rotation WHERE id = $1`, [id])).rows[0],
    list: async (limit, before) => (await pool.query<RotationRecord>(
      `SELECT ${COLUMNS} FROM key_rotation WHERE $2::timestamptz IS NULL OR created_at < $2 ORDER BY created_at DESC LIMIT $1`, [limit, before ?? null])).rows,
    submitted: (id, order, who) => transaction(pool, async (client) => {
      await client.query(
        `UPDATE key_rotation SET orders = (SELECT jsonb_agg(CASE WHEN o->>'order' = $2 THEN o || '{"submitted": true}' ELSE o END ORDER BY n)
           FROM jsonb_array_elements(orders) WITH ORDINALITY AS e (o, n)) WHERE id = $1`, [id, order])
      await appendAuditIn(client, [{ actor: who, action: 'keys.order', object: `rotation/${id}`, outcome: 'ok', detail: { order } }])
    }),
    scope: async ({ addresses, area }) => (await pool.query<{ address: string }>(
      `SELECT address FROM terminal WHERE security_profile = 'sm' AND ($1::text[] IS NULL OR address = ANY ($1)) AND ($2::text IS NULL OR area = $2)
       UNION SELECT address FROM meter WHERE kind = 'meter' AND security_profile = 'sm' AND ($1::text[] IS NULL OR address = ANY ($1)) AND ($2::text IS NULL OR area = $2)
       ORDER BY address`, [addresses ?? null, area ?? null])).rows.map((row) => row.address),
  }
}
