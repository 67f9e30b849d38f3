import { HesError } from '@zhuzhan/core'
import type { CHARGING_NIGHT_STATES, ChargingSiteWas } from '@zhuzhan/contracts'
import type pg from 'pg'
import { appendAuditIn } from '../audit.js'
import { transaction } from '../database.js'
import { pageOf } from '../queries/where.js'
import type { Page } from '../queries/where.js'
import { findChargingSite, lockChargingSite } from './sites.js'
import type { ChargingSite } from './sites.js'

export type ChargingNightState = (typeof CHARGING_NIGHT_STATES)[number]

export interface ChargingNight {
  id: number
  site: string
  /** The event whose run on the appliances it is. */
  event: number | null
  state: ChargingNightState
  startAt: Date
  slots: number
  slotMinutes: number
  siteWas: ChargingSiteWas
  revision: number
  /** The whole state of its loop; null before its first step. */
  loop: unknown
  nextStepAt: Date
  result: unknown
  startedBy: string
  startedAt: Date
  endedBy: string | null
  why: string | null
  endedAt: Date | null
}

export const NIGHT = `id, site, event, state, start_at AS "startAt", slots, slot_minutes AS "slotMinutes", site_was AS "siteWas", revision, loop, next_step_at AS "nextStepAt", result, started_by AS "startedBy",
  started_at AS "startedAt", ended_by AS "endedBy", why, ended_at AS "endedAt"`
const OPEN = "state IN ('running', 'cancelling')"

export type InstructionKind = 'approve' | 'reject' | 'abort' | 'resume' | 'cancel'

/** From so long before its first slot a run of an event is looked at: long enough for any ramp, and late enough for nights before it to have numbered their set-points. */
const RUN_AHEAD_MS = 3_600_000

/**
 * The run of an event on the appliances of its site, in the transaction that adds the event. Slots go on while appliances that were held may still make up for it.
 * @throws HesError STATE_CONFLICT where it meets the run of another event
 */
export async function startEventRun(client: pg.PoolClient, { id, from, to, askedKw }: { id: number; from: Date; to: Date; askedKw: number }, { site, settings, appliances }: ChargingSite, who: string, now: Date): Promise<void> {
  const slotMs = settings.slotMinutes * 60_000
  const recovery = Math.max(...appliances.map(({ appliance }) => appliance?.recoverySeconds ?? 0)) * 1_000
  const slots = Math.ceil((to.getTime() - from.getTime()) / slotMs) + Math.max(1, Math.ceil(recovery / slotMs))
  const end = new Date(from.getTime() + slots * slotMs)
  const { rows: [other] } = await client.query<{ event: number }>(
    `SELECT event FROM charging_night WHERE site = $1 AND event IS NOT NULL AND ${OPEN} AND start_at < $3 AND start_at + slots * slot_minutes * interval '1 minute' > $2`, [site, from, end])
  if (other) throw new HesError('STATE_CONFLICT', `Its appliances are held, or recover, in event ${other.event}.`)
  const was: ChargingSiteWas = { settings, piles: appliances, limits: [], event: { id, from: from.getTime(), to: to.getTime(), askedKw } }
  await client.query('INSERT INTO charging_night (site, event, start_at, slots, slot_minutes, site_was, next_step_at, started_by, started_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)',
    [site, id, from, slots, settings.slotMinutes, JSON.stringify(was), new Date(Math.max(now.getTime(), from.getTime() - RUN_AHEAD_MS)), who, now])
}

/** Ends the run of an event that was withdrawn, as a person cancels a night. */
export async function cancelEventRun(client: pg.PoolClient, event: number, who: string, now: Date): Promise<void> {
  await client.query(
    `INSERT INTO charging_instruction (night, kind, who, why, at) SELECT id, 'cancel', $2, 'the event was withdrawn', $3 FROM charging_night WHERE event = $1 AND state = 'running'`, [event, who, now])
}

