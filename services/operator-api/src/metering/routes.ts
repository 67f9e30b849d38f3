import { HesError, isoWithOffset, oadNumber, oadText } from '@zhuzhan/core'
import type { Clock } from '@zhuzhan/core'
import {
  AddressInput, ConsumptionMonthAnswer, DayRangeQuery, EnergyGapAnswer, EnergyGapQuery, FigureChangeAnswer, FigureChangeQuery, ListQuery, ReadingEditAccepted, ReadingEditAnswer, ReadingEditBody,
  ValidatedDayAnswer, pageOf,
} from '@zhuzhan/contracts'
import { editReading, listConsumptionMonths, listEdits, listEnergyGaps, listFigureChanges, listValidatedDays } from '@zhuzhan/persistence'
import type { MeterView } from '@zhuzhan/persistence'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import type pg from 'pg'
import { z } from 'zod'
import { whoAsks } from '../auth/guard.js'
import type { Guard } from '../auth/guard.js'
import { instantOf, localDay } from '../http/instants.js'
import { answerPage, decodeCursor } from '../http/paging.js'
import { about, errors } from '../http/route.js'
import { meterOrNotFound } from '../registry/answers.js'
import { jointsAnswer, validatedDayAnswer } from './day-answer.js'

const AddressParams = z.object({ address: AddressInput })
const IdKey = z.tuple([z.number().int()])
const DayKey = z.tuple([z.iso.date()])
const DEFAULT_DAYS = 31

/** Validated days and months, gaps, edits, and what figures were before a correction. */
export const meteringRoutes = ({ pool, guard, clock }: { pool: pg.Pool; guard: Guard; clock: Clock }): FastifyPluginAsyncZod => async (app) => {
  const onRequest = guard.requires('read')
  const localTime = ({ utcOffsetMinutes }: Pick<MeterView, 'utcOffsetMinutes'>, at: Date): string => isoWithOffset(at.getTime(), utcOffsetMinutes)

  app.get('/meters/:address/validated-days', {
    schema: { ...about('Energy', 'Validated and estimated days, with every interval and what was found', 'read'), params: AddressParams, querystring: DayRangeQuery, response: { 200: pageOf(ValidatedDayAnswer), ...errors } },
    onRequest,
  }, async (request) => {
    const meter = await meterOrNotFound(pool, request.params.address)
    const { limit, cursor, to = localDay(clock.now(), meter.utcOffsetMinutes, 1) } = request.query
    const from = request.query.from ?? localDay(Date.parse(`${to}T00:00:00Z`), 0, -DEFAULT_DAYS)
    const page = await listValidatedDays(pool, { meterId: meter.id, from, to, after: decodeCursor(DayKey, cursor)?.[0], limit })
    return answerPage(page, (row) => validatedDayAnswer(row, meter, clock.now()), ({ day }) => [day])
  })

  app.get('/meters/:address/consumption', {
    schema: { ...about('Energy', 'Energy and cost of months, from validated days', 'read'), params: AddressParams, response: { 200: z.object({ items: z.array(ConsumptionMonthAnswer), nextCursor: z.null() }), ...errors } },
    onRequest,
  }, async (request) => {
    const meter = await meterOrNotFound(pool, request.params.address)
    const months = await listConsumptionMonths(pool, meter.id)
    return { items: months.map(({ computedAt, joints, ...month }) => ({ ...month, joints: jointsAnswer(joints, meter.utcOffsetMinutes), computedAt: localTime(meter, computedAt) })), nextCursor: null }
  })

  app.get('/meters/:address/figure-changes', {
    schema: { ...about('Energy', 'Corrections of derived figures, with before and after', 'read'), params: AddressParams, querystring: FigureChangeQuery, response: { 200: pageOf(FigureChangeAnswer), ...errors } },
    onRequest,
  }, async (request) => {
    const meter = await meterOrNotFound(pool, request.params.address)
    const { figure, limit, cursor } = request.query
    const page = await listFigureChanges(pool, { meterId: meter.id, figure, before: decodeCursor(IdKey, cursor)?.[0], limit })
    return answerPage(page, ({ id: _, at, ...change }) => ({ ...change, at: localTime(meter, at) }), ({ id }) => [id])
  })

  app.get('/meters/:address/edits', {
    schema: { ...about('Energy', 'Edits of register values, who and why', 'read'), params: AddressParams, querystring: ListQuery, response: { 200: pageOf(ReadingEditAnswer), ...errors } },
    onRequest,
  }, async (request) => {
    const meter = await meterOrNotFound(pool, request.params.address)
    const page = await listEdits(pool, { meterId: meter.id, before: decodeCursor(IdKey, request.query.cursor)?.[0], limit: request.query.limit })
    return answerPage(page, ({ id, at, item, time, why, ...edit }) => ({ ...edit, edit: id, at: localTime(meter, at), item: oadText(item), time: localTime(meter, time), reason: why }), ({ id }) => [id])
  })

  app.post('/meters/:address/edits', {
    schema: { ...about('Energy', 'Edit a register value; the raw one stays', 'readings.edit'), params: AddressParams, body: ReadingEditBody, response: { 202: ReadingEditAccepted, ...errors } },
    onRequest: guard.requires('readings.edit'),
    config: { act: 'reading.edit' },
  }, async (request, reply) => {
    const meter = await meterOrNotFound(pool, request.params.address)
    const { item, kind, value, reason } = request.body
    const time = instantOf(request.body.time, meter.utcOffsetMinutes, 'time') as Date
    if (time.getTime() > clock.now()) throw new HesError('BODY_INVALID', 'the instant lies ahead', { path: 'time' })
    const { edit, before } = await editReading(pool, {
      meterId: meter.id, meter: meter.address, item: oadNumber(item), time, kind, value, who: whoAsks(request).username, why: reason,
      // A midnight ends the day before; analytics computes that one as well.
      days: [localDay(time.getTime(), meter.utcOffsetMinutes)],
    })
    return reply.code(202).send({ meter: meter.address, edit, before, state: 'accepted' })
  })

  app.get('/energy/gaps', {
    schema: { ...about('Energy', 'Intervals without usable energy: why, and how they are estimated', 'read'), querystring: EnergyGapQuery, response: { 200: pageOf(EnergyGapAnswer), ...errors } },
    onRequest,
  }, async (request) => {
    const { meter, state, limit, cursor } = request.query
    const page = await listEnergyGaps(pool, { meter, state, after: decodeCursor(IdKey, cursor)?.[0], limit })
    return answerPage(page, ({ item, from, to, firstSeenAt, closedAt, ...gap }) => ({
      meter: gap.meter, item: oadText(item), from: localTime(gap, from), to: localTime(gap, to), reason: gap.reason, method: gap.method, refused: gap.refused, state: gap.state,
      firstSeenAt: localTime(gap, firstSeenAt), closedAt: closedAt && localTime(gap, closedAt),
    }), ({ id }) => [id])
  })
}
