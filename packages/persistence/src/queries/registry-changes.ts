import type pg from 'pg'
import { HesError } from '@zhuzhan/core'
import type { SecurityMode, SecurityProfile } from '@zhuzhan/contracts'
import { appendAuditIn } from '../audit.js'
import { transaction } from '../database.js'
import { insertEvents } from '../events.js'

export interface TerminalChange {
  name?: string | null | undefined
  securityProfile?: SecurityProfile | undefined
  mode?: SecurityMode | null | undefined
  area?: string | null | undefined
  utcOffsetMinutes?: number | undefined
}
export interface MeterChange {
  terminal?: string | undefined
  name?: string | null | undefined
  securityProfile?: SecurityProfile | undefined
  mode?: SecurityMode | null | undefined
  area?: string | null | undefined
  ctRatio?: number | undefined
  ptRatio?: number | undefined
  tariff?: string | null | undefined
}

/** Profile and mode as they would be after the change; throws to refuse. */
export type ProfileCheck = (next: { securityProfile: SecurityProfile; mode: SecurityMode | null }) => void

type Change = Record<string, string | number | null | undefined>
interface Thing {
  table: 'terminal' | 'meter'
  columns: Record<string, string>
}
const TERMINAL: Thing = { table: 'terminal', columns: { name: 'name', securityProfile: 'security_profile', mode: 'mode', area: 'area', utcOffsetMinutes: 'utc_offset_minutes' } }
const METER: Thing = {
  table: 'meter',
  columns: { terminal: 'terminal_address', name: 'name', securityProfile: 'security_profile', mode: 'mode', area: 'area', ctRatio: 'ct_ratio', ptRatio: 'pt_ratio', tariff: 'tariff' },
}

/** Changes fields, with an audit entry of what was before and after. @throws HesError NOT_FOUND, and whatever `check` throws */
export function changeTerminal(pool: pg.Pool, address: string, change: TerminalChange, who: string, check: ProfileCheck): Promise<void> {
  return changeThing(pool, TERMINAL, address, { ...change }, who, check)
}

/** The same for a meter. @throws HesError NOT_FOUND also when the terminal it should move to is not registered */
export function changeMeter(pool: pg.Pool, address: string, change: MeterChange, who: string, check: ProfileCheck): Promise<void> {
  return changeThing(pool, METER, address, { ...change }, who, check, async (client) => {
    if (change.terminal === undefined) return
    if (change.terminal !== address) await refuseIfOwnAddress(client, address)
    const found = await client.query('SELECT 1 FROM terminal WHERE address = $1 FOR KEY SHARE', [change.terminal])
    if (!found.rowCount) throw new HesError('NOT_FOUND', `terminal ${change.terminal} is not registered`)
  })
}

/** A meter with its terminal's own address also holds what the terminal measures: it stays there. */
async function refuseIfOwnAddress(client: pg.PoolClient, address: string): Promise<void> {
  const own = await client.query('SELECT 1 FROM terminal WHERE address = $1', [address])
  if (own.rowCount) throw new HesError('STATE_CONFLICT', `${address} is the terminal's own address; this meter cannot move to another terminal`)
}

/** How a command went must show how its read-back goes: through whom, and under whose keys. */
async function refuseWhileInDoubt(client: pg.PoolClient, thing: Thing, address: string): Promise<void> {
  const { rows } = await client.query<{ id: string; state: string }>(
    `SELECT id, state FROM command WHERE ${thing.table}_address = $1 AND action <> 'read'
       AND (state IN ('queued', 'sent') OR (action <> 'allow-close' AND (state = 'unknown' OR (state = 'confirmed' AND updated_at > now() - interval '10 minutes')))) LIMIT 1`, [address])
  const [open] = rows
  if (open) throw new HesError('STATE_CONFLICT', `Command ${open.id} of ${address} is ${open.state}; profile and terminal stay until it is settled.`)
}

async function changeThing(pool: pg.Pool, thing: Thing, address: string, change: Change, who: string, check: ProfileCheck, guard?: (client: pg.PoolClient) => Promise<void>): Promise<void> {
  await transaction(pool, async (client) => {
    const names = Object.keys(thing.columns)
    const aliases = names.map((name) => `${thing.columns[name]} AS "${name}"`).join(', ')
    const found = await client.query<Record<string, string | number | null>>(`SELECT ${aliases} FROM ${thing.table} WHERE address = $1 FOR UPDATE`, [address])
    const before = found.rows[0]
    if (!before) throw new HesError('NOT_FOUND', `there is no ${thing.table} ${address}`)
    await guard?.(client)
    const wanted = Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined))
    // `plain` has no mode: leaving sm for it takes the mode along.
    if (wanted['securityProfile'] === 'plain' && wanted['mode'] === undefined) wanted['mode'] = null
    const after = { ...before, ...wanted }
    check({ securityProfile: after['securityProfile'] as SecurityProfile, mode: after['mode'] as SecurityMode | null })
    if (after['terminal'] !== before['terminal'] || after['securityProfile'] !== before['securityProfile']) await refuseWhileInDoubt(client, thing, address)
    const changed = Object.keys(wanted)
    await client.query(
      `UPDATE ${thing.table} SET ${changed.map((name, index) => `${thing.columns[name]} = $${index + 2}`).join(', ')} WHERE address = $1`,
      [address, ...changed.map((name) => wanted[name])])
    const pick = (from: Change): Change => Object.fromEntries(changed.map((name) => [name, from[name]]))
    await note(client, thing.table, 'change', address, who, { before: pick(before), after: pick(after) })
  })
}

