import type pg from 'pg'
import type { CommandAction, CommandState } from '@zhuzhan/contracts'
import type { CommandRecord } from '../commands/command-store.js'
import type { Prisma } from '../database.js'
import { pageOf } from './where.js'
import type { Page } from './where.js'

export interface CommandFilter {
  meter?: string | undefined
  terminal?: string | undefined
  states?: readonly CommandState[] | undefined
  action?: CommandAction | undefined
  requestedBy?: string | undefined
  batch?: string | undefined
  /** The last command of the page before. */
  after?: { createdAt: Date; id: string } | undefined
  limit: number
}

type Row = Awaited<ReturnType<Prisma['command']['findMany']>>[number]

/** The table's CHECK keeps state and action to the contract's words. */
function recordOf({ ticket, sigOperator, sigApprover, ...row }: Row): CommandRecord {
  const buffer = (bytes: Uint8Array | null): Buffer | null => bytes && Buffer.from(bytes)
  return { ...(row as unknown as CommandRecord), ticket: buffer(ticket), sigOperator: buffer(sigOperator), sigApprover: buffer(sigApprover) }
}

/** Commands, youngest first. */
export async function listCommands(prisma: Prisma, filter: CommandFilter): Promise<Page<CommandRecord>> {
  const { after } = filter
  const rows = await prisma.command.findMany({
    where: {
      ...(filter.meter === undefined ? {} : { meterAddress: filter.meter }),
      ...(filter.terminal === undefined ? {} : { terminalAddress: filter.terminal }),
      ...(filter.states === undefined ? {} : { state: { in: [...filter.states] } }),
      ...(filter.action === undefined ? {} : { action: filter.action }),
      ...(filter.requestedBy === undefined ? {} : { requestedBy: filter.requestedBy }),
      ...(filter.batch === undefined ? {} : { batch: filter.batch }),
      ...(after === undefined ? {} : { createdAt: { lte: after.createdAt }, OR: [{ createdAt: { lt: after.createdAt } }, { id: { lt: after.id } }] }),
    },
    orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
    take: filter.limit + 1,
  })
  return pageOf(rows.map(recordOf), filter.limit)
}

export interface CommandStepView {
  at: Date
  state: string
  who: string
  why: string | null
  detail: Record<string, unknown>
}

/** A command and every step of it, in order, as they were at one moment: the last step is the state. */
export async function commandWithSteps(prisma: Prisma, id: string): Promise<{ command: CommandRecord; steps: CommandStepView[] } | undefined> {
  const [command, steps] = await prisma.$transaction([
    prisma.command.findUnique({ where: { id } }),
    prisma.commandStep.findMany({ where: { commandId: id }, orderBy: { id: 'asc' }, select: { at: true, state: true, who: true, why: true, detail: true } }),
  ], { isolationLevel: 'RepeatableRead' })
  return command === null ? undefined : { command: recordOf(command), steps: steps as CommandStepView[] }
}

export interface PendingCommand {
  id: string
  state: CommandState
  traceParent: string | null
}

/** Commands somebody decided on but that have not been sent since `before`: approved and queued ones within their expiry. Approved first: nobody but the sweep moves them on. */
export async function undeliveredCommands(pool: pg.Pool, before: Date, limit = 500): Promise<PendingCommand[]> {
  const { rows } = await pool.query<PendingCommand>(
    `SELECT id, state, trace_parent AS "traceParent" FROM command WHERE state IN ('approved', 'queued') AND expires_at > now() AND updated_at < $1
     ORDER BY (state = 'approved') DESC, updated_at LIMIT $2`, [before, limit])
  return rows
}
