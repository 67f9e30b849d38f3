import type { CommandState } from '@zhuzhan/contracts'
import type pg from 'pg'
import { COMMAND_COLUMNS, noteAll } from '../commands/command-store.js'
import type { CommandRecord } from '../commands/command-store.js'
import { snapshot, transaction } from '../database.js'
import { insertEvents } from '../events.js'
import { demandLimits, listDemandEvents } from './demand-events.js'
import { findChargingNight } from './nights.js'
import type { ChargingNight, ChargingNightState, InstructionKind } from './nights.js'
import { chargingDeficits, listChargingVehicles } from './vehicles.js'
import type { ChargingVehicle } from './vehicles.js'

/** What one step of a night's loop reads and writes. A step stands as a whole or not at all. */

const DEFICIT_DAYS = 7

export interface ChargingStepInput {
  /** With the limits of demand response events in those of its site. */
  night: ChargingNight
  instructions: { id: number; kind: InstructionKind; batch: string | null; who: string; why: string | null }[]
  vehicles: ChargingVehicle[]
  /** Power to leave free where appliances may make up for their holds in an event, kW; from and to in epoch ms. */
  rebounds: { from: number; to: number; kw: number }[]
  /** kWh, by `whoseVehicle`. */
  deficits: Map<string, number>
  /** Of set-points that are sent and not acknowledged: every try, and how its command stands; null when it was not made yet. */
  sendings: { setPoint: string; try: number; whyNot: string | null; state: CommandState | null; dar: number | null; settledAt: Date | null }[]
  /** The last read-backs that were asked for. */
  asked: { pile: string; at: Date; state: CommandState; result: unknown; settledAt: Date | null }[]
}

export interface ChargingStep {
  loop: unknown
  state: ChargingNightState
  nextStepAt: Date
  result?: unknown
  ended?: { by: string; why: string | null; at: Date; served: readonly { vehicle: number; kwh: number }[] } | undefined
  taken: readonly { id: number; outcome: string }[]
  plan?: { version: number; slot: number; reason: string; digest: Uint8Array; kw: Record<string, readonly number[]> } | undefined
  batches: readonly { batch: string; from: Date; to: Date; commands: number; state: string; verdict: unknown }[]
  setPoints: readonly { id: string; batch: string; pile: string; sequence: number; watts: number; from: Date; to: Date; reason: string; planVersion: number; state: string; tries: number }[]
  sendings: readonly { setPoint: string; try: number; command: string }[]
  answers: readonly { pile: string; at: Date; watts: number; plugged: boolean; session: number }[]
  reads: readonly { pile: string; command: string; meter: string; oads: readonly string[]; expiresAt: Date }[]
  log: readonly { at: Date; about: string; event: string; text: string }[]
}

/** Undefined for a night that is over or was never there. */
export function chargingStepInput(pool: pg.Pool, id: number): Promise<ChargingStepInput | undefined> {
  return snapshot(pool, async (client) => {
    const found = await findChargingNight(client, id)
    if (!found || found.endedAt !== null) return undefined
    const { startAt, site } = found
    const end = new Date(startAt.getTime() + found.slots * found.slotMinutes * 60_000)
    // The run of an event knows its own; the site's vehicles are not its business.
    const events = found.event === null ? await listDemandEvents(client, site, startAt, end) : []
    const rebounds = found.event === null ? await reboundsOf(client, site, startAt, end) : []
    const night = { ...found, siteWas: { ...found.siteWas, limits: [...found.siteWas.limits, ...events.flatMap(demandLimits)] } }
    const { rows: instructions } = await client.query<ChargingStepInput['instructions'][number]>('SELECT id, kind, batch, who, why FROM charging_instruction WHERE night = $1 AND taken_at IS NULL ORDER BY id', [id])
    const vehicles = found.event === null ? await listChargingVehicles(client, site, { from: startAt, to: end }) : []
    const deficits = await chargingDeficits(client, site, new Date(startAt.getTime() - DEFICIT_DAYS * 86_400_000), startAt)
    const { rows: sendings } = await client.query<ChargingStepInput['sendings'][number]>(
      `SELECT s.set_point AS "setPoint", s.try, s.why_not AS "whyNot", c.state, c.dar, c.settled_at AS "settledAt"
       FROM charging_set_point p JOIN charging_sending s ON s.night = p.night AND s.set_point = p.id LEFT JOIN command c ON c.id = s.command WHERE p.night = $1 AND p.state = 'sent' ORDER BY s.set_point, s.try`, [id])
    const { rows: asked } = await client.query<ChargingStepInput['asked'][number]>(
      `SELECT r.pile, r.at, c.state, c.result, c.settled_at AS "settledAt" FROM charging_reading r JOIN command c ON c.id = r.command WHERE r.night = $1 AND r.at = (SELECT max(l.at) FROM charging_reading l WHERE l.night = $1) ORDER BY r.pile`, [id])
    return { night, instructions, vehicles, rebounds, deficits, sendings, asked }
  })
}

