import { addDays, dayStart, FORWARD_ACTIVE_TOTAL, HesError, isoWithOffset } from '@zhuzhan/core'
import type { Clock } from '@zhuzhan/core'
import { AuditLevel, DayInput, ForecastAccepted, ForecastAnswer, ForecastListItem, ForecastListQuery, ForecastQuery, NewForecastBody } from '@zhuzhan/contracts'
import type { Enqueue } from '@zhuzhan/dispatch'
import { measuredPower } from '@zhuzhan/metering'
import { findForecast, listForecasts, mainMeters, storedDays } from '@zhuzhan/persistence'
import type { ForecastRow } from '@zhuzhan/persistence'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import type pg from 'pg'
import { z } from 'zod'
import type { Guard } from '../auth/guard.js'
import { csvLine } from '../http/csv.js'
import { localDay } from '../http/instants.js'
import { about, errors } from '../http/route.js'

const SubjectParams = z.object({ level: AuditLevel, subject: z.string().min(1).max(60) })
const STEP_MS = 900_000
const NUMBERS = new Set([1, 2])
const LISTED_DAYS = 31

/** Day-ahead forecasts of customers, areas and plants, beside what was measured since. docs/analytics.md */
export const forecastRoutes = ({ pool, guard, clock, enqueue }: { pool: pg.Pool; guard: Guard; clock: Clock; enqueue: Enqueue }): FastifyPluginAsyncZod => async (app) => {
  const onRequest = guard.requires('read')

  app.post('/forecasts', {
    schema: { ...about('Forecasts', 'Have a day forecast (again); sites are forecast every day at 10:05', 'audit.compute'), body: NewForecastBody, response: { 202: ForecastAccepted, ...errors } },
    onRequest: guard.requires('audit.compute'),
    config: { act: 'forecast.compute' },
  }, async (request, reply) => {
    const { level, subject } = request.body
    const [main] = await mainMeters(pool, level, subject)
    if (!main) throw new HesError('NOT_FOUND', `There is no ${level} ${subject} with a main meter.`)
    const tomorrow = localDay(clock.now(), main.utcOffsetMinutes, 1)
    const day = request.body.day ?? tomorrow
    if (day > tomorrow) throw new HesError('BODY_INVALID', `Forecasts reach one day ahead: ${tomorrow} at most.`, { path: 'day' })
    await enqueue('analysis.forecast', { level, subject, day }, { jobId: `forecast-${level}-${subject}-${day}` })
    return reply.code(202).send({ level, subject, day, state: 'accepted' as const })
  })

  app.get('/forecasts/:level/:subject', {
    schema: { ...about('Forecasts', 'Days forecast, the last first, each with its newest version', 'read'), params: SubjectParams, querystring: ForecastListQuery, response: { 200: z.object({ items: z.array(ForecastListItem), nextCursor: z.null() }), ...errors } },
    onRequest,
  }, async (request) => {
    const { level, subject } = request.params
    const to = request.query.to ?? localDay(clock.now(), 14 * 60, 1)
    const rows = await listForecasts(pool, level, subject, { to, from: request.query.from ?? addDays(to, -LISTED_DAYS), limit: request.query.limit })
    return {
      items: rows.map((row) => ({ ...versionOf(row), energy: row.power && row.power.reduce((sum, kw) => sum + kw / 4, 0), backTestWape: (row.backTest?.['wape'] as number | undefined) ?? null })), nextCursor: null,
    }
  })

  app.get('/forecasts/:level/:subject/:day', {
    schema: {
      ...about('Forecasts', 'A day by quarter hours, as JSON or CSV, beside what was measured', 'read'), params: SubjectParams.extend({ day: DayInput }), querystring: ForecastQuery,
      response: { 200: { description: 'the day', content: { 'application/json': { schema: ForecastAnswer }, 'text/csv': { schema: z.string() } } }, ...errors },
    },
    onRequest,
  }, async (request, reply) => {
    const { level, subject, day } = request.params
    const { format, version } = request.query
    const row = await findForecast(pool, level, subject, day, version)
    if (!row) throw new HesError('NOT_FOUND', `There is no forecast of ${subject} for ${day}${version === undefined ? '' : `, version ${version}`}; POST /forecasts has it computed.`)
    const measured = await measuredOf(pool, row)
    const begin = dayStart(day, row.utcOffsetMinutes)
    const points = (row.power ?? []).map((forecastKw, slot) => ({ time: isoWithOffset(begin + slot * STEP_MS, row.utcOffsetMinutes), forecastKw, measuredKw: Number.isFinite(measured[slot]) ? measured[slot] as number : null }))
    if (format === 'csv') {
      const lines = points.map(({ time, forecastKw, measuredKw }) => csvLine([time, forecastKw, measuredKw], NUMBERS))
      return reply.type('text/csv; charset=utf-8').header('content-disposition', `attachment; filename="forecast-${level}-${subject}-${day}-v${row.version}.csv"`).send([csvLine(['time', 'forecast_kw', 'measured_kw']), ...lines].join('') as never)
    }
    return { ...versionOf(row), seen: row.seen as never, backTest: row.backTest as never, points, wape: wapeOf(points) }
  })
}

function versionOf({ level, subject, day, version, method, whyNot, computedAt, digest, utcOffsetMinutes }: ForecastRow): Pick<z.infer<typeof ForecastListItem>, 'level' | 'subject' | 'day' | 'version' | 'method' | 'whyNot' | 'computedAt' | 'digest'> {
  return { level: AuditLevel.parse(level), subject, day, version, method, whyNot, computedAt: isoWithOffset(computedAt.getTime(), utcOffsetMinutes), digest: digest.toString('hex') }
}

/** Power of all main meters together; NaN where one of them was not measured. */
async function measuredOf(pool: pg.Pool, { level, subject, day }: ForecastRow): Promise<number[]> {
  const meters = await mainMeters(pool, level, subject)
  const rows = await storedDays(pool, meters.map(({ id }) => id), FORWARD_ACTIVE_TOTAL, day, day)
  if (meters.length === 0 || rows.length < meters.length) return []
  const powers = rows.map((row) => measuredPower(row, STEP_MS))
  return Array.from({ length: 96 }, (_, slot) => Math.round(powers.reduce((sum, power) => sum + (power[slot] ?? NaN), 0) * 1_000) / 1_000)
}

function wapeOf(points: readonly { forecastKw: number; measuredKw: number | null }[]): number | null {
  const compared = points.flatMap(({ forecastKw, measuredKw }) => (measuredKw === null ? [] : [{ error: Math.abs(forecastKw - measuredKw), size: Math.abs(measuredKw) }]))
  const size = compared.reduce((sum, one) => sum + one.size, 0)
  return size === 0 ? null : Math.round((compared.reduce((sum, one) => sum + one.error, 0) / size) * 1e5) / 1e5
}
