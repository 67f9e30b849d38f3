import { DAY_MS, HesError } from '@zhuzhan/core'
import type { Clock } from '@zhuzhan/core'
import { ChargingNightAnswer, ChargingNightItem, ChargingNightQuery, ChargingWhyBody, NewChargingNightBody, pageOf } from '@zhuzhan/contracts'
import type { ChargingSiteSettings } from '@zhuzhan/contracts'
import { leadOf } from '@zhuzhan/demand-control'
import { chargingSetPointCounts, findChargingNight, findChargingSite, instructChargingNight, listChargingBatches, listChargingNights, listChargingPlans, startChargingNight } from '@zhuzhan/persistence'
import type { ChargingNight, InstructionKind } from '@zhuzhan/persistence'
import type { Enqueue } from '@zhuzhan/dispatch'
import type { FastifyBaseLogger } from 'fastify'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import type pg from 'pg'
import { z } from 'zod'
import { whoAsks } from '../auth/guard.js'
import type { Guard } from '../auth/guard.js'
import type { Right } from '../auth/rights.js'
import { answerPage, decodeCursor } from '../http/paging.js'
import { about, errors } from '../http/route.js'
import { CHARGING, SiteParams } from './site-routes.js'

export const NightParams = z.object({ id: z.coerce.number().int().positive() })
const BatchParams = NightParams.extend({ batch: z.string().regex(/^[a-z0-9.]{1,40}$/) })
const Taken = z.object({ state: z.literal('accepted').describe('The loop takes it up at its next step') })
const Key = z.tuple([z.number().int().positive()])

const SAYS: readonly { kind: 'abort' | 'resume' | 'cancel'; says: string }[] = [
  { kind: 'abort', says: 'Give the plan up: earlier set-points are restored, newest first, and nothing is planned until somebody resumes' },
  { kind: 'resume', says: 'Plan again after an abort' },
  { kind: 'cancel', says: 'End the night: as an abort, and no plan comes after it' },
]
const DECISIONS: readonly { kind: 'approve' | 'reject'; says: string; right: Right }[] = [
  { kind: 'approve', says: 'Let a batch go out; its worst case must keep the limit, and who started the night cannot', right: 'command.decide' },
  { kind: 'reject', says: 'Do not let a batch go out; the night is planned anew', right: 'command.decide' },
]

/** A night that nobody wakes is found by the schedule. */
export const wakeNight = ({ enqueue, clock, log }: { enqueue: Enqueue; clock: Clock; log: FastifyBaseLogger }) => (night: number): Promise<unknown> =>
  enqueue('charging.step', { night }, { jobId: `charging-${night}-${clock.now()}` }).catch((error: Error) => log.warn({ reason: error.message }, 'charging: not queued now'))