/** A roll-back has arrived after so many intervals of the loop, or is not waited for any longer. */
const ROLL_BACK_INTERVALS = 4

/**
 * While appliances of the site recover, each may draw its rated power beside the base load that it is part of: behind an event, and behind an abort or a
 * withdrawal within it, if any of them was told to hold.
 */
async function reboundsOf(client: pg.PoolClient, site: string, from: Date, to: Date): Promise<ChargingStepInput['rebounds']> {
  const { rows } = await client.query<{ siteWas: ChargingNight['siteWas']; state: ChargingNightState; end: Date; letGo: Date[] }>(
    `SELECT site_was AS "siteWas", state, end_at AS "end",
       ARRAY(SELECT i.at FROM charging_instruction i WHERE i.night = n.id AND i.kind IN ('abort', 'cancel') AND EXISTS (SELECT FROM charging_set_point p WHERE p.night = n.id) ORDER BY i.id) AS "letGo"
     FROM charging_night n, LATERAL (SELECT start_at + slots * slot_minutes * interval '1 minute' AS end_at) AS e WHERE site = $1 AND event IS NOT NULL AND start_at < $3 AND end_at > $2`, [site, from, to])
  return rows.flatMap(({ siteWas: { event, piles, settings }, state, end, letGo }) => {
    if (!event) return []
    const [kw, recoveryMs] = [piles.reduce((sum, { maxWatts }) => sum + maxWatts, 0) / 1_000, end.getTime() - event.to]
    const early = letGo.map((at) => at.getTime()).filter((at) => at < event.to).map((at) => ({ from: at, to: at + ROLL_BACK_INTERVALS * settings.loop.intervalSeconds * 1_000 + recoveryMs, kw }))
    return state === 'cancelled' ? early : [...early, { from: event.to, to: end.getTime(), kw }]
  })
}

/** The highest sequence of any set-point of the station. */
export async function lastChargingSequence(pool: pg.Pool): Promise<number> {
  return (await pool.query<{ last: number }>('SELECT coalesce(max(sequence), 0) AS last FROM charging_set_point')).rows[0]?.last ?? 0
}

const TAKE = `UPDATE charging_night SET revision = revision + 1, loop = $3, state = $4, next_step_at = $5, result = coalesce($6::jsonb, result), ended_by = $7, why = $8, ended_at = $9
  WHERE id = $1 AND revision = $2 AND ended_at IS NULL`
const SET_POINTS = `INSERT INTO charging_set_point (night, id, batch, pile, sequence, watts, from_at, to_at, reason, plan_version, state, tries)
  SELECT $1, o.id, o.batch, o.pile, o.sequence, o.watts, o."from", o."to", o.reason, o."planVersion", o.state, o.tries
  FROM jsonb_to_recordset($2) AS o (id text, batch text, pile text, sequence bigint, watts int, "from" timestamptz, "to" timestamptz, reason text, "planVersion" int, state text, tries int)
  ON CONFLICT (night, sequence) DO UPDATE SET state = excluded.state, tries = excluded.tries WHERE charging_set_point.state <> excluded.state OR charging_set_point.tries <> excluded.tries`
