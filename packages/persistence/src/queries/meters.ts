import type pg from 'pg'
import type { SecurityMode, SecurityProfile } from '@zhuzhan/contracts'
import { LIVE_SESSION } from './online.js'
import { createWhere, pageOf } from './where.js'
import type { Page } from './where.js'

export interface MeterView {
  id: number
  address: string
  kind: 'meter' | 'terminal'
  terminal: string
  name: string | null
  securityProfile: SecurityProfile
  mode: SecurityMode | null
  area: string | null
  /** Exact decimals, as numeric comes from the database. */
  ctRatio: string
  ptRatio: string
  tariff: string | null
  createdAt: Date
  online: boolean
  /** Of its terminal. */
  utcOffsetMinutes: number
  terminalSecurityProfile: SecurityProfile
}

export interface MeterFilter {
  q?: string | undefined
  area?: string | undefined
  terminal?: string | undefined
  online?: boolean | undefined
  /** Address of the last meter of the page before. */
  after?: string | undefined
  limit: number
}

const ONLINE = `EXISTS (SELECT 1 FROM ${LIVE_SESSION} WHERE s.address = m.terminal_address)`
const SELECT = `
  SELECT m.id, m.address, m.kind, m.terminal_address AS terminal, m.name, m.security_profile AS "securityProfile", m.mode, m.area,
    m.ct_ratio AS "ctRatio", m.pt_ratio AS "ptRatio", m.tariff, m.created_at AS "createdAt", ${ONLINE} AS online,
    t.utc_offset_minutes AS "utcOffsetMinutes", t.security_profile AS "terminalSecurityProfile"
  FROM meter m JOIN terminal t ON t.address = m.terminal_address`

/** Meters people know of; the rows of terminals' own measurements are left out. */
export async function listMeters(pool: pg.Pool, filter: MeterFilter): Promise<Page<MeterView>> {
  const where = createWhere()
    .and("m.kind = 'meter'")
    .and('m.address > ?', filter.after)
    .and('(position(? in m.address) > 0 OR position(lower(?) in lower(m.name)) > 0)', filter.q, filter.q)
    .and('m.area = ?', filter.area)
    .and('m.terminal_address = ?', filter.terminal)
    .and(`${ONLINE} = ?`, filter.online)
  const { rows } = await pool.query<MeterView>(`${SELECT} WHERE ${where.text} ORDER BY m.address LIMIT ${where.parameter(filter.limit + 1)}`, where.values)
  return pageOf(rows, filter.limit)
}

/** Also finds the row of a terminal's own measurements. */
/** Those of these meters that are registered. */
export async function findMeters(pool: pg.Pool, addresses: readonly string[]): Promise<MeterView[]> {
  return (await pool.query<MeterView>(`${SELECT} WHERE m.address = ANY($1)`, [addresses])).rows
}

export async function findMeter(pool: pg.Pool | pg.PoolClient, address: string): Promise<MeterView | undefined> {
  const { rows } = await pool.query<MeterView>(`${SELECT} WHERE m.address = $1`, [address])
  return rows[0]
}