/** @throws HesError NOT_FOUND; STATE_CONFLICT while another night of the site runs, or when it has no piles */
export function startChargingNight(pool: pg.Pool, { site, startAt, slots, limits }: { site: string; startAt: Date; slots: number; limits: ChargingSiteWas['limits'] }, who: string, now: Date): Promise<number> {
  return transaction(pool, async (client) => {
    await lockChargingSite(client, site)
    const found = await findChargingSite(client, site)
    if (!found) throw new HesError('NOT_FOUND', `There is no charging site ${site}.`)
    const { rows: [open] } = await client.query<{ id: number }>(`SELECT id FROM charging_night WHERE site = $1 AND event IS NULL AND ${OPEN}`, [site])
    if (open) throw new HesError('STATE_CONFLICT', `Night ${open.id} of the site still runs.`)
    if (found.piles.length === 0) throw new HesError('STATE_CONFLICT', 'The site has no piles.')
    const was: ChargingSiteWas = { settings: found.settings, piles: found.piles, limits }
    const { rows: [row] } = await client.query<{ id: number }>(
      'INSERT INTO charging_night (site, start_at, slots, slot_minutes, site_was, next_step_at, started_by, started_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $6) RETURNING id',
      [site, startAt, slots, found.settings.slotMinutes, JSON.stringify(was), now, who])
    const id = (row as { id: number }).id
    await appendAuditIn(client, [{ actor: who, action: 'charging-night.start', object: `charging-night/${id}`, outcome: 'ok', detail: { site, startAt: startAt.toISOString(), slots } }], now)
    return id
  })
}

export async function findChargingNight(pool: pg.Pool | pg.ClientBase, id: number): Promise<ChargingNight | undefined> {
  return (await pool.query<ChargingNight>(`SELECT ${NIGHT} FROM charging_night WHERE id = $1`, [id])).rows[0]
}

export async function listChargingNights(pool: pg.Pool, site: string, { before, limit }: { before?: number | undefined; limit: number }): Promise<Page<ChargingNight>> {
  const { rows } = await pool.query<ChargingNight>(`SELECT ${NIGHT} FROM charging_night WHERE site = $1 AND ($2::bigint IS NULL OR id < $2) ORDER BY id DESC LIMIT $3`, [site, before ?? null, limit + 1])
  return pageOf(rows, limit)
}

/** Nights whose turn has come. */
export async function dueChargingNights(pool: pg.Pool, before: Date): Promise<number[]> {
  return (await pool.query<{ id: number }>(`SELECT id FROM charging_night WHERE ${OPEN} AND next_step_at <= $1 ORDER BY next_step_at LIMIT 200`, [before])).rows.map(({ id }) => id)
}

/**
 * What a person says to a running night; its loop takes it up at its next step.
 * @throws HesError NOT_FOUND; STATE_CONFLICT for a night that has ended, or a batch that does not wait; SAME_PERSON when who started the night would approve
 */
export function instructChargingNight(pool: pg.Pool, id: number, { kind, batch, who, why }: { kind: InstructionKind; batch?: string | undefined; who: string; why?: string | undefined }, now: Date): Promise<void> {
  return transaction(pool, async (client) => {
    const { rows: [night] } = await client.query<{ state: ChargingNightState; startedBy: string }>('SELECT state, started_by AS "startedBy" FROM charging_night WHERE id = $1 FOR SHARE', [id])
    if (!night) throw new HesError('NOT_FOUND', `There is no night ${id}.`)
    if (night.state !== 'running') throw new HesError('STATE_CONFLICT', `The night is ${night.state}.`)
    if (kind === 'approve' && night.startedBy === who) throw new HesError('SAME_PERSON', 'Who started the night does not approve its batches: another person must.')
    if (batch !== undefined) {
      const { rows: [found] } = await client.query<{ state: string }>('SELECT state FROM charging_batch WHERE night = $1 AND batch = $2', [id, batch])
      if (!found) throw new HesError('NOT_FOUND', `Night ${id} has no batch ${batch}.`)
      if (found.state !== 'planned') throw new HesError('STATE_CONFLICT', `The batch is ${found.state}.`)
    }
    await client.query('INSERT INTO charging_instruction (night, kind, batch, who, why, at) VALUES ($1, $2, $3, $4, $5, $6)', [id, kind, batch ?? null, who, why ?? null, now])
    await appendAuditIn(client, [{ actor: who, action: `charging-night.${kind}`, object: `charging-night/${id}`, outcome: 'ok', ...(why !== undefined && { reason: why }), ...(batch !== undefined && { detail: { batch } }) }], now)
  })
}
