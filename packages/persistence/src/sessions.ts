import { randomUUID } from 'node:crypto'
import type pg from 'pg'

/** A replica not seen for this long is dead, and the sessions it held are void. */
export const REPLICA_DEAD_MS = 6_000

export interface SessionRow {
  connectionId: number
  address: string
  remote: string
  heartbeatSeconds: number
  loggedInAt: Date
}

export interface SessionBinding {
  connectionId: number
  frontendId: string
  security: string
}

/** The session table as one gateway writes it. Every statement names the gateway's instance, so a zombie cannot write into its successor's rows. */
export interface SessionTable {
  readonly instance: string
  /** Void what an earlier life of this gateway left behind; then announce this one. */
  begin(): Promise<void>
  /** Say that this replica lives, note who was heard of, and void the sessions of replicas that died. Call every two seconds. */
  beat(seen: readonly { connectionId: number; at: Date }[]): Promise<void>
  open(rows: readonly SessionRow[]): Promise<void>
  /** These connections now serve their addresses; other connections of the same addresses, wherever they are, no longer do. */
  bind(rows: readonly SessionBinding[]): Promise<void>
  close(connectionIds: readonly number[]): Promise<void>
  end(): Promise<void>
}

export function createSessionTable(pool: pg.Pool, gatewayId: string): SessionTable {
  const instance = randomUUID()
  return {
    instance,
    begin: async () => {
      await pool.query('DELETE FROM terminal_session WHERE gateway_id = $1', [gatewayId])
      await announceReplica(pool, 'gateway', gatewayId, instance)
    },
    beat: async (seen) => {
      await announceReplica(pool, 'gateway', gatewayId, instance)
      if (seen.length > 0) {
        await pool.query(
          `UPDATE terminal_session s SET last_seen_at = u.at FROM unnest($2::bigint[], $3::timestamptz[]) AS u (id, at)
           WHERE s.gateway_id = $1 AND s.gateway_instance = $4 AND s.connection_id = u.id`,
          [gatewayId, seen.map((one) => one.connectionId), seen.map((one) => one.at), instance])
      }
      await pool.query(
        `DELETE FROM terminal_session s WHERE NOT EXISTS (
           SELECT 1 FROM replica r WHERE r.kind = 'gateway' AND r.id = s.gateway_id AND r.instance = s.gateway_instance AND r.seen_at > now() - make_interval(secs => $1))`,
        [REPLICA_DEAD_MS / 1000])
    },
    open: async (rows) => {
      if (rows.length === 0) return
      await pool.query(
        `INSERT INTO terminal_session (gateway_id, gateway_instance, connection_id, address, remote, heartbeat_seconds, logged_in_at, last_seen_at)
         SELECT $1, $2, u.id, u.address, u.remote, u.heartbeat, u.at, u.at FROM unnest($3::bigint[], $4::text[], $5::text[], $6::int[], $7::timestamptz[]) AS u (id, address, remote, heartbeat, at)
         ON CONFLICT (gateway_id, connection_id) DO UPDATE SET last_seen_at = EXCLUDED.last_seen_at`,
        [gatewayId, instance, rows.map((row) => row.connectionId), rows.map((row) => row.address), rows.map((row) => row.remote), rows.map((row) => row.heartbeatSeconds), rows.map((row) => row.loggedInAt)])
    },
    bind: async (rows) => {
      if (rows.length === 0) return
      await pool.query(
        `WITH mine AS (
           UPDATE terminal_session s SET routed = true, frontend_id = u.frontend, security = u.security
           FROM unnest($3::bigint[], $4::text[], $5::text[]) AS u (id, frontend, security)
           WHERE s.gateway_id = $1 AND s.gateway_instance = $2 AND s.connection_id = u.id RETURNING s.address, s.connection_id)
         UPDATE terminal_session s SET routed = false FROM mine
         WHERE s.address = mine.address AND s.routed AND NOT (s.gateway_id = $1 AND s.connection_id = mine.connection_id)`,
        [gatewayId, instance, rows.map((row) => row.connectionId), rows.map((row) => row.frontendId), rows.map((row) => row.security)])
    },
    close: async (ids) => {
      if (ids.length > 0) await pool.query('DELETE FROM terminal_session WHERE gateway_id = $1 AND gateway_instance = $3 AND connection_id = ANY($2::bigint[])', [gatewayId, ids, instance])
    },
    end: async () => {
      await pool.query('DELETE FROM terminal_session WHERE gateway_id = $1 AND gateway_instance = $2', [gatewayId, instance])
      await pool.query('DELETE FROM replica WHERE kind = $1 AND id = $2 AND instance = $3', ['gateway', gatewayId, instance])
    },
  }
}

export async function announceReplica(pool: pg.Pool, kind: string, id: string, instance: string): Promise<void> {
  await pool.query(
    `INSERT INTO replica (kind, id, instance, started_at, seen_at) VALUES ($1,$2,$3,now(),now())
     ON CONFLICT (kind, id) DO UPDATE SET instance = EXCLUDED.instance, seen_at = now(),
       started_at = CASE WHEN replica.instance = EXCLUDED.instance THEN replica.started_at ELSE now() END`,
    [kind, id, instance])
}
