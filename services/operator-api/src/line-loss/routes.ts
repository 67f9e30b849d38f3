import { HesError } from '@zhuzhan/core'
import type { Clock } from '@zhuzhan/core'
import { AreaIdInput, DayInput, LossAreaList, LossDayAnswer, LossDayList, LossDayQuery, TOPOLOGY_HEAD, TOPOLOGY_MAX_BYTES, TopologyImported, TopologyRow } from '@zhuzhan/contracts'
import type { Enqueue } from '@zhuzhan/dispatch'
import { listLossAreas, listLossDays, listLossVersions, listTopology, replaceTopology } from '@zhuzhan/persistence'
import type { AuditLog, LossDay } from '@zhuzhan/persistence'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import type pg from 'pg'
import { z } from 'zod'
import { whoAsks } from '../auth/guard.js'
import type { Guard } from '../auth/guard.js'
import { localDay } from '../http/instants.js'
import { about, errors } from '../http/route.js'

export interface LineLossDeps {
  pool: pg.Pool
  guard: Guard
  clock: Clock
  enqueue: Enqueue
  audit: AuditLog
}

const GROUP = 'Line loss'
const AreaParams = z.object({ area: AreaIdInput })
/** Of the terminals' usual calendar; an area's days are those of its meters. */
const OFFSET_MINUTES = 480
const DAYS_SHOWN = 31

/** Line loss of transformer areas: topology with its history, losses by day, what speaks for which cause. docs/analytics.md */
export const lineLossRoutes = ({ pool, guard, clock, enqueue, audit }: LineLossDeps): FastifyPluginAsyncZod => async (app) => {
  const read = guard.requires('read')
  app.addContentTypeParser('text/csv', { parseAs: 'string', bodyLimit: TOPOLOGY_MAX_BYTES }, (_request, body, done) => { done(null, body) })

  app.get('/loss-areas', { schema: { ...about(GROUP, 'Transformer areas, with the last day computed', 'read'), response: { 200: LossAreaList, ...errors } }, onRequest: read },
    async () => ({ items: await listLossAreas(pool), nextCursor: null }))

  app.get('/loss-areas/topology', {
    schema: { ...about(GROUP, 'Which meter was in which area when, as CSV', 'read'), response: { 200: { description: 'CSV', content: { 'text/csv': { schema: z.string() } } }, ...errors } }, onRequest: read,
  }, async (_request, reply) => {
    const lines = (await listTopology(pool)).map(({ area, meter, role, from, to }) => [area, meter, role, from, to ?? ''].join(','))
    return reply.type('text/csv; charset=utf-8').header('content-disposition', 'attachment; filename="topology.csv"').send([TOPOLOGY_HEAD.join(','), ...lines, ''].join('\n') as never)
  })

  app.post('/loss-areas/topology', {
    schema: { ...about(GROUP, 'Replace the history of every area in a CSV (area,meter,role,from,to); all or nothing', 'registry.change'), consumes: ['text/csv'], response: { 202: TopologyImported, ...errors } },
    onRequest: guard.requires('registry.change'),
    config: { act: 'loss-topology.import' },
  }, async (request, reply) => {
    const rows = topologyOf(request.body)
    const { username } = whoAsks(request)
    const daysDue = await replaceTopology(pool, rows, username)
    const areas = [...new Set(rows.map(({ area }) => area))]
    await audit.append({ actor: username, action: 'loss-topology.import', object: `loss-areas/${areas.length}`, outcome: 'ok' })
    await queueRun(app.log.warn.bind(app.log))
    return reply.code(202).send({ areas, rows: rows.length, daysDue })
  })

  app.post('/loss-areas/compute', {
    schema: { ...about(GROUP, 'Compute what is due now, and not at night only', 'audit.compute'), response: { 202: z.object({ state: z.literal('queued') }), ...errors } },
    onRequest: guard.requires('audit.compute'),
    config: { act: 'audit.compute' },
  }, async (_request, reply) => {
    await enqueue('analysis.line-loss', {}, { jobId: `line-loss-${clock.now()}` })
    return reply.code(202).send({ state: 'queued' })
  })

  app.get('/loss-areas/:area/days', { schema: { ...about(GROUP, 'Losses by day with their diagnosis', 'read'), params: AreaParams, querystring: LossDayQuery, response: { 200: LossDayList, ...errors } }, onRequest: read },
    async (request) => {
      const to = request.query.to ?? localDay(clock.now(), OFFSET_MINUTES, 1)
      const from = request.query.from ?? localDay(Date.parse(`${to}T00:00:00Z`), 0, -DAYS_SHOWN)
      return { items: (await listLossDays(pool, request.params.area, from, to)).map(answer), nextCursor: null }
    })

  app.get('/loss-areas/:area/days/:day', { schema: { ...about(GROUP, 'Every version of a day, the latest first', 'read'), params: AreaParams.extend({ day: DayInput }), response: { 200: LossDayList, ...errors } }, onRequest: read },
    async (request) => ({ items: (await listLossVersions(pool, request.params.area, request.params.day)).map(answer), nextCursor: null }))

  /** Should this fail, the days stand in their table and the night's run finds them. */
  const queueRun = (warn: (about: object, text: string) => void): Promise<unknown> =>
    enqueue('analysis.line-loss', {}, { jobId: `line-loss-${clock.now()}` }).catch((error: Error) => warn({ reason: error.message }, 'line loss: not queued now'))
}

const answer = ({ digest, computedAt, ...day }: LossDay): z.infer<typeof LossDayAnswer> => LossDayAnswer.parse({ ...day, digest: digest.toString('hex'), computedAt: computedAt.toISOString() })

/** @throws HesError BODY_INVALID with the first line that does not fit */
function topologyOf(body: unknown): TopologyRow[] {
  if (typeof body !== 'string') throw new HesError('BODY_INVALID', 'send the file as text/csv', { path: '' })
  const [head = '', ...lines] = body.replace(/^\uFEFF/, '').split(/\r?\n/)
  if (head.trim() !== TOPOLOGY_HEAD.join(',')) throw new HesError('BODY_INVALID', `the first line is ${TOPOLOGY_HEAD.join(',')}`, { path: '1' })
  const rows = lines.flatMap((line, n): TopologyRow[] => {
    if (line.trim() === '') return []
    const [area, meter, role, from, to = '', ...more] = line.split(',').map((field) => field.trim())
    const parsed = TopologyRow.safeParse({ area, meter, role, from, to })
    if (parsed.success && more.length === 0) return [parsed.data]
    const [issue] = parsed.error?.issues ?? []
    throw new HesError('BODY_INVALID', `line ${n + 2}: ${issue ? `${issue.path.join('.')}: ${issue.message}` : 'too many fields'}`, { path: String(n + 2) })
  })
  if (rows.length === 0) throw new HesError('BODY_INVALID', 'the file has no lines', { path: '' })
  return rows
}
