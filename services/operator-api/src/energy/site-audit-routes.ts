import { randomUUID } from 'node:crypto'
import { MEDIA_TYPES } from '@zhuzhan/audit-files'
import type { AuditFormat, AuditRenderer } from '@zhuzhan/audit-files'
import { HesError } from '@zhuzhan/core'
import type { Clock } from '@zhuzhan/core'
import { AuditFileQuery, AuditLevel, AuditRunAnswer, AuditRunList, AuditVersionList, EnergySiteAnswer, EnergySiteBody, EnergySiteList, MonthInput, NewAuditRunBody, SiteIdInput } from '@zhuzhan/contracts'
import type { Enqueue } from '@zhuzhan/dispatch'
import { readSettings } from '@zhuzhan/energy-audit'
import type { SiteAudit } from '@zhuzhan/energy-audit'
import {
  cancelAuditRun, createAuditRun, deleteEnergySite, findAuditRun, findAuditVersion, findEnergySite, listAuditRuns, listAuditVersions, listEnergySites, putEnergySite, unknownMeters,
} from '@zhuzhan/persistence'
import type { AuditLog, AuditRun, EnergySite } from '@zhuzhan/persistence'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import type { FastifyReply } from 'fastify'
import type pg from 'pg'
import { z } from 'zod'
import { whoAsks } from '../auth/guard.js'
import type { Guard } from '../auth/guard.js'
import { about, errors } from '../http/route.js'

export interface SiteAuditDeps {
  pool: pg.Pool
  guard: Guard
  clock: Clock
  enqueue: Enqueue
  audit: AuditLog
  renderer: AuditRenderer
}

const SiteParams = z.object({ site: SiteIdInput })
const RunParams = z.object({ id: z.uuid() })
const SubjectParams = z.object({ level: AuditLevel, subject: z.string().min(1).max(60) })
const RUNS_SHOWN = 100

/** Energy audits of customers, areas and plants: what is audited, runs, and the audits as files. docs/analytics.md */
export const siteAuditRoutes = ({ pool, guard, enqueue, audit, renderer }: SiteAuditDeps): FastifyPluginAsyncZod => async (app) => {
  const read = guard.requires('read')

  app.get('/energy-sites', { schema: { ...about('Energy audits', 'Sites: customers, areas and plants', 'read'), response: { 200: EnergySiteList, ...errors } }, onRequest: read },
    async () => ({ items: (await listEnergySites(pool)).map(({ utcOffsetMinutes: _, ...site }) => ({ ...site, level: AuditLevel.parse(site.level) })), nextCursor: null }))

  app.get('/energy-sites/:site', { schema: { ...about('Energy audits', 'A site with its meters and settings', 'read'), params: SiteParams, response: { 200: EnergySiteAnswer, ...errors } }, onRequest: read },
    async (request) => siteAnswer(await siteOrNotFound(pool, request.params.site)))

  app.post('/energy-sites/:site', {
    schema: { ...about('Energy audits', 'Say what a site is, new or again', 'registry.change'), params: SiteParams, body: EnergySiteBody, response: { 200: EnergySiteAnswer, ...errors } },
    onRequest: guard.requires('registry.change'),
    config: { act: 'energy-site.put' },
  }, async (request) => {
    const { site } = request.params
    const { meters, settings } = request.body
    readSettings(settings)
    await checkTree(pool, meters)
    await putEnergySite(pool, { id: site, ...request.body, changedBy: whoAsks(request).username })
    await audit.append({ actor: whoAsks(request).username, action: 'energy-site.put', object: `energy-site/${site}`, outcome: 'ok' })
    return siteAnswer(await siteOrNotFound(pool, site))
  })

  app.delete('/energy-sites/:site', {
    schema: { ...about('Energy audits', 'Forget a site; its audits stay', 'registry.change'), params: SiteParams, response: { 204: z.null(), ...errors } },
    onRequest: guard.requires('registry.change'),
    config: { act: 'energy-site.delete' },
  }, async (request, reply) => {
    if (!await deleteEnergySite(pool, request.params.site)) throw new HesError('NOT_FOUND', `There is no site ${request.params.site}.`)
    await audit.append({ actor: whoAsks(request).username, action: 'energy-site.delete', object: `energy-site/${request.params.site}`, outcome: 'ok' })
    return reply.code(204).send(null)
  })

  app.post('/energy-audits/runs', {
    schema: { ...about('Energy audits', 'Audit one subject, or every one of a level; watch the run by its id', 'audit.compute'), body: NewAuditRunBody, response: { 202: AuditRunAnswer, ...errors } },
    onRequest: guard.requires('audit.compute'),
    config: { act: 'audit.compute' },
  }, async (request, reply) => {
    const { level, month, subject } = request.body
    const run = await createAuditRun(pool, { id: randomUUID(), level, month, subject: subject ?? null, requestedBy: whoAsks(request).username })
    // Should this fail, the run stands in its table and the worker finds it within two minutes.
    await enqueue('analysis.audit-run', { run: run.id }, { jobId: `audit-run-${run.id}` }).catch((error: Error) => app.log.warn({ run: run.id, reason: error.message }, 'audit run: not queued now'))
    return reply.code(202).send(runAnswer(run))
  })

  app.get('/energy-audits/runs', { schema: { ...about('Energy audits', 'The last runs', 'read'), response: { 200: AuditRunList, ...errors } }, onRequest: read },
    async () => ({ items: (await listAuditRuns(pool, RUNS_SHOWN)).map(runAnswer), nextCursor: null }))

  app.get('/energy-audits/runs/:id', { schema: { ...about('Energy audits', 'How far a run is', 'read'), params: RunParams, response: { 200: AuditRunAnswer, ...errors } }, onRequest: read },
    async (request) => runAnswer(await runOrNotFound(pool, request.params.id)))

  app.post('/energy-audits/runs/:id/cancel', {
    schema: { ...about('Energy audits', 'Stop a run; what it has done stays', 'audit.compute'), params: RunParams, response: { 200: AuditRunAnswer, ...errors } },
    onRequest: guard.requires('audit.compute'),
    config: { act: 'audit.cancel' },
  }, async (request) => {
    const stopped = await cancelAuditRun(pool, request.params.id)
    const run = await runOrNotFound(pool, request.params.id)
    if (!stopped) throw new HesError('STATE_CONFLICT', `The run is ${run.state} already.`)
    return runAnswer(run)
  })

  app.get('/energy-audits/:level/:subject', { schema: { ...about('Energy audits', 'Months and versions there are', 'read'), params: SubjectParams, response: { 200: AuditVersionList, ...errors } }, onRequest: read },
    async (request) => {
      const versions = await listAuditVersions(pool, request.params.level, request.params.subject)
      return { items: versions.map(({ digest, computedAt, ...one }) => ({ ...one, digest: digest.toString('hex'), computedAt: computedAt.toISOString() })), nextCursor: null }
    })

  app.get('/energy-audits/:level/:subject/:month', {
    schema: {
      ...about('Energy audits', 'An audit as page, PDF, workbook, CSV or JSON', 'read'), params: SubjectParams.extend({ month: MonthInput }), querystring: AuditFileQuery,
      response: { 200: { description: 'the file', content: Object.fromEntries(Object.values(MEDIA_TYPES).map((type) => [type.split(';')[0] ?? type, { schema: z.any() }])) }, ...errors },
    },
    onRequest: read,
  }, async (request, reply) => {
    const { level, subject, month } = request.params
    const { format, lang, version } = request.query
    const found = await findAuditVersion(pool, level, subject, month, version)
    if (!found) throw new HesError('NOT_FOUND', `There is no audit of ${subject} for ${month}${version === undefined ? '' : `, version ${version}`}; POST /energy-audits/runs has it computed.`)
    return sendAudit(reply, await renderer.file(found.audit as SiteAudit, format, lang), format, `audit-${level}-${subject}-${month}-v${found.version}`)
  })
}

