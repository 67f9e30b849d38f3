import { HesError, isoWithOffset, oadNumber, oadText } from '@zhuzhan/core'
import type { Clock } from '@zhuzhan/core'
import { EXCHANGES_HEAD, EXCHANGES_MAX_BYTES, ExchangeAnswer, ExchangeBody, ExchangeQuery, ExchangeWithdrawBody, ExchangesAccepted, pageOf } from '@zhuzhan/contracts'
import { listExchanges, storeExchanges, withdrawExchange } from '@zhuzhan/persistence'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import type pg from 'pg'
import { z } from 'zod'
import { whoAsks } from '../auth/guard.js'
import type { Guard } from '../auth/guard.js'
import { csvText } from '../http/csv.js'
import { instantOf } from '../http/instants.js'
import { answerPage, decodeCursor } from '../http/paging.js'
import { about, errors } from '../http/route.js'
import { meterOrNotFound } from '../registry/answers.js'

const IdKey = z.tuple([z.number().int()])
const MOST = 1_000
type Exchange = z.output<typeof ExchangeBody>

/** Meters that were exchanged. docs/analytics.md */
export const exchangeRoutes = ({ pool, guard, clock }: { pool: pg.Pool; guard: Guard; clock: Clock }): FastifyPluginAsyncZod => async (app) => {
  const change = guard.requires('readings.edit')
  app.addContentTypeParser('text/csv', { parseAs: 'string', bodyLimit: EXCHANGES_MAX_BYTES }, (_request, body, done) => { done(null, body) })
  const store = async (exchanges: readonly Exchange[], who: string): Promise<z.input<typeof ExchangesAccepted>> => {
    const now = clock.now()
    const rows = []
    for (const { at: text, registers, reason, ...one } of exchanges) {
      const { utcOffsetMinutes } = await meterOrNotFound(pool, one.newMeter)
      const at = instantOf(text, utcOffsetMinutes, 'at') as Date
      if (at.getTime() > now) throw new HesError('BODY_INVALID', `the exchange of ${one.oldMeter} lies ahead`, { path: 'at' })
      if (one.oldMeter === one.newMeter) throw new HesError('BODY_INVALID', 'a meter is exchanged for another one', { path: 'newMeter' })
      rows.push({ ...one, at, why: reason, registers: Object.fromEntries(Object.entries(registers).map(([oad, { last, first }]) => [oadNumber(oad), [last, first] as const])) })
    }
    return { exchanges: await storeExchanges(pool, rows, who, new Date(now)), state: 'accepted' }
  }

  app.get('/meter-exchanges', {
    schema: { ...about('Energy', 'Meters that were exchanged, the latest entered first', 'read'), querystring: ExchangeQuery, response: { 200: pageOf(ExchangeAnswer), ...errors } },
    onRequest: guard.requires('read'),
  }, async (request) => {
    const { meter, limit, cursor } = request.query
    const page = await listExchanges(pool, { meter, before: decodeCursor(IdKey, cursor)?.[0], limit })
    return answerPage(page, ({ id, oldMeter, newMeter, utcOffsetMinutes, at, registers, who, why, enteredAt }) => ({
      exchange: id, oldMeter, newMeter, at: isoWithOffset(at.getTime(), utcOffsetMinutes), who, reason: why, enteredAt: isoWithOffset(enteredAt.getTime(), utcOffsetMinutes),
      registers: Object.fromEntries(Object.entries(registers).map(([item, [last, first]]) => [oadText(Number(item)), { last, first }])),
    }), ({ id }) => [id])
  })

  app.post('/meter-exchanges', {
    schema: { ...about('Energy', 'A meter was exchanged: figures and the account of its supply point go over to the new one', 'readings.edit'), body: ExchangeBody, response: { 202: ExchangesAccepted, ...errors } },
    onRequest: change,
    config: { act: 'meter.exchange' },
  }, async (request, reply) => reply.code(202).send(await store([request.body], whoAsks(request).username)))

  app.post('/meter-exchanges/import', {
    schema: { ...about('Energy', `The same from a CSV (${EXCHANGES_HEAD.join(',')}; total registers only); all or nothing`, 'readings.edit'), consumes: ['text/csv'], response: { 202: ExchangesAccepted, ...errors } },
    onRequest: change,
    config: { act: 'meter.exchange' },
  }, async (request, reply) => reply.code(202).send(await store(exchangesOf(request.body), whoAsks(request).username)))

  app.post('/meter-exchanges/:exchange/withdraw', {
    schema: {
      ...about('Energy', 'Take back an exchange that was entered wrongly: the meters count as before, the account goes back', 'readings.edit'),
      params: z.object({ exchange: z.coerce.number().int().positive() }), body: ExchangeWithdrawBody, response: { 202: ExchangesAccepted, ...errors },
    },
    onRequest: change,
    config: { act: 'meter.exchange.withdraw' },
  }, async (request, reply) => {
    const { exchange } = request.params
    await withdrawExchange(pool, exchange, whoAsks(request).username, request.body.reason, new Date(clock.now()))
    return reply.code(202).send({ exchanges: [exchange], state: 'accepted' })
  })
}

/** @throws HesError BODY_INVALID with the first line that does not fit */
function exchangesOf(body: unknown): Exchange[] {
  if (typeof body !== 'string') throw new HesError('BODY_INVALID', 'send the file as text/csv', { path: '' })
  const [head = '', ...lines] = body.replace(/^\uFEFF/, '').split(/\r?\n/)
  if (head.trim() !== EXCHANGES_HEAD.join(',')) throw new HesError('BODY_INVALID', `the first line is ${EXCHANGES_HEAD.join(',')}`, { path: '1' })
  const rows = lines.flatMap((line, n) => {
    if (line.trim() === '') return []
    const [oldMeter, newMeter, at, last, first, reason, ...more] = line.split(',').map((field) => csvText(field.trim()))
    const parsed = ExchangeBody.safeParse({ oldMeter, newMeter, at, registers: { '00100201': { last, first } }, reason })
    if (parsed.success && more.length === 0) return [parsed.data]
    const [issue] = parsed.error?.issues ?? []
    throw new HesError('BODY_INVALID', `line ${n + 2}: ${issue ? `${issue.path.join('.')}: ${issue.message}` : 'too many fields'}`, { path: String(n + 2) })
  })
  if (rows.length === 0 || rows.length > MOST) throw new HesError('BODY_INVALID', `the file has ${rows.length} exchanges; 1 to ${MOST} go at once`, { path: '' })
  return rows
}
