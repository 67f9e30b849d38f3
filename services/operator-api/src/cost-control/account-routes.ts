import { HesError, dayStart } from '@zhuzhan/core'
import type { Clock } from '@zhuzhan/core'
import {
  AdjustmentBody, CostAccountAnswer, CostAccountParams, CostAccountQuery, CostContractBody, LedgerEntryAnswer, LedgerQuery, NewCostAccountBody, PaymentBody, StatementAnswer, StatementQuery, pageOf,
} from '@zhuzhan/contracts'
import { money, moneyText } from '@zhuzhan/cost-control'
import { createCostDecisions, createCostLedger, findMeter, selectAccounts } from '@zhuzhan/persistence'
import type { CostAccount } from '@zhuzhan/persistence'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import type pg from 'pg'
import { z } from 'zod'
import { whoAsks } from '../auth/guard.js'
import type { Guard } from '../auth/guard.js'
import { decodeCursor, encodeCursor } from '../http/paging.js'
import { about, errors } from '../http/route.js'
import { CHINA_MINUTES, accountAnswer } from './answers.js'

export interface CostRoutesDeps {
  pool: pg.Pool
  guard: Guard
  clock: Clock
}

const IdKey = z.tuple([z.number().int()])
const NameKey = z.tuple([z.string()])

