import { isoWithOffset } from '@zhuzhan/core'
import { AddressInput, DeviatingClockAnswer, ListQuery, MeterClockAnswer, pageOf } from '@zhuzhan/contracts'
import { TARIFFS } from '@zhuzhan/energy-audit'
import { TARIFF_CLASSES, tariffClassOf, thresholdsOf } from '@zhuzhan/metering'
import { listDeviatingClocks, listMeterClocks, listThresholds } from '@zhuzhan/persistence'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import type pg from 'pg'
import { z } from 'zod'
import type { Guard } from '../auth/guard.js'
import { answerPage, decodeCursor } from '../http/paging.js'
import { about, errors } from '../http/route.js'
import { meterOrNotFound } from '../registry/answers.js'

const AtKey = z.tuple([z.number().int()])
const MeterKey = z.tuple([z.string()])

/** How far the clocks of meters are off. docs/analytics.md, check 1 */
export const clockRoutes = ({ pool, guard }: { pool: pg.Pool; guard: Guard }): FastifyPluginAsyncZod => async (app) => {
  const onRequest = guard.requires('read')

  app.get('/meters/:address/clock', {
    schema: { ...about('Energy', 'Readings of a meter\'s clock, the latest first', 'read'), params: z.object({ address: AddressInput }), querystring: ListQuery, response: { 200: pageOf(MeterClockAnswer), ...errors } },
    onRequest,
  }, async (request) => {
    const meter = await meterOrNotFound(pool, request.params.address)
    const before = decodeCursor(AtKey, request.query.cursor)?.[0]
    const page = await listMeterClocks(pool, { meterId: meter.id, before: before === undefined ? undefined : new Date(before), limit: request.query.limit })
    return answerPage(page, ({ at, deviation, uncertainty, reason }) => ({
      at: isoWithOffset(at.getTime(), meter.utcOffsetMinutes), deviationSeconds: deviation === null ? null : Number(deviation), uncertaintySeconds: uncertainty === null ? null : Number(uncertainty), reason,
    }), ({ at }) => [at.getTime()])
  })

  app.get('/energy/clocks', {
    schema: { ...about('Energy', 'Meters whose clock, as last read, is certainly beyond the threshold of check 1', 'read'), querystring: ListQuery, response: { 200: pageOf(DeviatingClockAnswer), ...errors } },
    onRequest,
  }, async (request) => {
    const { limit, cursor } = request.query
    const rows = await listThresholds(pool)
    const ofClass = Object.fromEntries(TARIFF_CLASSES.map((one) => [one, thresholdsOf(one, ...rows.filter(({ scope }) => scope === `class/${one}`).map(({ thresholds }) => thresholds)).clockFlagMs]))
    const limits = Object.fromEntries(TARIFFS.map((tariff) => [tariff.id, ofClass[tariffClassOf(tariff)] as number]))
    const page = await listDeviatingClocks(pool, { limits, otherwise: ofClass['unknown'] as number, after: decodeCursor(MeterKey, cursor)?.[0], limit })
    return answerPage(page, ({ meter, terminal, utcOffsetMinutes, at, deviation, uncertainty, limitMs }) => ({
      meter, terminal, at: isoWithOffset(at.getTime(), utcOffsetMinutes), deviationSeconds: Number(deviation), uncertaintySeconds: Number(uncertainty), thresholdSeconds: limitMs / 1_000,
    }), ({ meter }) => [meter])
  })
}
