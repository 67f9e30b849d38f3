import type pg from 'pg'
import type { ErrorCode } from '@zhuzhan/core'
import type { SecurityMode, SecurityProfile } from '@zhuzhan/contracts'
import { appendAuditIn } from '../audit.js'
import { transaction } from '../database.js'
import { insertEvents } from '../events.js'

export interface NewTerminalRow {
  address: string
  name?: string | undefined
  securityProfile: SecurityProfile
  mode?: SecurityMode | undefined
  area?: string | undefined
  utcOffsetMinutes: number
}

export interface NewMeterRow {
  address: string
  terminal: string
  name?: string | undefined
  securityProfile: SecurityProfile
  mode?: SecurityMode | undefined
  area?: string | undefined
  ctRatio: number
  ptRatio: number
  tariff?: string | undefined
}

export interface RegistrationOutcome {
  address: string
  result: 'created' | 'exists' | 'refused'
  code?: ErrorCode
  message?: string
}

export interface RegistrationOptions {
  who: string
  /** Do everything and take it back: the outcomes are what would happen. */
  dryRun?: boolean
  /** Kept in the audit entry, for example which file a row came from. */
  detail?: Record<string, unknown>
}

/**
 * Registers terminals in one transaction with their audit entry; outcomes keep the order. Every new terminal gets the row
 * of its own measurements, so its address must not be a meter's behind another terminal.
 */
export function registerTerminals(pool: pg.Pool, terminals: readonly NewTerminalRow[], options: RegistrationOptions): Promise<RegistrationOutcome[]> {
  return register(pool, 'terminal', terminals, options, async (client, rows) => {
    const inserted = await client.query<{ address: string }>(
      `INSERT INTO terminal (address, name, security_profile, mode, area, utc_offset_minutes)
       SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::int[]) ON CONFLICT (address) DO NOTHING RETURNING address`,
      [column(rows, 'address'), column(rows, 'name'), column(rows, 'securityProfile'), column(rows, 'mode'), column(rows, 'area'), column(rows, 'utcOffsetMinutes')])
    const created = inserted.rows.map((row) => row.address)
    const homes = await client.query<{ address: string }>(
      `INSERT INTO meter (address, kind, terminal_address) SELECT address, 'terminal', address FROM unnest($1::text[]) AS t (address) ON CONFLICT (address) DO NOTHING RETURNING address`, [created])
    const kept = new Set(homes.rows.map((row) => row.address))
    const taken = new Set(created.filter((address) => !kept.has(address)))
    if (taken.size > 0) await client.query('DELETE FROM terminal WHERE address = ANY($1)', [[...taken]])
    return (row) => {
      if (kept.has(row.address)) return { address: row.address, result: 'created' }
      if (taken.has(row.address)) return { address: row.address, result: 'refused', code: 'EXISTS_ALREADY', message: 'a meter behind another terminal has this address' }
      return { address: row.address, result: 'exists', code: 'EXISTS_ALREADY', message: `terminal ${row.address} exists` }
    }
  })
}

/** The same for meters. A meter with its terminal's own address takes over the row of the terminal's measurements. */
export function registerMeters(pool: pg.Pool, meters: readonly NewMeterRow[], options: RegistrationOptions): Promise<RegistrationOutcome[]> {
  return register(pool, 'meter', meters, options, async (client, rows) => {
    // The lock keeps a terminal from being deleted between this look and the insert.
    const found = await client.query<{ address: string }>('SELECT address FROM terminal WHERE address = ANY($1) FOR KEY SHARE', [[...new Set(column(rows, 'terminal'))]])
    const terminals = new Set(found.rows.map((row) => row.address))
    const known = rows.filter((row) => terminals.has(row.terminal))
    const inserted = await client.query<{ address: string }>(
      `INSERT INTO meter (address, kind, terminal_address, name, security_profile, mode, area, ct_ratio, pt_ratio, tariff)
       SELECT address, 'meter', terminal, name, profile, mode, area, ct, pt, tariff
       FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::numeric[], $8::numeric[], $9::text[])
         AS m (address, terminal, name, profile, mode, area, ct, pt, tariff)
       ON CONFLICT (address) DO UPDATE SET kind = 'meter', name = EXCLUDED.name, security_profile = EXCLUDED.security_profile, mode = EXCLUDED.mode, area = EXCLUDED.area,
         ct_ratio = EXCLUDED.ct_ratio, pt_ratio = EXCLUDED.pt_ratio, tariff = EXCLUDED.tariff
       WHERE meter.kind = 'terminal' AND meter.terminal_address = EXCLUDED.terminal_address
       RETURNING address`,
      [column(known, 'address'), column(known, 'terminal'), column(known, 'name'), column(known, 'securityProfile'), column(known, 'mode'), column(known, 'area'),
        column(known, 'ctRatio'), column(known, 'ptRatio'), column(known, 'tariff')])
    const created = new Set(inserted.rows.map((row) => row.address))
    return (row) => {
      if (created.has(row.address)) return { address: row.address, result: 'created' }
      if (!terminals.has(row.terminal)) return { address: row.address, result: 'refused', code: 'NOT_FOUND', message: `terminal ${row.terminal} is not registered` }
      return { address: row.address, result: 'exists', code: 'EXISTS_ALREADY', message: `a meter or terminal with address ${row.address} exists` }
    }
  })
}

function column<T, K extends keyof T>(rows: readonly T[], name: K): (T[K] | null)[] {
  return rows.map((row) => row[name] ?? null)
}

type Insert<T> = (client: pg.PoolClient, rows: readonly T[]) => Promise<(row: T) => RegistrationOutcome>

async function register<T extends { address: string }>(pool: pg.Pool, kind: 'terminal' | 'meter', rows: readonly T[], options: RegistrationOptions, insert: Insert<T>): Promise<RegistrationOutcome[]> {
  const first = new Map<string, number>()
  rows.forEach((row, index) => { if (!first.has(row.address)) first.set(row.address, index) })
  let outcomes: RegistrationOutcome[] = []
  const work = async (client: pg.PoolClient): Promise<void> => {
    const tell = await insert(client, rows.filter((row, index) => first.get(row.address) === index))
    outcomes = rows.map((row, index) =>
      first.get(row.address) === index ? tell(row) : { address: row.address, result: 'exists', code: 'EXISTS_ALREADY', message: 'this address stood there before' })
    if (options.dryRun) throw new TakenBack()
    await record(client, kind, rows.filter((_, index) => outcomes[index]?.result === 'created'), options)
  }
  await transaction(pool, work).catch((error: unknown) => { if (!(error instanceof TakenBack)) throw error })
  return outcomes
}

/** Ends a dry run: the transaction rolls back. */
class TakenBack extends Error {}

async function record<T extends { address: string }>(client: pg.PoolClient, kind: 'terminal' | 'meter', created: readonly T[], options: RegistrationOptions): Promise<void> {
  const [only, ...others] = created
  if (!only) return
  if (others.length === 0) {
    await appendAuditIn(client, [{ actor: options.who, action: `${kind}.create`, object: `${kind}/${only.address}`, outcome: 'ok', detail: { ...only, ...options.detail } }])
  } else {
    const addresses = created.map((row) => row.address)
    await appendAuditIn(client, [{ actor: options.who, action: `${kind}.create`, object: `${kind}/*`, outcome: 'ok', detail: { count: addresses.length, addresses, ...options.detail } }])
  }
  await insertEvents(client, [{
    kind: 'registry.changed', ...(others.length === 0 ? { [kind]: only.address } : {}),
    detail: { what: `${kind}.create`, count: created.length, who: options.who },
  }])
}
