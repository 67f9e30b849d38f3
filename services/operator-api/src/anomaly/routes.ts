import { HesError, isoWithOffset } from '@zhuzhan/core'
import type { Clock } from '@zhuzhan/core'
import { AnomalyRunItem, AnomalyRunList, AnomalyRunQuery, AnomalyScoreList, AnomalyScoreQuery, NewAnomalyRunBody } from '@zhuzhan/contracts'
import type { AnomalyScoreItem } from '@zhuzhan/contracts'
import type { Enqueue } from '@zhuzhan/dispatch'
import { findAnomalyRun, listAnomalyRuns, listAnomalyScores, orderAnomalyRun } from '@zhuzhan/persistence'
import type { AnomalyRun, AnomalyScore } from '@zhuzhan/persistence'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import type pg from 'pg'
import { z } from 'zod'
import { whoAsks } from '../auth/guard.js'
import type { Guard } from '../auth/guard.js'
import { csvLine } from '../http/csv.js'
import { localDay } from '../http/instants.js'
import { answerPage, decodeCursor } from '../http/paging.js'
import { about, errors } from '../http/route.js'

const GROUP = 'Anomaly scores'
/** Of the terminals' usual calendar. */
const OFFSET_MINUTES = 480
const Rank = z.tuple([z.number(), z.number(), z.number()])
const HEAD = ['meter', 'area', 'score', 'recoverable_kwh', 'expected_kwh_day', 'counted_kwh_day', 'days', 'completeness', 'why_not']
const NUMBERS = new Set([2, 3, 4, 5, 6, 7])

/** How much each customer's use looks tampered with: runs of analytics and what they said. docs/analytics.md */
export const anomalyRoutes = ({ pool, guard, clock, enqueue }: { pool: pg.Pool; guard: Guard; clock: Clock; enqueue: Enqueue }): FastifyPluginAsyncZod => async (app) => {
  const read = guard.requires('read')

  app.get('/anomaly-scores', {
    schema: {
      ...about(GROUP, 'Scores of a run, those with the most to recover first', 'read'), querystring: AnomalyScoreQuery,
      response: { 200: { description: 'the scores', content: { 'application/json': { schema: AnomalyScoreList }, 'text/csv': { schema: z.string() } } }, ...errors },
    },
    onRequest: read,
  }, async (request, reply) => {
    const { run: id, rank, area, meter, format, limit, cursor } = request.query
    const run = await findAnomalyRun(pool, id)
    if (!run) throw new HesError('NOT_FOUND', id === undefined ? 'No run is done yet; POST /anomaly-scores/runs orders one.' : `There is no run ${id}.`)
    const page = await listAnomalyScores(pool, { run: run.id, rank, area, meter, limit, after: decodeCursor(Rank, cursor) })
    if (format === 'json') return { run: runAnswer(run), ...answerPage(page, answer, (one) => one.rank) }
    const lines = page.rows.map((one) => csvLine([one.meter, one.area, one.score, one.recoverableKwh, one.expectedKwhDay, one.countedKwhDay, one.days, one.completeness, one.whyNot], NUMBERS))
    return reply.type('text/csv; charset=utf-8').header('content-disposition', `attachment; filename="anomaly-scores-${run.day}-run${run.id}.csv"`).send([csvLine(HEAD), ...lines].join('') as never)
  })

  app.get('/anomaly-scores/runs', { schema: { ...about(GROUP, 'Runs, the newest first', 'read'), querystring: AnomalyRunQuery, response: { 200: AnomalyRunList, ...errors } }, onRequest: read },
    async (request) => ({ items: (await listAnomalyRuns(pool, request.query.limit)).map(runAnswer), nextCursor: null }))

  app.post('/anomaly-scores/runs', {
    schema: { ...about(GROUP, 'Have every customer scored now; a run of the same day that is not done goes on instead', 'audit.compute'), body: NewAnomalyRunBody, response: { 202: AnomalyRunItem, ...errors } },
    onRequest: guard.requires('audit.compute'),
    config: { act: 'anomaly-scores.compute' },
  }, async (request, reply) => {
    const yesterday = localDay(clock.now(), OFFSET_MINUTES, -1)
    const day = request.body.day ?? yesterday
    if (day > yesterday) throw new HesError('BODY_INVALID', `The last day judged is over: ${yesterday} at most.`, { path: 'day' })
    const run = await orderAnomalyRun(pool, { day, nightly: false, who: whoAsks(request).username, now: new Date(clock.now()) })
    // It ended between the two looks, which is what was asked for.
    if (!run) throw new HesError('STATE_CONFLICT', `A run of ${day} has ended just now.`)
    await enqueue('analysis.anomaly-scores', {}, { jobId: `anomaly-scores-${clock.now()}` })
    return reply.code(202).send(runAnswer(run))
  })
}

const time = (at: Date | null): string | null => at && isoWithOffset(at.getTime(), OFFSET_MINUTES)

function runAnswer({ createdAt, startedAt, endedAt, ...run }: AnomalyRun): z.infer<typeof AnomalyRunItem> {
  return { ...run, createdAt: isoWithOffset(createdAt.getTime(), OFFSET_MINUTES), startedAt: time(startedAt), endedAt: time(endedAt) }
}

function answer({ utcOffsetMinutes, rank: _, digest, computedAt, ...score }: AnomalyScore): z.infer<typeof AnomalyScoreItem> {
  return { ...score, digest: digest.toString('hex'), computedAt: isoWithOffset(computedAt.getTime(), utcOffsetMinutes) }
}
