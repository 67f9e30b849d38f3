import { Readable } from 'node:stream'
import { oadNumber } from '@zhuzhan/core'
import type { Clock } from '@zhuzhan/core'
import { AddressInput, LatestQuery, ReadingAnswer, ReadingQuery, pageOf } from '@zhuzhan/contracts'
import { latestReadings, readingsPage } from '@zhuzhan/persistence'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import type pg from 'pg'
import { z } from 'zod'
import type { Guard } from '../auth/guard.js'
import { answerPage } from '../http/paging.js'
import { about, errors } from '../http/route.js'
import { meterOrNotFound } from '../registry/answers.js'
import { readingAnswer } from './answer.js'
import { readingsCsv } from './csv.js'
import { readingFilter, readingKey } from './query.js'

const AddressParams = z.object({ address: AddressInput })

export const readingRoutes = ({ pool, guard, clock }: { pool: pg.Pool; guard: Guard; clock: Clock }): FastifyPluginAsyncZod => async (app) => {
  const onRequest = guard.requires('read')

  app.get('/meters/:address/readings', {
    schema: {
      ...about('Readings', 'Readings of a meter or of a terminal itself, by time and item', 'read'),
      params: AddressParams,
      querystring: ReadingQuery,
      response: {
        200: { description: 'Readings', content: { 'application/json': { schema: pageOf(ReadingAnswer) }, 'text/csv': { schema: z.string() } } },
        ...errors,
      },
    },
    onRequest,
  }, async (request, reply) => {
    const meter = await meterOrNotFound(pool, request.params.address)
    const filter = readingFilter(meter, request.query)
    if (request.query.format === 'csv') {
      return reply.type('text/csv; charset=utf-8').header('content-disposition', `attachment; filename="readings-${meter.address}.csv"`)
        .send(Readable.from(readingsCsv(pool, meter, filter)) as never)
    }
    const page = await readingsPage(pool, filter)
    return answerPage(page, (reading) => readingAnswer(meter.address, meter.utcOffsetMinutes, reading), readingKey)
  })

  app.get('/meters/:address/readings/latest', {
    schema: {
      ...about('Readings', 'The youngest reading of every item within the last 32 days', 'read'),
      params: AddressParams,
      querystring: LatestQuery,
      response: { 200: pageOf(ReadingAnswer), ...errors },
    },
    onRequest,
  }, async (request) => {
    const meter = await meterOrNotFound(pool, request.params.address)
    const rows = await latestReadings(pool, meter.id, new Date(clock.now()), request.query.item?.map(oadNumber))
    return { items: rows.map((reading) => readingAnswer(meter.address, meter.utcOffsetMinutes, reading)), nextCursor: null }
  })
}
