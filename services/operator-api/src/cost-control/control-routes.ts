import { HesError } from '@zhuzhan/core'
import {
  CostOrderAnswer, CostOrderBody, HolidayYearAnswer, HolidayYearBody, NewProtectionBody, NoticeAnswer, NoticeOutcomeBody, NoticeQuery, ProposalAnswer, ProposalQuery, ProtectionAnswer, pageOf,
} from '@zhuzhan/contracts'
import { HolidayYear, localTime, moneyText } from '@zhuzhan/cost-control'
import { createCostDecisions, createCostNotices, createCostProposals, createCostProtections, listHolidayYears, saveHolidayYear, selectAccounts } from '@zhuzhan/persistence'
import type { NoticeRow, ProposalRow, ProtectionRow } from '@zhuzhan/persistence'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { whoAsks } from '../auth/guard.js'
import type { CommandBatches } from '../commands/batches.js'
import { decodeCursor, encodeCursor } from '../http/paging.js'
import { about, errors } from '../http/route.js'
import type { CostRoutesDeps } from './account-routes.js'
import { CHINA_MINUTES } from './answers.js'

const IdKey = z.tuple([z.number().int()])
const NumberParams = z.object({ id: z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER) })
const YearParams = z.object({ year: z.coerce.number().int().min(2_000).max(2_200) })
const LIST = 1_000
const MOST_DEVICES = 4_096
const iso = (at: Date | null): string | null => at?.toISOString() ?? null

const noticeAnswer = ({ balance, createdAt, sentAt, deliveredAt, ...row }: NoticeRow) => ({ ...row, balance: moneyText(balance), createdAt: createdAt.toISOString(), sentAt: iso(sentAt), deliveredAt: iso(deliveredAt) })
const protectionAnswer = ({ since, until, ...row }: ProtectionRow) => ({ ...row, from: since.toISOString(), until: iso(until) })
const proposalAnswer = ({ createdAt, closedAt, ...row }: ProposalRow) => ({ ...row, createdAt: createdAt.toISOString(), closedAt: iso(closedAt) })

