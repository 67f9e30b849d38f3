import { randomUUID } from 'node:crypto'
import type { CommandAction, CommandState } from '@zhuzhan/contracts'
import { TRIP_RULES, closeOrder, decide, transition } from '@zhuzhan/cost-control'
import type { Account, AccountEvent, BatchLimits, Calendar, Decision, TripRule } from '@zhuzhan/cost-control'
import type pg from 'pg'
import { appendAuditIn } from '../audit.js'
import { transaction } from '../database.js'
import { insertEvents } from '../events.js'
import { loadCalendar, loadFacts } from './facts-rows.js'
import { lockAccount, saveAccount } from './rows.js'
import type { CostAccount } from './rows.js'
import { stopBatch, withdrawCommands } from './withdraw.js'
import { LOCK } from '../locks.js'

/** Looks at accounts one at a time: what became of their commands, what is to be done next. Each look is one transaction. */
export interface CostDecisions {
  /** Accounts a look may change, the oldest debts first, after one of the page before. */
  due(limit: number, after?: string): Promise<string[]>
  /** @throws HesError NOT_FOUND */
  look(account: string, now: number): Promise<Decision>
  /** A read-back that contradicts the switch: a fault, and what is left of its batch lapses. */
  fault(account: string, what: string): Promise<void>
  /** A person has looked. @throws HesError NOT_FOUND */
  clearFault(account: string, who: string): Promise<void>
}


/** The notice, and that every endpoint is to be told of it. Whoever ends one meanwhile waits: he gives up what is written for it. */
const NOTICE = `WITH notice AS (INSERT INTO cost_notice (account, kind, balance, created_at) VALUES ($1, $2, $3, $4) RETURNING id)
  INSERT INTO webhook_delivery (notice, endpoint, next_at) SELECT notice.id, e.id, $4 FROM notice, webhook_endpoint e WHERE e.ended_at IS NULL FOR SHARE OF e`

/** States in which an alarm of before says nothing any more. */
const ENDED: ReadonlySet<Account['state']> = new Set(['tripped', 'pending-close', 'protected'])

interface Open { id: string; action: Extract<CommandAction, 'trip' | 'allow-close' | 'close'>; state: 'open' | 'ordered'; batch: string | null; command: string | null }