/** Nights of orderly charging: started by people, run by analytics. docs/analytics.md */
export const chargingNightRoutes = ({ pool, guard, clock, enqueue }: { pool: pg.Pool; guard: Guard; clock: Clock; enqueue: Enqueue }): FastifyPluginAsyncZod => async (app) => {
  const read = guard.requires('read')
  const run = guard.requires('charging.run')
  const answer = async (id: number): Promise<z.input<typeof ChargingNightAnswer>> => {
    const night = await nightOf(pool, id)
    const [setPoints, plans, batches] = await Promise.all([chargingSetPointCounts(pool, id), listChargingPlans(pool, id), listChargingBatches(pool, id)])
    const { aborted } = LoopSeen.parse(night.loop ?? {})
    return { ...nightItem(night), steps: night.revision, aborted, setPoints, plans: plans.length, batchesWaiting: batches.filter(({ state }) => state === 'planned').map(({ batch }) => batch) }
  }
  const wake = wakeNight({ enqueue, clock, log: app.log })

  app.post('/charging-sites/:site/nights', {
    schema: { ...about(CHARGING, 'Start a night; one at a time at a site', 'charging.run'), params: SiteParams, body: NewChargingNightBody, response: { 201: ChargingNightAnswer, ...errors } },
    onRequest: run,
    config: { act: 'charging-night.start' },
  }, async (request, reply) => {
    const { site } = request.params
    const { startAt, slots, limits } = request.body
    const found = await findChargingSite(pool, site)
    if (!found) throw new HesError('NOT_FOUND', `There is no charging site ${site}.`)
    const [now, start] = [clock.now(), Date.parse(startAt)]
    const soonest = now + leadMs(found.settings)
    if (start < soonest) throw new HesError('BODY_INVALID', `The first slot begins ${new Date(soonest).toISOString()} at the soonest: ramps and repeats come before it.`, { path: 'startAt' })
    if (start > now + AHEAD_MS) throw new HesError('BODY_INVALID', 'A night is started a week ahead at most.', { path: 'startAt' })
    const id = await startChargingNight(pool, { site, startAt: new Date(start), slots, limits: limits.map(({ from, to, kw }) => ({ from: Date.parse(from), to: Date.parse(to), kw })) }, whoAsks(request).username, new Date(now))
    await wake(id)
    return reply.code(201).send(await answer(id))
  })

  app.get('/charging-sites/:site/nights', {
    schema: { ...about(CHARGING, 'Nights of a site, the last first', 'read'), params: SiteParams, querystring: ChargingNightQuery, response: { 200: pageOf(ChargingNightItem), ...errors } }, onRequest: read,
  }, async (request) => {
    const { limit, cursor } = request.query
    return answerPage(await listChargingNights(pool, request.params.site, { before: decodeCursor(Key, cursor)?.[0], limit }), nightItem, ({ id }) => [id])
  })

  app.get('/charging-nights/:id', { schema: { ...about(CHARGING, 'How a night stands', 'read'), params: NightParams, response: { 200: ChargingNightAnswer, ...errors } }, onRequest: read }, async (request) => answer(request.params.id))

  const instruct = async (id: number, kind: InstructionKind, who: string, { why, batch }: { why?: string | undefined; batch?: string }): Promise<{ state: 'accepted' }> => {
    await instructChargingNight(pool, id, { kind, who, why, batch }, new Date(clock.now()))
    await wake(id)
    return { state: 'accepted' }
  }
  for (const { kind, says } of SAYS) {
    app.post(`/charging-nights/:id/${kind}`, { schema: { ...about(CHARGING, says, 'charging.run'), params: NightParams, body: ChargingWhyBody, response: { 202: Taken, ...errors } }, onRequest: run, config: { act: `charging-night.${kind}` } },
      async (request, reply) => reply.code(202).send(await instruct(request.params.id, kind, whoAsks(request).username, request.body)))
  }
  for (const { kind, says, right } of DECISIONS) {
    app.post(`/charging-nights/:id/batches/:batch/${kind}`, {
      schema: { ...about(CHARGING, says, right), params: BatchParams, body: ChargingWhyBody, response: { 202: Taken, ...errors } }, onRequest: guard.requires(right), config: { act: `charging-night.${kind}` },
    }, async (request, reply) => reply.code(202).send(await instruct(request.params.id, kind, whoAsks(request).username, { ...request.body, batch: request.params.batch })))
  }
}

const AHEAD_MS = 7 * DAY_MS
/** What of the loop's state is shown. */
const LoopSeen = z.looseObject({ aborted: z.boolean().default(false) })

function leadMs({ loop: { stepSeconds, repeatSeconds, rampShare } }: ChargingSiteSettings): number {
  return leadOf({ stepMs: stepSeconds * 1_000, repeatMs: repeatSeconds * 1_000, rampShare })
}

/** @throws HesError NOT_FOUND */
export async function nightOf(pool: pg.Pool, id: number): Promise<ChargingNight> {
  const night = await findChargingNight(pool, id)
  if (!night) throw new HesError('NOT_FOUND', `There is no night ${id}.`)
  return night
}

function nightItem({ id, site, event, state, startAt, slots, slotMinutes, startedBy, startedAt, endedBy, why, endedAt }: ChargingNight): z.input<typeof ChargingNightItem> {
  const end = new Date(startAt.getTime() + slots * slotMinutes * 60_000)
  return { id, site, event, state, startAt: startAt.toISOString(), endAt: end.toISOString(), slots, slotMinutes, startedBy, startedAt: startedAt.toISOString(), endedBy, why, endedAt: endedAt?.toISOString() ?? null }
}