const BATCHES = `INSERT INTO charging_batch (night, batch, slot_from, slot_to, commands, state, verdict)
  SELECT $1, o.batch, o."from", o."to", o.commands, o.state, o.verdict FROM jsonb_to_recordset($2) AS o (batch text, "from" timestamptz, "to" timestamptz, commands int, state text, verdict jsonb)
  ON CONFLICT (night, batch) DO UPDATE SET state = excluded.state, verdict = excluded.verdict WHERE charging_batch.state <> excluded.state`

/**
 * Writes a step that was computed from `revision`. False when another step was faster: then nothing is written.
 * The commands of read-backs are made with it; those of set-points are made afterwards, from their sendings.
 * @param now of the step, under which its read-backs are kept
 */
export function storeChargingStep(pool: pg.Pool, id: number, revision: number, step: ChargingStep, now: Date): Promise<boolean> {
  return transaction(pool, async (client) => {
    const { ended } = step
    const { rowCount } = await client.query(TAKE, [id, revision, JSON.stringify(step.loop), step.state, step.nextStepAt, step.result === undefined ? null : JSON.stringify(step.result), ended?.by ?? null, ended?.why ?? null, ended?.at ?? null])
    if (rowCount !== 1) return false
    for (const one of step.taken) await client.query('UPDATE charging_instruction SET taken_at = $2, outcome = $3 WHERE id = $1', [one.id, now, one.outcome])
    if (step.plan) {
      const { version, slot, reason, digest, kw } = step.plan
      await client.query('INSERT INTO charging_plan (night, version, slot, reason, digest, kw, made_at) VALUES ($1, $2, $3, $4, $5, $6, $7)', [id, version, slot, reason, Buffer.from(digest), JSON.stringify(kw), now])
    }
    if (step.setPoints.length > 0) await client.query(SET_POINTS, [id, JSON.stringify(step.setPoints)])
    if (step.batches.length > 0) await client.query(BATCHES, [id, JSON.stringify(step.batches)])
    if (step.sendings.length > 0) {
      await client.query('INSERT INTO charging_sending (night, set_point, try, command, at) SELECT $1, o."setPoint", o.try, o.command, $3 FROM jsonb_to_recordset($2) AS o ("setPoint" text, try int, command uuid)', [id, JSON.stringify(step.sendings), now])
    }
    if (step.answers.length > 0) {
      await client.query('UPDATE charging_reading r SET watts = o.watts, plugged = o.plugged, session = o.session FROM jsonb_to_recordset($2) AS o (pile text, at timestamptz, watts int, plugged boolean, session bigint) WHERE r.night = $1 AND r.pile = o.pile AND r.at = o.at',
        [id, JSON.stringify(step.answers)])
    }
    if (step.reads.length > 0) await insertReads(client, id, step.reads, now)
    if (step.log.length > 0) {
      await client.query('INSERT INTO charging_log (night, at, about, event, text) SELECT $1, o.at, o.about, o.event, o.text FROM jsonb_to_recordset($2) AS o (at timestamptz, about text, event text, text text)', [id, JSON.stringify(step.log)])
    }
    await insertEvents(client, step.log.flatMap(({ event, text }) => {
      const told = TOLD[event]
      return told ? [chargingFault(id, told.code, text, told.severity)] : []
    }))
    for (const { vehicle, kwh } of ended?.served ?? []) await client.query('UPDATE charging_vehicle SET served_kwh = $2 WHERE id = $1', [vehicle, kwh])
    return true
  })
}