/** Accounts of cost control and their ledger. docs/analytics.md */
export const costAccountRoutes = ({ pool, guard, clock }: CostRoutesDeps): FastifyPluginAsyncZod => async (app) => {
  const ledger = createCostLedger(pool)
  const decisions = createCostDecisions(pool)
  const known = async (account: string): Promise<CostAccount> => {
    const found = await ledger.find(account)
    if (!found) throw new HesError('NOT_FOUND', `There is no account ${account}.`)
    return found
  }
  /** What a booking changes shows at once, not with the next pass. */
  const looked = async (account: string): Promise<CostAccountAnswer> => {
    await decisions.look(account, clock.now())
    return accountAnswer(ledger, await known(account), clock.now())
  }

  app.post('/cost-accounts', {
    schema: { ...about('Cost control', 'Open the account of a meter', 'cost.account'), body: NewCostAccountBody, response: { 201: CostAccountAnswer, ...errors } },
    onRequest: guard.requires('cost.account'),
    config: { act: 'cost.account' },
  }, async (request, reply) => {
    const { meter } = request.body
    if ((await findMeter(pool, meter))?.kind !== 'meter') throw new HesError('NOT_FOUND', `There is no meter ${meter}.`)
    await ledger.open(request.body, whoAsks(request).username)
    return reply.code(201).send(await looked(request.body.account))
  })

  app.get('/cost-accounts', {
    schema: { ...about('Cost control', 'Accounts, by state', 'read'), querystring: CostAccountQuery, response: { 200: pageOf(CostAccountAnswer), ...errors } },
    onRequest: guard.requires('read'),
  }, async (request) => {
    const { state, limit, cursor } = request.query
    const after = decodeCursor(NameKey, cursor)?.[0] ?? ''
    const rows = await selectAccounts(pool, '($1::text[] IS NULL OR state = ANY($1)) AND account > $2 ORDER BY account LIMIT $3', [state ?? null, after, limit + 1])
    const page = rows.slice(0, limit)
    const items = await Promise.all(page.map((one) => accountAnswer(ledger, one, clock.now())))
    return { items, nextCursor: rows.length > limit ? encodeCursor([page.at(-1)?.id ?? '']) : null }
  })

  app.get('/cost-accounts/:account', {
    schema: { ...about('Cost control', 'One account: balance, state, and why nothing is proposed', 'read'), params: CostAccountParams, response: { 200: CostAccountAnswer, ...errors } },
    onRequest: guard.requires('read'),
  }, async (request) => accountAnswer(ledger, await known(request.params.account), clock.now()))

  app.put('/cost-accounts/:account/contract', {
    schema: { ...about('Cost control', 'Change the terms', 'cost.account'), params: CostAccountParams, body: CostContractBody, response: { 200: CostAccountAnswer, ...errors } },
    onRequest: guard.requires('cost.account'),
    config: { act: 'cost.contract' },
  }, async (request) => {
    const { account } = request.params
    await ledger.change(account, request.body.contract, whoAsks(request).username, request.body.reason)
    return looked(account)
  })

  app.post('/cost-accounts/:account/payments', {
    schema: { ...about('Cost control', 'Book a payment; the same number again changes nothing', 'cost.pay'), params: CostAccountParams, body: PaymentBody, response: { 200: CostAccountAnswer, ...errors } },
    onRequest: guard.requires('cost.pay'),
    config: { act: 'cost.payment' },
  }, async (request) => {
    const { account } = request.params
    await ledger.pay(account, { kind: 'payment', number: request.body.number, amount: money(request.body.amount) }, whoAsks(request).username, clock.now())
    return looked(account)
  })

  app.post('/cost-accounts/:account/adjustments', {
    schema: { ...about('Cost control', 'Pay back, reserve or release an amount', 'cost.adjust'), params: CostAccountParams, body: AdjustmentBody, response: { 200: CostAccountAnswer, ...errors } },
    onRequest: guard.requires('cost.adjust'),
    config: { act: 'cost.adjustment' },
  }, async (request) => {
    const { account } = request.params
    const { kind, number, amount, reason } = request.body
    await ledger.pay(account, { kind, number, amount: money(amount), reason }, whoAsks(request).username, clock.now())
    return looked(account)
  })

  app.get('/cost-accounts/:account/ledger', {
    schema: { ...about('Cost control', 'The ledger, in the order it was written', 'read'), params: CostAccountParams, querystring: LedgerQuery, response: { 200: pageOf(LedgerEntryAnswer), ...errors } },
    onRequest: guard.requires('read'),
  }, async (request) => {
    const { id } = await known(request.params.account)
    const { limit, cursor } = request.query
    const rows = await ledger.entries(id, { after: decodeCursor(IdKey, cursor)?.[0], limit: limit + 1 })
    const items = rows.slice(0, limit).map((row) => ({
      id: row.id, key: row.key, kind: row.kind, amount: moneyText(row.amount), at: new Date(row.at).toISOString(), day: row.day ?? null, quality: row.quality ?? null, balance: moneyText(row.balance), who: row.who,
    }))
    return { items, nextCursor: rows.length > limit ? encodeCursor([items.at(-1)?.id ?? 0]) : null }
  })

  app.get('/cost-accounts/:account/statement', {
    schema: { ...about('Cost control', 'Sums of what was booked on these days, to excluded', 'read'), params: CostAccountParams, querystring: StatementQuery, response: { 200: StatementAnswer, ...errors } },
    onRequest: guard.requires('read'),
  }, async (request) => {
    const one = await known(request.params.account)
    const { from, to } = request.query
    if (from >= to) throw new HesError('BODY_INVALID', 'from lies before to', { path: 'to' })
    const offset = (await findMeter(pool, one.meter))?.utcOffsetMinutes ?? CHINA_MINUTES
    const { opening, payments, charges, reserved, estimated, entries } = await ledger.statement(one.id, new Date(dayStart(from, offset)), new Date(dayStart(to, offset)))
    return {
      account: one.id, from, to, opening: moneyText(opening), payments: moneyText(payments), charges: moneyText(charges), reserved: moneyText(reserved), closing: moneyText(opening + payments - charges - reserved), estimated: moneyText(estimated), entries,
    }
  })

  app.post('/cost-accounts/:account/clear-fault', {
    schema: { ...about('Cost control', 'Somebody has looked at the meter: its read-backs count again', 'cost.protect'), params: CostAccountParams, response: { 200: CostAccountAnswer, ...errors } },
    onRequest: guard.requires('cost.protect'),
    config: { act: 'cost.clear-fault' },
  }, async (request) => {
    await decisions.clearFault(request.params.account, whoAsks(request).username)
    return looked(request.params.account)
  })
}
