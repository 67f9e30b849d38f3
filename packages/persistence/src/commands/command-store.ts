import { randomUUID } from 'node:crypto'
import type pg from 'pg'
import { HesError, gather } from '@zhuzhan/core'
import { NEXT_STATES } from '@zhuzhan/contracts'
import type { CommandAction, CommandState } from '@zhuzhan/contracts'
import { appendAuditIn } from '../audit.js'
import { transaction } from '../database.js'
import { insertEvents } from '../events.js'
import { ofServed } from '../served.js'
import type { ServedTerminals } from '../served.js'
import { storableJson, storableText } from '../storable.js'

export interface CommandRecord {
  id: string
  meterAddress: string
  terminalAddress: string
  action: CommandAction
  parameters: Record<string, unknown>
  state: CommandState
  reason: string | null
  requestedBy: string
  decidedBy: string | null
  createdAt: Date
  expiresAt: Date
  sentAt: Date | null
  settledAt: Date | null
  code: string | null
  dar: number | null
  result: unknown
  traceParent: string | null
  /** TKT, and who signed it; null for a read. */
  ticket: Buffer | null
  sigOperator: Buffer | null
  sigApprover: Buffer | null
  /** User name of the approver the ticket names. */
  approver: string | null
  /** The batch it was decided with, and the ticket of it that names its device. */
  batch: string | null
  batchTicket: string | null
}

export interface NewCommand {
  meterAddress: string
  terminalAddress: string
  action: CommandAction
  parameters: Record<string, unknown>
  reason?: string
  requestedBy: string
  expiresAt: Date
  traceParent?: string
  ticket?: Uint8Array
  approver?: string
}

/** With the one signature that is enough for it. */
export interface SignedCommand extends NewCommand {
  /** Chosen by who asks, so that asking again after a crash finds the row. */
  id: string
  ticket: Uint8Array
  sigOperator: Uint8Array
}

/** One step of a command's life: who moved it where, and why. */
export interface Transition {
  from: readonly CommandState[]
  to: CommandState
  who: string
  why?: string
  code?: string
  dar?: number
  result?: unknown
  decidedBy?: string
  sigOperator?: Uint8Array
  sigApprover?: Uint8Array
  detail?: Record<string, unknown>
}

/** Every change of a command is one transaction: the guarded UPDATE, the step, the audit entry and the event stand or fall together. */
export interface CommandStore {
  create(command: NewCommand): Promise<CommandRecord>
  /** One that a service signed alone: accepted and queued at once. `detail` stands at the queued step. The row that is there already, when the id is known. */
  createQueued(command: SignedCommand, detail: Record<string, unknown>): Promise<CommandRecord>
  find(id: string): Promise<CommandRecord | undefined>
  /** The record after the move, or undefined when it was not in one of `from` any more: somebody else moved it. */
  move(id: string, transition: Transition): Promise<CommandRecord | undefined>
  /** Commands of a terminal in these open states, oldest first. What is asked in one turn of the event loop is looked up together. */
  ofTerminal(terminal: string, states: readonly OpenState[]): Promise<CommandRecord[]>
  /** Queued commands of these terminals, oldest first. */
  waiting(served: ServedTerminals): Promise<CommandRecord[]>
  /** Doubts about commands of these terminals, sent before `before`, that a read-back can settle; oldest first. */
  doubts(served: ServedTerminals, before: Date): Promise<CommandRecord[]>
  /** Commands in these states that have passed their expiry or were sent before `sentBefore`. */
  overdue(states: readonly CommandState[], before: Date, by: 'expires_at' | 'sent_at'): Promise<CommandRecord[]>
}

export const COMMAND_COLUMNS = `id, meter_address AS "meterAddress", terminal_address AS "terminalAddress", action, parameters, state, reason, requested_by AS "requestedBy",
  decided_by AS "decidedBy", created_at AS "createdAt", expires_at AS "expiresAt", sent_at AS "sentAt", settled_at AS "settledAt", code, dar, result, trace_parent AS "traceParent",
  ticket, sig_operator AS "sigOperator", sig_approver AS "sigApprover", approver, batch, batch_ticket AS "batchTicket"`

