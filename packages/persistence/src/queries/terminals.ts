import type pg from 'pg'
import type { SecurityMode, SecurityProfile } from '@zhuzhan/contracts'
import { LIVE_SESSION } from './online.js'
import { createWhere, pageOf } from './where.js'
import type { Page } from './where.js'

export interface TerminalSessionView {
  gateway: string
  frontEnd: string | null
  since: Date
  lastSeen: Date
  security: string
  remote: string
  heartbeatSeconds: number
}

export interface TerminalView {
  address: string
  name: string | null
  securityProfile: SecurityProfile
  mode: SecurityMode | null
  area: string | null
  utcOffsetMinutes: number
  createdAt: Date
  meters: number
  session: TerminalSessionView | null
}

export interface TerminalFilter {
  q?: string | undefined
  area?: string | undefined
  online?: boolean | undefined
  securityProfile?: SecurityProfile | undefined
  /** Address of the last terminal of the page before. */
  after?: string | undefined
  limit: number
}

interface Row extends Omit<TerminalView, 'session'> {
  gateway: string | null
  frontEnd: string | null
  since: Date
  lastSeen: Date
  security: string
  remote: string
  heartbeatSeconds: number
}

// Of several connections of one terminal the routed one counts, then the youngest.
const SELECT = `
  SELECT t.address, t.name, t.security_profile AS "securityProfile", t.mode, t.area, t.utc_offset_minutes AS "utcOffsetMinutes", t.created_at AS "createdAt",
    (SELECT count(*) FROM meter m WHERE m.terminal_address = t.address AND m.kind = 'meter') AS meters,
    live.gateway_id AS gateway, live.frontend_id AS "frontEnd", live.logged_in_at AS since, live.last_seen_at AS "lastSeen", live.security, live.remote,
    live.heartbeat_seconds AS "heartbeatSeconds"
  FROM terminal t LEFT JOIN LATERAL (
    SELECT s.* FROM ${LIVE_SESSION} WHERE s.address = t.address ORDER BY s.routed DESC, s.logged_in_at DESC LIMIT 1) live ON true`

export async function listTerminals(pool: pg.Pool, filter: TerminalFilter): Promise<Page<TerminalView>> {
  const where = createWhere()
    .and('t.address > ?', filter.after)
    .and('(position(? in t.address) > 0 OR position(lower(?) in lower(t.name)) > 0)', filter.q, filter.q)
    .and('t.area = ?', filter.area)
    .and('t.security_profile = ?', filter.securityProfile)
    .and('(live.gateway_id IS NOT NULL) = ?', filter.online)
  const { rows } = await pool.query<Row>(`${SELECT} WHERE ${where.text} ORDER BY t.address LIMIT ${where.parameter(filter.limit + 1)}`, where.values)
  return pageOf(rows.map(view), filter.limit)
}

export async function findTerminal(pool: pg.Pool | pg.PoolClient, address: string): Promise<TerminalView | undefined> {
  const { rows } = await pool.query<Row>(`${SELECT} WHERE t.address = $1`, [address])
  return rows[0] && view(rows[0])
}

function view({ gateway, frontEnd, since, lastSeen, security, remote, heartbeatSeconds, ...terminal }: Row): TerminalView {
  return { ...terminal, session: gateway === null ? null : { gateway, frontEnd, since, lastSeen, security, remote, heartbeatSeconds } }
}