/** Notices, protections, proposals and holidays of cost control. */
export const costControlRoutes = ({ pool, guard, clock, batches }: CostRoutesDeps & { batches: CommandBatches }): FastifyPluginAsyncZod => async (app) => {
  const [notices, protections, proposals, decisions] = [createCostNotices(pool), createCostProtections(pool), createCostProposals(pool), createCostDecisions(pool)]
  const read = guard.requires('read')

  app.get('/cost-notices', {
    schema: { ...about('Cost control', 'Notices; `waiting=true` for those a channel is to carry', 'read'), querystring: NoticeQuery, response: { 200: pageOf(NoticeAnswer), ...errors } },
    onRequest: read,
  }, async (request) => {
    const { account, waiting, limit, cursor } = request.query
    const rows = await notices.page({ account, waiting, after: decodeCursor(IdKey, cursor)?.[0], limit: limit + 1 })
    const items = rows.slice(0, limit).map(noticeAnswer)
    return { items, nextCursor: rows.length > limit ? encodeCursor([items.at(-1)?.id ?? 0]) : null }
  })

  app.post('/cost-notices/:id/outcome', {
    schema: { ...about('Cost control', 'What the channel says of a notice', 'cost.pay'), params: NumberParams, body: NoticeOutcomeBody, response: { 200: NoticeAnswer, ...errors } },
    onRequest: guard.requires('cost.pay'),
    config: { act: 'cost.notice' },
  }, async (request) => noticeAnswer(await notices.outcome(request.params.id, request.body.outcome, request.body.why, new Date(clock.now()))))

  app.get('/cost-protections', {
    schema: { ...about('Cost control', 'What keeps supply on, and has not ended', 'read'), response: { 200: z.object({ items: z.array(ProtectionAnswer), nextCursor: z.null() }), ...errors } },
    onRequest: read,
  }, async () => ({ items: (await protections.list(new Date(clock.now()), LIST)).map(protectionAnswer), nextCursor: null }))

  app.post('/cost-protections', {
    schema: { ...about('Cost control', 'Keep supply on: of an account, an area or everybody; trips that have not left lapse', 'cost.protect'), body: NewProtectionBody, response: { 201: ProtectionAnswer, ...errors } },
    onRequest: guard.requires('cost.protect'),
    config: { act: 'cost.protect' },
  }, async (request, reply) => {
    const { from, until, ...given } = request.body
    const entered = await protections.enter({ ...given, since: new Date(from ?? clock.now()), until: until === undefined ? null : new Date(until) }, whoAsks(request).username)
    return reply.code(201).send(protectionAnswer(entered.protection))
  })

  app.post('/cost-protections/:id/end', {
    schema: { ...about('Cost control', 'End a protection now', 'cost.protect'), params: NumberParams, response: { 200: ProtectionAnswer, ...errors } },
    onRequest: guard.requires('cost.protect'),
    config: { act: 'cost.unprotect' },
  }, async (request) => protectionAnswer(await protections.end(request.params.id, new Date(clock.now()), whoAsks(request).username)))

  app.get('/cost-proposals', {
    schema: { ...about('Cost control', 'What the rules propose; newest first', 'read'), querystring: ProposalQuery, response: { 200: z.object({ items: z.array(ProposalAnswer), nextCursor: z.null() }), ...errors } },
    onRequest: read,
  }, async (request) => ({ items: (await proposals.list(request.query)).map(proposalAnswer), nextCursor: null }))

  app.post('/cost-proposals/order', {
    schema: { ...about('Cost control', 'Take proposals up: a command batch, which another person approves at /command-batches', 'command.control'), body: CostOrderBody, response: { 202: CostOrderAnswer, ...errors } },
    onRequest: guard.requires('command.control'),
    config: { act: 'cost.order' },
  }, async (request, reply) => {
    const { action, proposals: ids, approver, password, expiresInSeconds } = request.body
    const operator = whoAsks(request)
    // Judged again now: what a minute ago was right may be wrong.
    for (const { account } of await proposals.open(action, ids, MOST_DEVICES)) await decisions.look(account, clock.now())
    const open = await proposals.open(action, ids, MOST_DEVICES)
    if (open.length === 0) throw new HesError('NOT_FOUND', `No ${action} is proposed.`)
    const { batch, skipped } = await batches.create({
      action, meters: open.map(({ meter }) => meter), reason: 'cost control', expiresInSeconds: action === 'trip' ? await withinWindow(open, expiresInSeconds) : expiresInSeconds, ...(approver === undefined ? {} : { approver }),
    }, operator)
    const left = new Set(skipped.map(({ meter }) => meter))
    const ordered = await proposals.order(open.filter(({ meter }) => !left.has(meter)).map(({ id }) => id), batch.id)
    if (password !== undefined) await batches.sign(batch.id, operator, { password })
    return reply.code(202).send({ batch: batch.id, ordered, skipped })
  })

  /** A trip that is not sent inside its hours is never sent. @throws HesError STATE_CONFLICT */
  const withinWindow = async (open: readonly ProposalRow[], seconds: number): Promise<number> => {
    const accounts = await selectAccounts(pool, 'account = ANY($1)', [open.map(({ account }) => account)])
    const { minute } = localTime(clock.now(), CHINA_MINUTES)
    const offsets = await pool.query<{ offset: number }>('SELECT DISTINCT t.utc_offset_minutes AS offset FROM meter m JOIN terminal t ON t.address = m.terminal_address WHERE m.address = ANY($1)', [open.map(({ meter }) => meter)])
    const minutes = offsets.rows.length === 0 ? [minute] : offsets.rows.map(({ offset }) => localTime(clock.now(), offset).minute)
    const until = Math.min(...accounts.map(({ contract }) => contract.window.to)) - Math.max(...minutes)
    if (until < 1) throw new HesError('STATE_CONFLICT', 'The hours in which supply may be cut are over.')
    return Math.max(10, Math.min(seconds, (until - 1) * 60 + 10))
  }

  app.get('/holiday-years', {
    schema: { ...about('Cost control', 'Holidays and make-up working days that were entered', 'read'), response: { 200: z.object({ items: z.array(HolidayYearAnswer), nextCursor: z.null() }), ...errors } },
    onRequest: read,
  }, async () => ({ items: await listHolidayYears(pool), nextCursor: null }))

  app.put('/holiday-years/:year', {
    schema: { ...about('Cost control', 'Enter the holidays of a year; in a year without them nobody is cut off', 'cost.adjust'), params: YearParams, body: HolidayYearBody, response: { 200: HolidayYearAnswer, ...errors } },
    onRequest: guard.requires('cost.adjust'),
    config: { act: 'cost.holidays' },
  }, async (request) => {
    const parsed = HolidayYear.safeParse({ year: request.params.year, ...request.body })
    if (!parsed.success) throw new HesError('BODY_INVALID', parsed.error.issues[0]?.message ?? 'not the days of a year', { path: 'holidays' })
    await saveHolidayYear(pool, parsed.data, whoAsks(request).username)
    return parsed.data
  })
}