/** As in the index `command_open`. */
const OPEN_STATES = ['queued', 'sent', 'confirmed', 'unknown'] as const satisfies readonly CommandState[]
export type OpenState = (typeof OPEN_STATES)[number]

export function createCommandStore(pool: pg.Pool): CommandStore {
  const openOf = gather(async (terminals: readonly string[]) => {
    const { rows } = await pool.query<CommandRecord>(`SELECT ${COMMAND_COLUMNS} FROM command WHERE terminal_address = ANY($1) AND state IN (${OPEN_STATES.map((state) => `'${state}'`).join(', ')}) AND settled_at IS NULL ORDER BY created_at`, [terminals])
    const found = new Map<string, CommandRecord[]>()
    for (const row of rows) found.set(row.terminalAddress, [...(found.get(row.terminalAddress) ?? []), row])
    return found
  })
  const sweep = (served: ServedTerminals, where: string, values: readonly unknown[] = []): Promise<CommandRecord[]> =>
    ofServed(served, ({ terminalAddress }) => terminalAddress, async (limit, terminals) => (await pool.query<CommandRecord>(
      `SELECT ${COMMAND_COLUMNS} FROM command WHERE ${where} ${terminals ? `AND terminal_address = ANY($${values.length + 1})` : ''} ORDER BY created_at LIMIT ${limit}`,
      [...values, ...(terminals ? [terminals] : [])])).rows)
  return {
    create: (command) => transaction(pool, async (client) => {
      const { rows } = await client.query<CommandRecord>(
        `INSERT INTO command (id, meter_address, terminal_address, action, parameters, state, reason, requested_by, expires_at, trace_parent, ticket, approver)
         VALUES ($1,$2,$3,$4,$5,'accepted',$6,$7,$8,$9,$10,$11) RETURNING ${COMMAND_COLUMNS}`,
        [randomUUID(), command.meterAddress, command.terminalAddress, command.action, storableJson(command.parameters), command.reason === undefined ? null : storableText(command.reason), command.requestedBy, command.expiresAt, command.traceParent ?? null,
          command.ticket ?? null, command.approver ?? null])
      const record = rows[0] as CommandRecord
      await noteAll(client, [record], { to: 'accepted', who: command.requestedBy, ...(command.reason === undefined ? {} : { why: command.reason }) })
      return record
    }),
    createQueued: (command, detail) => transaction(pool, async (client) => {
      const { rows: [known] } = await client.query<CommandRecord>(`SELECT ${COMMAND_COLUMNS} FROM command WHERE id = $1`, [command.id])
      return known ?? insertQueued(client, command, detail)
    }),
    find: async (id) => (await pool.query<CommandRecord>(`SELECT ${COMMAND_COLUMNS} FROM command WHERE id = $1`, [id])).rows[0],
    move: (id, transition) => {
      for (const from of transition.from) {
        if (!NEXT_STATES[from].includes(transition.to)) throw new HesError('STATE_CONFLICT', `a command never goes from ${from} to ${transition.to}`)
      }
      return transaction(pool, async (client) => {
        const { rows } = await client.query<CommandRecord>(
          // The code belongs to the state: a command verified after a doubt carries none.
          `UPDATE command SET state = $3, updated_at = now(), code = $4, dar = COALESCE($5, dar), result = COALESCE($6, result), decided_by = COALESCE($7, decided_by),
             sig_operator = COALESCE($8, sig_operator), sig_approver = COALESCE($9, sig_approver),
             sent_at = CASE WHEN $3 = 'sent' THEN now() ELSE sent_at END,
             settled_at = CASE WHEN $3 IN ('refused', 'expired', 'verified', 'rejected') OR ($3 = 'confirmed' AND action = 'read') THEN now() ELSE settled_at END
           WHERE id = $1 AND state = ANY($2) RETURNING ${COMMAND_COLUMNS}`,
          [id, transition.from, transition.to, transition.code ?? null, transition.dar ?? null, transition.result === undefined ? null : storableJson(transition.result), transition.decidedBy ?? null,
            transition.sigOperator ?? null, transition.sigApprover ?? null])
        const record = rows[0]
        if (record) await noteAll(client, [record], transition)
        return record
      })
    },
    ofTerminal: async (terminal, states) => (await openOf(terminal) ?? []).filter((command) => (states as readonly string[]).includes(command.state)),
    waiting: (served) => sweep(served, "state = 'queued'"),
    // Whether closing is allowed shows nowhere: such a doubt stays, and must not stand before the others for ever.
    doubts: (served, before) => sweep(served, "state = 'unknown' AND action <> 'allow-close' AND sent_at < $1", [before]),
    overdue: async (states, before, by) =>
      (await pool.query<CommandRecord>(`SELECT ${COMMAND_COLUMNS} FROM command WHERE state = ANY($1) AND ${by} < $2 ORDER BY created_at LIMIT 500`, [states, before])).rows,
  }
}