/** The page is shown, the other forms are saved. */
export function sendAudit(reply: FastifyReply, file: Buffer, format: AuditFormat, name: string): never {
  const safe = name.replace(/[^A-Za-z0-9_.-]/g, '_')
  return reply.type(MEDIA_TYPES[format]).header('content-disposition', `${format === 'html' || format === 'json' ? 'inline' : 'attachment'}; filename="${safe}.${format}"`).send(file as never) as never
}

async function siteOrNotFound(pool: pg.Pool, id: string): Promise<EnergySite> {
  const site = await findEnergySite(pool, id)
  if (!site) throw new HesError('NOT_FOUND', `There is no site ${id}.`)
  return site
}

async function runOrNotFound(pool: pg.Pool, id: string): Promise<AuditRun> {
  const run = await findAuditRun(pool, id)
  if (!run) throw new HesError('NOT_FOUND', `There is no run ${id}.`)
  return run
}

/** Registered meters, each once, at least one main meter, parents among them and no circle. */
async function checkTree(pool: pg.Pool, meters: EnergySiteBody['meters']): Promise<void> {
  const refuse = (text: string): never => { throw new HesError('BODY_INVALID', text) }
  const parents = new Map(meters.map(({ meter, parent }) => [meter, parent]))
  if (parents.size !== meters.length) refuse('A meter is named twice.')
  if (!meters.some(({ role }) => role === 'main')) refuse('A site needs a main meter.')
  for (const { meter, parent, role } of meters) {
    if (role === 'main' && parent !== null) refuse(`${meter} is a main meter and has one in front of it.`)
    if (parent !== null && !parents.has(parent)) refuse(`${parent}, in front of ${meter}, is no meter of the site.`)
    const seen = new Set([meter])
    for (let above = parent; above !== null && above !== undefined; above = parents.get(above) ?? null) {
      if (seen.has(above)) refuse(`The meters in front of ${meter} go in a circle.`)
      seen.add(above)
    }
  }
  const [unknown] = await unknownMeters(pool, [...parents.keys()])
  if (unknown !== undefined) throw new HesError('NOT_FOUND', `No meter ${unknown} is registered.`)
}

function siteAnswer({ changedAt, level, meters, ...site }: EnergySite): z.input<typeof EnergySiteAnswer> {
  return { ...site, level: AuditLevel.parse(level), meters: [...meters], changedAt: changedAt.toISOString() }
}

function runAnswer({ createdAt, endedAt, level, state, errors: failures, ...run }: AuditRun): z.input<typeof AuditRunAnswer> {
  return { ...run, level: AuditLevel.parse(level), state: AuditRunAnswer.shape.state.parse(state), errors: [...failures], createdAt: createdAt.toISOString(), endedAt: endedAt?.toISOString() ?? null }
}