/**
 * Deletes a terminal nothing depends on.
 * @throws HesError NOT_FOUND; STATE_CONFLICT while meters, readings or commands belong to it
 */
export async function deleteTerminal(pool: pg.Pool, address: string, who: string): Promise<void> {
  await transaction(pool, async (client) => {
    const found = await client.query('SELECT 1 FROM terminal WHERE address = $1 FOR UPDATE', [address])
    if (!found.rowCount) throw new HesError('NOT_FOUND', `there is no terminal ${address}`)
    const meters = await client.query<{ id: number; kind: string }>('SELECT id, kind FROM meter WHERE terminal_address = $1 FOR UPDATE', [address])
    if (meters.rows.some((meter) => meter.kind === 'meter')) throw new HesError('STATE_CONFLICT', `meters stand behind terminal ${address}`)
    for (const meter of meters.rows) await refuseIfUsed(client, meter.id, address)
    const commands = await client.query('SELECT 1 FROM command WHERE terminal_address = $1 LIMIT 1', [address])
    if (commands.rowCount) throw new HesError('STATE_CONFLICT', `commands were given through terminal ${address}; they are kept`)
    await client.query('DELETE FROM meter WHERE terminal_address = $1', [address])
    await client.query('DELETE FROM terminal WHERE address = $1', [address])
    await note(client, 'terminal', 'delete', address, who, {})
  })
}

/**
 * Deletes a meter nothing depends on; one with its terminal's own address becomes the row of the terminal's measurements
 * again. A meter that has readings is history and stays.
 * @throws HesError NOT_FOUND; STATE_CONFLICT while readings or commands belong to it
 */
export async function deleteMeter(pool: pg.Pool, address: string, who: string): Promise<void> {
  await transaction(pool, async (client) => {
    const found = await client.query<{ id: number; terminal: string }>("SELECT id, terminal_address AS terminal FROM meter WHERE address = $1 AND kind = 'meter' FOR UPDATE", [address])
    const meter = found.rows[0]
    if (!meter) throw new HesError('NOT_FOUND', `there is no meter ${address}`)
    await refuseIfUsed(client, meter.id, address)
    if (meter.terminal === address) {
      await client.query(
        `UPDATE meter SET kind = 'terminal', name = NULL, security_profile = 'plain', mode = NULL, area = NULL, ct_ratio = 1, pt_ratio = 1, tariff = NULL WHERE id = $1`, [meter.id])
    } else {
      await client.query('DELETE FROM meter WHERE id = $1', [meter.id])
    }
    await note(client, 'meter', 'delete', address, who, {})
  })
}

/** Readings carry no foreign key (their table is too busy for one), so this look stands in its place. */
async function refuseIfUsed(client: pg.PoolClient, meterId: number, address: string): Promise<void> {
  const used = await client.query<{ readings: boolean; commands: boolean; exchanges: boolean }>(
    `SELECT EXISTS (SELECT 1 FROM reading WHERE meter_id = $1) OR EXISTS (SELECT 1 FROM reading_conflict WHERE meter_id = $1) AS readings,
       EXISTS (SELECT 1 FROM command WHERE meter_address = $2) AS commands, EXISTS (SELECT 1 FROM meter_exchange WHERE $1 IN (old_meter, new_meter)) AS exchanges`, [meterId, address])
  if (used.rows[0]?.readings) throw new HesError('STATE_CONFLICT', `readings of ${address} are stored; they are kept`)
  if (used.rows[0]?.exchanges) throw new HesError('STATE_CONFLICT', `${address} was exchanged; its part of the supply point's figures is kept`)
  if (used.rows[0]?.commands) throw new HesError('STATE_CONFLICT', `commands were given to ${address}; they are kept`)
}

async function note(client: pg.PoolClient, kind: 'terminal' | 'meter', what: 'change' | 'delete', address: string, who: string, detail: Record<string, unknown>): Promise<void> {
  await appendAuditIn(client, [{ actor: who, action: `${kind}.${what}`, object: `${kind}/${address}`, outcome: 'ok', detail }])
  await insertEvents(client, [{ kind: 'registry.changed', [kind]: address, detail: { what: `${kind}.${what}`, who } }])
}