/** `createQueued` within the caller's transaction, for an id that is new. */
export async function insertQueued(client: pg.PoolClient, command: SignedCommand, detail: Record<string, unknown>): Promise<CommandRecord> {
  const { rows: [record] } = await client.query<CommandRecord>(
    `INSERT INTO command (id, meter_address, terminal_address, action, parameters, state, reason, requested_by, expires_at, trace_parent, ticket, sig_operator)
     VALUES ($1,$2,$3,$4,$5,'queued',$6,$7,$8,$9,$10,$11) ON CONFLICT (id) DO NOTHING RETURNING ${COMMAND_COLUMNS}`,
    [command.id, command.meterAddress, command.terminalAddress, command.action, storableJson(command.parameters), command.reason === undefined ? null : storableText(command.reason),
      command.requestedBy, command.expiresAt, command.traceParent ?? null, command.ticket, command.sigOperator])
  // Written by another in the same moment, and committed by now: ours waited for it.
  if (!record) return (await client.query<CommandRecord>(`SELECT ${COMMAND_COLUMNS} FROM command WHERE id = $1`, [command.id])).rows[0] as CommandRecord
  await noteAll(client, [record], { to: 'accepted', who: command.requestedBy, ...(command.reason === undefined ? {} : { why: command.reason }) })
  await noteAll(client, [record], { to: 'queued', who: command.requestedBy, detail })
  return record
}

/** The step, the audit entry and the event of each, within the caller's transaction. */
export async function noteAll(client: pg.PoolClient, records: readonly CommandRecord[], transition: Omit<Transition, 'from'>): Promise<void> {
  const detail = { ...transition.detail, ...(transition.code === undefined ? {} : { code: transition.code }), ...(transition.dar === undefined ? {} : { dar: transition.dar }) }
  await client.query('INSERT INTO command_step (command_id, state, who, why, detail) SELECT id, $2, $3, $4, $5 FROM unnest($1::uuid[]) AS id',
    [records.map(({ id }) => id), transition.to, transition.who, transition.why === undefined ? null : storableText(transition.why), storableJson(detail)])
  await appendAuditIn(client, records.map((record) => ({
    actor: transition.who, action: `command.${transition.to}`, object: `command/${record.id}`, outcome: transition.code ?? 'ok',
    ...(transition.why === undefined ? {} : { reason: transition.why }),
    detail: { meter: record.meterAddress, terminal: record.terminalAddress, action: record.action, ...detail },
  })))
  await insertEvents(client, records.map((record) => ({
    kind: 'command.state' as const, terminal: record.terminalAddress, meter: record.meterAddress,
    severity: transition.to === 'unknown' ? 'alarm' as const : transition.to === 'refused' || transition.to === 'expired' ? 'warning' as const : 'info' as const,
    detail: { id: record.id, action: record.action, state: transition.to, who: transition.who },
  })))
}
