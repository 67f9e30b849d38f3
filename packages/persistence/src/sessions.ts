import { randomUUID } from 'node:crypto'
import type pg from 'pg'
import { HesError } from '@zhuzhan/core'
import { transaction } from './database.js'

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
  /**
   * Announce this life of the gateway and void what an earlier one left behind. The first call of a life takes over; a later
   * one, after a failure, must find itself or a dead replica in the place.
   * @throws HesError STATE_CONFLICT when a later life of this gateway has taken over
   */
  begin(): Promise<void>
  /**
   * Say that this replica lives, note who was heard of if anybody is named, and void the sessions of replicas that died. Call every two seconds.
   * @throws HesError STATE_CONFLICT when this replica counted as dead or was replaced: its rows may be void, begin again
   */
  beat(seen: readonly { connectionId: number; at: Date }[]): Promise<void>
  open(rows: readonly SessionRow[]): Promise<void>
  /** These connections now serve their addresses; other connections of the same addresses, wherever they are, no longer do. */
  bind(rows: readonly SessionBinding[]): Promise<void>
  close(connectionIds: readonly number[]): Promise<void>
  end(): Promise<void>
}

const DEAD_SECONDS = REPLICA_DEAD_MS / 1000

export function createSessionTable(pool: pg.Pool, gatewayId: string): SessionTable {
  const instance = randomUUID()
  let begun = false
  return {
    instance,
    begin: async () => {
      await transaction(pool, async (client) => {
        if (begun) {
          const other = await client.query(
            `SELECT 1 FROM replica WHERE kind = 'gateway' AND id = $1 AND instance <> $2 AND seen_at > now() - make_interval(secs => $3) FOR UPDATE`,
            [gatewayId, instance, DEAD_SECONDS])
          if (other.rowCount) throw new HesError('STATE_CONFLICT', `another process serves as ${gatewayId} now`)
        }
        await announceReplica(client, 'gateway', gatewayId, instance)
        await client.query('DELETE FROM terminal_session WHERE gateway_id = $1', [gatewayId])
      })
      begun = true
    },
    beat: async (seen) => {
      // Seen too late is dead already: another gateway may have voided the rows, so the caller must write them again.
      const alive = await pool.query(
        `UPDATE replica SET seen_at = now() WHERE kind = 'gateway' AND id = $1 AND instance = $2 AND seen_at > now() - make_interval(secs => $3)`,
        [gatewayId, instance, DEAD_SECONDS])
      if (!alive.rowCount) throw new HesError('STATE_CONFLICT', 'not seen for too long, or replaced')
      if (seen.length > 0) {
        await pool.query(
          `UPDATE terminal_session s SET last_seen_at = u.at FROM unnest($2::bigint[], $3::timestamptz[]) AS u (id, at)
           WHERE s.gateway_id = $1 AND s.gateway_instance = $4 AND s.connection_id = u.id`,
          [gatewayId, seen.map((one) => one.connectionId), seen.map((one) => one.at), instance])
      }
      await pool.query(
        `DELETE FROM terminal_session s WHERE NOT EXISTS (
           SELECT 1 FROM replica r WHERE r.kind = 'gateway' AND r.id = s.gateway_id AND r.instance = s.gateway_instance AND r.seen_at > now() - make_interval(secs => $1))`,
        [DEAD_SECONDS])
    },
    open: async (rows) => {
      if (rows.length === 0) return
      // Connection numbers start at 1 in every life, so a zombie's would collide with its successor's: only the announced life writes.
      await pool.query(
        `INSERT INTO terminal_session (gateway_id, gateway_instance, connection_id, address, remote, heartbeat_seconds, logged_in_at, last_seen_at)
         SELECT $1, $2, u.id, u.address, u.remote, u.heartbeat, u.at, u.at FROM unnest($3::bigint[], $4::text[], $5::text[], $6::int[], $7::timestamptz[]) AS u (id, address, remote, heartbeat, at)
         WHERE EXISTS (SELECT 1 FROM replica r WHERE r.kind = 'gateway' AND r.id = $1 AND r.instance = $2)
         ON CONFLICT (gateway_id, connection_id) DO UPDATE SET last_seen_at = EXCLUDED.last_seen_at`,
        [gatewayId, instance, rows.map((row) => row.connectionId), rows.map((row) => row.address), rows.map((row) => row.remote), rows.map((row) => row.heartbeatSeconds), rows.map((row) => row.loggedInAt)])
    },
    bind: async (rows) => {
      if (rows.length === 0) return
      // Of several bindings of one address the last holds; one UPDATE, because two in a statement would not see each other.
      await pool.query(
        `UPDATE terminal_session s SET
           routed = w.mine, frontend_id = CASE WHEN w.mine THEN w.frontend ELSE s.frontend_id END, security = CASE WHEN w.mine THEN w.security ELSE s.security END
         FROM (
           SELECT other.gateway_id, other.connection_id, last.frontend, last.security, other.gateway_id = $1 AND other.connection_id = last.id AS mine
           FROM (
             SELECT DISTINCT ON (t.address) t.address, u.id, u.frontend, u.security
             FROM unnest($3::bigint[], $4::text[], $5::text[]) WITH ORDINALITY AS u (id, frontend, security, place)
             JOIN terminal_session t ON t.gateway_id = $1 AND t.gateway_instance = $2 AND t.connection_id = u.id
             ORDER BY t.address, u.place DESC) last
           JOIN terminal_session other ON other.address = last.address) w
         WHERE s.gateway_id = w.gateway_id AND s.connection_id = w.connection_id AND (w.mine OR s.routed)`,
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

export async function announceReplica(pool: pg.Pool | pg.PoolClient, kind: string, id: string, instance: string): Promise<void> {
  await pool.query(
    `INSERT INTO replica (kind, id, instance, started_at, seen_at) VALUES ($1,$2,$3,now(),now())
     ON CONFLICT (kind, id) DO UPDATE SET instance = EXCLUDED.instance, seen_at = now(),
       started_at = CASE WHEN replica.instance = EXCLUDED.instance THEN replica.started_at ELSE now() END`,
    [kind, id, instance])
}
