import { HesError } from '@zhuzhan/core'
import { AddressInput, ThresholdList, ThresholdsAnswer, ThresholdsBody } from '@zhuzhan/contracts'
import { TARIFF_CLASSES, Thresholds, thresholdsOf } from '@zhuzhan/metering'
import { deleteThresholds, listThresholds, putThresholds } from '@zhuzhan/persistence'
import type { AuditLog, ThresholdRow } from '@zhuzhan/persistence'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import type pg from 'pg'
import { z } from 'zod'
import { whoAsks } from '../auth/guard.js'
import type { Guard } from '../auth/guard.js'
import { about, errors } from '../http/route.js'
import { meterOrNotFound } from '../registry/answers.js'

const ScopeParams = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('class'), of: z.enum(TARIFF_CLASSES) }),
  z.object({ kind: z.literal('meter'), of: AddressInput }),
])
// Every threshold for itself: what is stored here is merged with the defaults by analytics, which must never meet one it cannot use.
const Own = Thresholds.partial()
const MEANINGS = Object.fromEntries(Object.entries(Thresholds.shape).map(([name, schema]) => [name, (schema as z.ZodType).description ?? '']))

/** Thresholds of the checks of validation, by tariff class and by meter. docs/analytics.md */
export const thresholdRoutes = ({ pool, guard, audit }: { pool: pg.Pool; guard: Guard; audit: AuditLog }): FastifyPluginAsyncZod => async (app) => {
  app.get('/energy/thresholds', {
    schema: { ...about('Energy', 'Thresholds of the checks of validation: what differs, the defaults, what each means', 'read'), response: { 200: ThresholdList, ...errors } },
    onRequest: guard.requires('read'),
  }, async () => {
    const rows = await listThresholds(pool)
    const own = (scope: string): unknown[] => rows.filter((row) => row.scope === scope).map((row) => row.thresholds)
    return { items: rows.map(answerOf), classes: Object.fromEntries(TARIFF_CLASSES.map((one) => [one, thresholdsOf(one, ...own(`class/${one}`))])), meanings: MEANINGS, nextCursor: null }
  })

  app.post('/energy/thresholds/:kind/:of', {
    schema: { ...about('Energy', 'Set the thresholds of a tariff class or a meter; days computed from now on have them, the last two days within the hour', 'readings.edit'), params: ScopeParams, body: ThresholdsBody, response: { 200: ThresholdsAnswer, ...errors } },
    onRequest: guard.requires('readings.edit'),
    config: { act: 'thresholds.set' },
  }, async (request) => {
    const { kind, of } = request.params
    const { reason } = request.body
    const parsed = Own.safeParse(request.body.thresholds)
    if (!parsed.success) throw new HesError('BODY_INVALID', parsed.error.issues.map(({ path, message }) => `${path.join('.')} ${message}`.trim()).join('; '), { path: 'thresholds' })
    if (kind === 'meter') await meterOrNotFound(pool, of)
    const who = whoAsks(request).username
    const scope = `${kind}/${of}`
    const before = await putThresholds(pool, { scope, thresholds: parsed.data, who })
    await audit.append({ actor: who, action: 'thresholds.set', object: `thresholds/${scope}`, outcome: 'ok', reason, detail: { before: before ?? null, after: parsed.data } })
    return answerOf((await listThresholds(pool)).find((row) => row.scope === scope) ?? { scope, thresholds: parsed.data, who, at: new Date() })
  })

  app.delete('/energy/thresholds/:kind/:of', {
    schema: { ...about('Energy', 'Go back to the defaults', 'readings.edit'), params: ScopeParams, response: { 204: z.null(), ...errors } },
    onRequest: guard.requires('readings.edit'),
    config: { act: 'thresholds.delete' },
  }, async (request, reply) => {
    const scope = `${request.params.kind}/${request.params.of}`
    const before = await deleteThresholds(pool, scope)
    if (!before) throw new HesError('NOT_FOUND', `${scope} has the defaults already.`)
    await audit.append({ actor: whoAsks(request).username, action: 'thresholds.delete', object: `thresholds/${scope}`, outcome: 'ok', detail: { before } })
    return reply.code(204).send(null)
  })
}

function answerOf({ scope, thresholds, who, at }: ThresholdRow): z.infer<typeof ThresholdsAnswer> {
  return { scope, thresholds: thresholds as Record<string, number | null>, who, at: at.toISOString() }
}
