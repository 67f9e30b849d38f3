import { HesError, isoWithOffset, oadNumber, oadText } from '@zhuzhan/core'
import type { Clock } from '@zhuzhan/core'
import type { Enqueue } from '@zhuzhan/dispatch'
import {
  AddressInput, CompletenessAnswer, DailyEnergyAnswer, DailyEnergyQuery, DayRangeQuery, EnergyAuditAccepted, EnergyAuditAnswer, EnergyAuditListItem, MonthInput, pageOf,
} from '@zhuzhan/contracts'
import { completenessPage, dailyEnergyPage, findEnergyAudit, listEnergyAudits } from '@zhuzhan/persistence'
import type { DayRange, MeterView } from '@zhuzhan/persistence'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import type pg from 'pg'
import { z } from 'zod'
import { whoAsks } from '../auth/guard.js'
import type { Guard } from '../auth/guard.js'
import { localDay } from '../http/instants.js'
import { answerPage, decodeCursor } from '../http/paging.js'
import { about, errors } from '../http/route.js'
import { itemName } from '../readings/answer.js'
import { meterOrNotFound } from '../registry/answers.js'

export interface EnergyRoutesDeps {
  pool: pg.Pool
  guard: Guard
  clock: Clock
  enqueue: Enqueue
}

const AddressParams = z.object({ address: AddressInput })
const MonthParams = z.object({ address: AddressInput, month: MonthInput })
const Day = z.string().regex(/^\d{4}-\d{2}-\d{2}$/)
const CompletenessKey = z.tuple([Day, z.string()])
const EnergyKey = z.tuple([Day, z.number().int().min(0).max(0xffff_ffff)])
const DEFAULT_DAYS = 31

/** Figures analytics derived from the readings. */
export const energyRoutes = ({ pool, guard, clock, enqueue }: EnergyRoutesDeps): FastifyPluginAsyncZod => async (app) => {
  const onRequest = guard.requires('read')
  const range = (meter: MeterView, query: { from?: string | undefined; to?: string | undefined; limit: number }): DayRange => {
    const to = query.to ?? localDay(clock.now(), meter.utcOffsetMinutes, 1)
    const from = query.from ?? localDay(Date.parse(`${to}T00:00:00Z`), 0, -DEFAULT_DAYS)
    return { meterId: meter.id, from, to, limit: query.limit }
  }
  const localTime = (meter: MeterView, at: Date): string => isoWithOffset(at.getTime(), meter.utcOffsetMinutes)

  app.get('/meters/:address/completeness', {
    schema: { ...about('Energy', 'How much of what was due has come, by day and plan', 'read'), params: AddressParams, querystring: DayRangeQuery, response: { 200: pageOf(CompletenessAnswer), ...errors } },
    onRequest,
  }, async (request) => {
    const meter = await meterOrNotFound(pool, request.params.address)
    const key = decodeCursor(CompletenessKey, request.query.cursor)
    const page = await completenessPage(pool, { ...range(meter, request.query), after: key && { day: key[0], plan: key[1] } })
    return answerPage(page, ({ computedAt, ...row }) => ({
      meter: meter.address, ...row, share: row.expected === 0 ? null : row.present / row.expected, computedAt: localTime(meter, computedAt),
    }), ({ day, plan }) => [day, plan])
  })

  app.get('/meters/:address/daily-energy', {
    schema: { ...about('Energy', 'Energy of each day from frozen registers', 'read'), params: AddressParams, querystring: DailyEnergyQuery, response: { 200: pageOf(DailyEnergyAnswer), ...errors } },
    onRequest,
  }, async (request) => {
    const meter = await meterOrNotFound(pool, request.params.address)
    const key = decodeCursor(EnergyKey, request.query.cursor)
    const page = await dailyEnergyPage(pool, { ...range(meter, request.query), items: request.query.item?.map(oadNumber), after: key && { day: key[0], item: key[1] } })
    return answerPage(page, ({ item, computedAt, ...row }) => {
      const oad = oadText(item)
      return { meter: meter.address, item: oad, ...itemName(oad), ...row, computedAt: localTime(meter, computedAt) }
    }, ({ day, item }) => [day, item])
  })

  app.get('/meters/:address/audits', {
    schema: {
      ...about('Energy', 'Months with an energy audit', 'read'),
      params: AddressParams,
      response: { 200: z.object({ items: z.array(EnergyAuditListItem), nextCursor: z.null() }), ...errors },
    },
    onRequest,
  }, async (request) => {
    const meter = await meterOrNotFound(pool, request.params.address)
    const audits = await listEnergyAudits(pool, meter.id)
    return { items: audits.map(({ month, computedAt }) => ({ month, computedAt: localTime(meter, computedAt) })), nextCursor: null }
  })

  app.get('/meters/:address/audits/:month', {
    schema: { ...about('Energy', 'Energy audit of a month', 'read'), params: MonthParams, response: { 200: EnergyAuditAnswer, ...errors } },
    onRequest,
  }, async (request) => {
    const { address, month } = request.params
    const meter = await meterOrNotFound(pool, address)
    const audit = await findEnergyAudit(pool, meter.id, month)
    if (!audit) throw new HesError('NOT_FOUND', `There is no energy audit of ${address} for ${month} yet; POST here has it computed.`)
    return { meter: address, month, computedAt: localTime(meter, audit.computedAt), report: audit.report }
  })

  app.post('/meters/:address/audits/:month', {
    schema: { ...about('Energy', 'Have the energy audit of a month computed (again)', 'audit.compute'), params: MonthParams, response: { 202: EnergyAuditAccepted, ...errors } },
    onRequest: guard.requires('audit.compute'),
    config: { act: 'audit.compute' },
  }, async (request, reply) => {
    const { address, month } = request.params
    await meterOrNotFound(pool, address)
    // One job for each meter and month at a time, however often it is asked for.
    await enqueue('analysis.audit', { meter: address, month }, { jobId: `audit-${address}-${month}` })
    app.log.debug({ address, month, who: whoAsks(request).username }, 'energy audit asked for')
    return reply.code(202).send({ meter: address, month, state: 'queued' })
  })
}
