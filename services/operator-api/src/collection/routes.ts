import { isoWithOffset } from '@zhuzhan/core'
import { GapAnswer, GapQuery, PlanAnswer, PlanPatchBody, pageOf } from '@zhuzhan/contracts'
import { changePlan, listGaps, listPlans } from '@zhuzhan/persistence'
import type { Database } from '@zhuzhan/persistence'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { whoAsks } from '../auth/guard.js'
import type { Guard } from '../auth/guard.js'
import { answerPage, decodeCursor } from '../http/paging.js'
import { about, errors } from '../http/route.js'

const GapKey = z.tuple([z.number().int().min(0).max(0x7fff_ffff), z.string(), z.number().int()])

/** What is read from every meter, and what is known to be missing. */
export const collectionRoutes = ({ database, guard }: { database: Pick<Database, 'pool' | 'prisma'>; guard: Guard }): FastifyPluginAsyncZod => async (app) => {
  app.get('/collection/plans', {
    schema: { ...about('Collection', 'Collection plans', 'read'), response: { 200: z.object({ items: z.array(PlanAnswer), nextCursor: z.null() }), ...errors } },
    onRequest: guard.requires('read'),
  }, async () => ({ items: await listPlans(database.prisma), nextCursor: null }))

  app.patch('/collection/plans/:plan', {
    schema: { ...about('Collection', 'Change a collection plan', 'collection.change'), params: z.object({ plan: z.string().min(1).max(100) }), body: PlanPatchBody, response: { 200: PlanAnswer, ...errors } },
    onRequest: guard.requires('collection.change'),
    config: { act: 'plan.change' },
  }, async (request) => changePlan(database.pool, request.params.plan, request.body, whoAsks(request).username))

  app.get('/collection/gaps', {
    schema: { ...about('Collection', 'Slots known to be missing', 'read'), querystring: GapQuery, response: { 200: pageOf(GapAnswer), ...errors } },
    onRequest: guard.requires('read'),
  }, async (request) => {
    const { cursor, ...filter } = request.query
    const key = decodeCursor(GapKey, cursor)
    const page = await listGaps(database.pool, { ...filter, after: key && { meterId: key[0], plan: key[1], slot: new Date(key[2]) } })
    return answerPage(page, ({ meter, plan, attempts, reason, utcOffsetMinutes, ...gap }) => {
      const time = (at: Date): string => isoWithOffset(at.getTime(), utcOffsetMinutes)
      return { meter, plan, attempts, reason, slot: time(gap.slot), firstSeenAt: time(gap.firstSeenAt), nextTryAt: time(gap.nextTryAt) }
    }, (gap) => [gap.meterId, gap.plan, gap.slot.getTime()])
  })
}