export function createCostDecisions(pool: pg.Pool, settings: { limits?: BatchLimits; rules?: readonly TripRule[] } = {}): CostDecisions {
  const openProposal = async (client: pg.ClientBase, account: string): Promise<Open | undefined> =>
    (await client.query<Open>("SELECT id, action, state, batch, command FROM cost_proposal WHERE account = $1 AND state IN ('open', 'ordered') FOR UPDATE", [account])).rows[0]
  const closeProposal = (client: pg.ClientBase, id: string, state: 'withdrawn' | 'failed' | 'done', now: number, why?: string): Promise<unknown> =>
    client.query('UPDATE cost_proposal SET state = $2, closed_at = $3, why = $4 WHERE id = $1', [id, state, new Date(now), why ?? null])

  /** What became of the command of the open proposal. Its row stays locked, so that it cannot leave while we decide. */
  const settle = async (client: pg.ClientBase, one: CostAccount, now: number): Promise<Account> => {
    const open = await openProposal(client, one.id)
    if (!open?.batch && !open?.command) return one.account
    const { rows: [command] } = await client.query<{ state: CommandState; code: string | null }>(
      'SELECT state, code FROM command WHERE ((batch = $1 AND meter_address = $2) OR id = $3) FOR UPDATE', [open.batch, one.meter, open.command])
    const outcome = command && outcomeOf(open.action, command.state)
    if (outcome === 'sent') return open.action === 'trip' ? { ...one.account, inFlight: true } : one.account
    if (outcome === undefined) return one.account
    const event: AccountEvent = `${open.action === 'trip' ? 'trip' : 'close'}-${outcome}`
    await closeProposal(client, open.id, outcome, now, command?.code ?? undefined)
    return transition({ ...one.account, inFlight: false }, event, now)?.account ?? { ...one.account, inFlight: false }
  }

  /** An alarm that no channel has taken yet is closed when its cause has ended, in whatever state the account was meanwhile: nobody is told of a debt that is none. */
  const closeNotices = async (client: pg.ClientBase, account: string, { account: { state }, level }: Decision): Promise<void> => {
    const ended = level === 'funded' || ENDED.has(state) ? ['alarm-1', 'alarm-2', 'final'] : level === 'low-1' ? ['alarm-2', 'final'] : level === 'low-2' ? ['final'] : []
    await client.query("UPDATE cost_notice SET failed = $3 WHERE account = $1 AND kind = ANY($2) AND sent_at IS NULL AND failed IS NULL", [account, ended, `closed: ${ENDED.has(state) ? `the account is ${state}` : 'its cause has ended'}`])
  }

  const carryOut = async (client: pg.PoolClient, one: CostAccount, { effects, refusals }: Decision, now: number): Promise<void> => {
    for (const effect of effects) {
      if (effect.do === 'notice') {
        await client.query(NOTICE, [one.id, effect.notice, one.balance.toString(), new Date(now)])
      } else if (effect.do === 'withdraw-trip') {
        const why = refusals.map(({ code }) => code).join(', ') || 'the supply is protected'
        await withdrawCommands(client, [one.meter], 'trip', 'proposed', `withdrawn: ${why}`)
        const open = await openProposal(client, one.id)
        if (open) await closeProposal(client, open.id, 'withdrawn', now, why)
      } else {
        // Who orders it, people or the service under a mandate, is decided when it is taken up; what is asked is the same.
        const action = effect.do === 'propose-trip' ? 'trip' : closeOrder(one.contract, false).how
        await client.query('INSERT INTO cost_proposal (id, account, meter, action, created_at) VALUES ($1, $2, $3, $4, $5)', [randomUUID(), one.id, one.meter, action, new Date(now)])
      }
    }
  }

  let calendar: { at: number; years: Calendar } | undefined
  return {
    due: async (limit, after = '') => (await pool.query<{ account: string }>(
      `SELECT account FROM cost_account WHERE (state <> 'normal' OR needs_look) AND (COALESCE(overdue_since, 'infinity'), account) > (SELECT COALESCE(max(COALESCE(overdue_since, 'infinity')), '-infinity'), $2 FROM cost_account WHERE account = $2)
       ORDER BY COALESCE(overdue_since, 'infinity'), account LIMIT $1`, [limit, after])).rows.map(({ account }) => account),
    look: async (account, now) => {
      if (calendar === undefined || Math.abs(now - calendar.at) > 60_000) calendar = { at: now, years: await loadCalendar(pool) }
      const { years } = calendar
      return transaction(pool, async (client) => {
        await client.query('SELECT pg_advisory_xact_lock($1)', [LOCK.proposals])
        const one = await lockAccount(client, account)
        const settled = await settle(client, one, now)
        const facts = await loadFacts(client, { ...one, account: settled }, now, years, settings.limits)
        const decision = decide(facts, settings.rules ?? TRIP_RULES)
        await carryOut(client, one, decision, now)
        await closeNotices(client, account, decision)
        await saveAccount(client, account, decision.account, decision.refusals)
        if (decision.account.state !== one.account.state) {
          await insertEvents(client, [{ kind: 'cost.state', meter: one.meter, severity: decision.account.state === 'tripped' ? 'warning' : 'info', detail: { account, from: one.account.state, to: decision.account.state } }])
        }
        return decision
      })
    },
    fault: (account, what) => transaction(pool, async (client) => {
      const one = await lockAccount(client, account)
      if (one.account.fault !== undefined) return
      await client.query('UPDATE cost_account SET fault = $2, needs_look = true WHERE account = $1', [account, what])
      const { rows } = await client.query<{ batch: string }>('SELECT batch FROM cost_proposal WHERE account = $1 AND batch IS NOT NULL ORDER BY created_at DESC LIMIT 1', [account])
      const stopped = rows[0] ? await stopBatch(client, rows[0].batch, `the batch stops: ${what}`) : 0
      await insertEvents(client, [{ kind: 'cost.fault', meter: one.meter, severity: 'alarm', code: 'READ_BACK_DIFFERS', detail: { account, what, stopped } }])
    }),
    clearFault: (account, who) => transaction(pool, async (client) => {
      await lockAccount(client, account)
      await client.query('UPDATE cost_account SET fault = NULL, needs_look = true WHERE account = $1', [account])
      await appendAuditIn(client, [{ actor: who, action: 'cost.clear-fault', object: `cost-account/${account}`, outcome: 'ok' }])
    }),
  }
}

/** Allowing to close shows nowhere, so what the device confirmed is all there will be. */
function outcomeOf(action: Open['action'], state: CommandState): 'done' | 'failed' | 'sent' | undefined {
  switch (state) {
    case 'verified': return 'done'
    case 'confirmed': return action === 'allow-close' ? 'done' : 'sent'
    case 'rejected': case 'expired': case 'refused': return 'failed'
    case 'sent': case 'unknown': return 'sent'
    default: return undefined
  }
}
