import type pg from 'pg'
import { REPLICA_DEAD_MS } from '../sessions.js'

export interface ReplicaView {
  kind: string
  id: string
  startedAt: Date
  alive: boolean
}

/** Gateways and front ends that announced themselves. */
export async function listReplicas(pool: pg.Pool): Promise<ReplicaView[]> {
  const { rows } = await pool.query<ReplicaView>(
    `SELECT kind, id, started_at AS "startedAt", seen_at > now() - make_interval(secs => $1) AS alive FROM replica ORDER BY kind, id`, [REPLICA_DEAD_MS / 1000])
  return rows
}
