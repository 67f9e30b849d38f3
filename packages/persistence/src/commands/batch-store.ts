import { randomUUID } from 'node:crypto'
import type pg from 'pg'
import { HesError } from '@zhuzhan/core'
import { NEXT_STATES } from '@zhuzhan/contracts'
import type { CommandAction, CommandState } from '@zhuzhan/contracts'
import { transaction } from '../database.js'
import { storableText } from '../storable.js'
import { COMMAND_COLUMNS, noteAll } from './command-store.js'
import type { CommandRecord, Transition } from './command-store.js'

export interface BatchTicket {
  id: string
  ticket: Buffer
  sigOperator: Buffer | null
  sigApprover: Buffer | null
  /** Commands that go by it. */
  commands: number
}

export interface BatchRecord {
  id: string
  action: CommandAction
  reason: string | null
  requestedBy: string
  approver: string
  createdAt: Date
  expiresAt: Date
  tickets: BatchTicket[]
  /** How many of its commands are where. */
  states: Partial<Record<CommandState, number>>
}

export interface NewBatch {
  action: CommandAction
  reason?: string
  requestedBy: string
  approver: string
  expiresAt: Date
  tickets: readonly { tkt: Uint8Array; devices: readonly { meter: string; terminal: string }[] }[]
}

/** Signatures of one person over the tickets of a batch, by ticket id. */
export interface BatchSignatures {
  by: 'operator' | 'approver'
  of: ReadonlyMap<string, Uint8Array>
}

/** Commands decided together. Each has its own row, steps and audit entries, as if it were alone. */
export interface BatchStore {
  create(batch: NewBatch): Promise<string>
  find(id: string): Promise<BatchRecord | undefined>
  /** A ticket with what was signed so far. */
  ticket(id: string): Promise<Pick<BatchTicket, 'ticket' | 'sigOperator' | 'sigApprover'> | undefined>
  /** Moves all of its commands that are in one of `from`, with the signatures, in one transaction. Those moved. */
  move(id: string, transition: Pick<Transition, 'from' | 'to' | 'who' | 'why' | 'code' | 'decidedBy'>, signatures?: BatchSignatures): Promise<CommandRecord[]>
}

const TICKET_COLUMNS = 'tkt AS ticket, sig_operator AS "sigOperator", sig_approver AS "sigApprover"'

export function createBatchStore(pool: pg.Pool): BatchStore {
  return {
    create: (batch) => transaction(pool, async (client) => {
      const id = randomUUID()
      const reason = batch.reason === undefined ? null : storableText(batch.reason)
      await client.query('INSERT INTO command_batch (id, action, reason, requested_by, approver, expires_at) VALUES ($1,$2,$3,$4,$5,$6)',
        [id, batch.action, reason, batch.requestedBy, batch.approver, batch.expiresAt])
      for (const { tkt, devices } of batch.tickets) {
        const ticket = randomUUID()
        await client.query('INSERT INTO command_batch_ticket (id, batch, tkt) VALUES ($1,$2,$3)', [ticket, id, tkt])
        const { rows } = await client.query<CommandRecord>(
          `INSERT INTO command (id, meter_address, terminal_address, action, state, reason, requested_by, expires_at, approver, batch, batch_ticket)
           SELECT one.id, one.meter, one.terminal, $4, 'accepted', $5, $6, $7, $8, $9, $10 FROM unnest($1::uuid[], $2::text[], $3::text[]) AS one (id, meter, terminal)
           RETURNING ${COMMAND_COLUMNS}`,
          [devices.map(() => randomUUID()), devices.map(({ meter }) => meter), devices.map(({ terminal }) => terminal), batch.action, reason, batch.requestedBy, batch.expiresAt, batch.approver, id, ticket])
        await noteAll(client, rows, { to: 'accepted', who: batch.requestedBy, detail: { batch: id }, ...(batch.reason === undefined ? {} : { why: batch.reason }) })
      }
      return id
    }),
    find: async (id) => {
      const { rows: [batch] } = await pool.query<Omit<BatchRecord, 'tickets' | 'states'>>(
        'SELECT id, action, reason, requested_by AS "requestedBy", approver, created_at AS "createdAt", expires_at AS "expiresAt" FROM command_batch WHERE id = $1', [id])
      if (!batch) return undefined
      const tickets = await pool.query<BatchTicket>(
        `SELECT t.id, ${TICKET_COLUMNS}, (SELECT count(*)::int FROM command c WHERE c.batch = $1 AND c.batch_ticket = t.id) AS commands FROM command_batch_ticket t WHERE batch = $1 ORDER BY id`, [id])
      const states = await pool.query<{ state: CommandState; count: number }>('SELECT state, count(*)::int AS count FROM command WHERE batch = $1 GROUP BY state', [id])
      return { ...batch, tickets: tickets.rows, states: Object.fromEntries(states.rows.map(({ state, count }) => [state, count])) }
    },
    ticket: async (id) => (await pool.query<Pick<BatchTicket, 'ticket' | 'sigOperator' | 'sigApprover'>>(`SELECT ${TICKET_COLUMNS} FROM command_batch_ticket WHERE id = $1`, [id])).rows[0],
    move: (id, transition, signatures) => {
      for (const from of transition.from) {
        if (!NEXT_STATES[from].includes(transition.to)) throw new HesError('STATE_CONFLICT', `a command never goes from ${from} to ${transition.to}`)
      }
      return transaction(pool, async (client) => {
        const { rows } = await client.query<CommandRecord>(
          `UPDATE command SET state = $3, updated_at = now(), code = $4, decided_by = COALESCE($5, decided_by),
             settled_at = CASE WHEN $3 IN ('refused', 'expired', 'rejected') THEN now() ELSE settled_at END
           WHERE batch = $1 AND state = ANY($2) RETURNING ${COMMAND_COLUMNS}`,
          [id, transition.from, transition.to, transition.code ?? null, transition.decidedBy ?? null])
        // Signatures only with what they decide: a second signing that came too late leaves the first one's.
        if (rows.length > 0 && signatures) {
          await client.query(
            `UPDATE command_batch_ticket t SET ${signatures.by === 'operator' ? 'sig_operator' : 'sig_approver'} = s.signature FROM unnest($2::uuid[], $3::bytea[]) AS s (id, signature) WHERE t.batch = $1 AND t.id = s.id`,
            [id, [...signatures.of.keys()], [...signatures.of.values()].map((one) => Buffer.from(one))])
        }
        if (rows.length > 0) await noteAll(client, rows, { ...transition, detail: { batch: id } })
        return rows
      })
    },
  }
}