/** Reads of the piles, queued; a pile whose meter is not registered any more is not asked. */
async function insertReads(client: pg.PoolClient, night: number, reads: ChargingStep['reads'], now: Date): Promise<void> {
  const { rows } = await client.query<CommandRecord>(
    `INSERT INTO command (id, meter_address, terminal_address, action, parameters, state, reason, requested_by, expires_at)
     SELECT o.command, m.address, m.terminal_address, 'read', jsonb_build_object('oads', o.oads), 'queued', 'read-back of a load', 'service/charging', o."expiresAt"
     FROM jsonb_to_recordset($1) AS o (command uuid, meter text, oads jsonb, "expiresAt" timestamptz) JOIN meter m ON m.address = o.meter RETURNING ${COMMAND_COLUMNS}`, [JSON.stringify(reads)])
  if (rows.length === 0) return
  await noteAll(client, rows, { to: 'accepted', who: 'service/charging' })
  await noteAll(client, rows, { to: 'queued', who: 'service/charging', detail: { night } })
  const made = new Set(rows.map(({ id }) => id))
  await client.query('INSERT INTO charging_reading (night, pile, at, command) SELECT $1, o.pile, $3, o.command FROM jsonb_to_recordset($2) AS o (pile text, command uuid)', [night, JSON.stringify(reads.filter(({ command }) => made.has(command))), now])
}

export interface OpenSending { setPoint: string; try: number; command: string; pile: string; meter: string | null; load: 'pile' | 'appliance'; sequence: number; watts: number; from: Date; to: Date; reason: string }

/** Sendings whose command nobody is known to have made, those of the earliest set-points first, falls before rises. */
export async function openChargingSendings(pool: pg.Pool, night: number): Promise<OpenSending[]> {
  return (await pool.query<OpenSending>(
    `SELECT s.set_point AS "setPoint", s.try, s.command, p.pile, (SELECT one->>'meter' FROM jsonb_array_elements(n.site_was->'piles') AS one WHERE one->>'pile' = p.pile) AS meter,
       CASE WHEN n.event IS NULL THEN 'pile' ELSE 'appliance' END AS load,
       p.sequence, p.watts, p.from_at AS "from", p.to_at AS "to", p.reason
     FROM charging_sending s JOIN charging_set_point p ON p.night = s.night AND p.id = s.set_point JOIN charging_night n ON n.id = s.night
     WHERE s.night = $1 AND s.ordered_at IS NULL AND s.why_not IS NULL ORDER BY p.from_at, p.watts, p.sequence`, [night])).rows
}

/** Entries of the log that people are told of: the loop writes each reason once. */
const TOLD: Readonly<Record<string, { code: string; severity: 'alarm' | 'warning' }>> = { 'no-plan': { code: 'NO_PLAN', severity: 'alarm' }, short: { code: 'SHORT', severity: 'warning' } }

const chargingFault = (night: number, code: string, why: string, severity: 'alarm' | 'warning') => ({ kind: 'charging.fault' as const, severity, code, detail: { night, why } })

/** What became of a sending; a reason why there is no command stands in the night's log as well. */
export function settleChargingSending(pool: pg.Pool, night: number, { setPoint, try: n }: Pick<OpenSending, 'setPoint' | 'try'>, outcome: { ordered: true } | { whyNot: string }, now: Date): Promise<void> {
  return transaction(pool, async (client) => {
    const whyNot = 'whyNot' in outcome ? outcome.whyNot.slice(0, 500) : null
    const { rowCount } = await client.query('UPDATE charging_sending SET ordered_at = $4, why_not = $5 WHERE night = $1 AND set_point = $2 AND try = $3 AND ordered_at IS NULL AND why_not IS NULL', [night, setPoint, n, whyNot === null ? now : null, whyNot])
    if (rowCount !== 1 || whyNot === null) return
    // Of a night and a reason people are told once.
    const { rowCount: before } = await client.query("SELECT FROM charging_log WHERE night = $1 AND event = 'not-sent' AND text = $2 LIMIT 1", [night, whyNot])
    await client.query("INSERT INTO charging_log (night, at, about, event, text) VALUES ($1, $2, $3, 'not-sent', $4)", [night, now, setPoint, whyNot])
    if (before === 0) await insertEvents(client, [chargingFault(night, 'NOT_SENT', whyNot, 'alarm')])
  })
}
