import { HesError } from '@zhuzhan/core'
import { ChargingBatchAnswer, ChargingLogAnswer, ChargingPageQuery, ChargingPlanAnswer, ChargingResults, ChargingSetPointAnswer, pageOf } from '@zhuzhan/contracts'
import { nightPicture, nightResults, priceAt, reductionOf, siteLimitKw, siteNight } from '@zhuzhan/demand-control'
import type { MeasuredPile } from '@zhuzhan/demand-control'
import { findChargingPlan, listChargingBatches, listChargingLog, listChargingPlans, listChargingReadings, listChargingSetPoints, listChargingVehicles } from '@zhuzhan/persistence'
import type { ChargingNight, ChargingPlanRow, ChargingSetPointRow } from '@zhuzhan/persistence'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import type pg from 'pg'
import { z } from 'zod'
import type { Guard } from '../auth/guard.js'
import { answerPage, decodeCursor } from '../http/paging.js'
import { about, errors } from '../http/route.js'
import { NightParams, nightOf } from './night-routes.js'
import { CHARGING } from './site-routes.js'

const Key = z.tuple([z.number().int().positive()])
const listOf = <T extends z.ZodType>(item: T) => z.object({ items: z.array(item), nextCursor: z.null() })
const PICTURED_SET_POINTS = 20_000
/** What of the loop's state and of its result is shown. */
const Book = z.tuple([z.string(), z.looseObject({ drawsKw: z.number().optional() })])
const LoopSeen = z.looseObject({ baseKw: z.array(z.number()).optional(), planner: z.looseObject({ books: z.array(Book).default([]) }).optional() })
const ResultSeen = z.looseObject({ optimum: z.string().nullable().default(null) })

/** What a night did: its plans, commands, log, result and picture. docs/analytics.md */
export const chargingRecordRoutes = ({ pool, guard }: { pool: pg.Pool; guard: Guard }): FastifyPluginAsyncZod => async (app) => {
  const onRequest = guard.requires('read')

  app.get('/charging-nights/:id/plans', { schema: { ...about(CHARGING, 'Versions of the plan, and why each was made', 'read'), params: NightParams, response: { 200: listOf(ChargingPlanAnswer), ...errors } }, onRequest },
    async (request) => ({ items: (await listChargingPlans(pool, (await nightOf(pool, request.params.id)).id)).map(planAnswer), nextCursor: null }))

  app.get('/charging-nights/:id/plans/:version', { schema: { ...about(CHARGING, 'One version with its powers', 'read'), params: NightParams.extend({ version: z.coerce.number().int().positive() }), response: { 200: ChargingPlanAnswer, ...errors } }, onRequest },
    async (request) => {
      const plan = await findChargingPlan(pool, request.params.id, request.params.version)
      if (!plan) throw new HesError('NOT_FOUND', 'There is no such plan.')
      return { ...planAnswer(plan), kw: plan.kw }
    })

  app.get('/charging-nights/:id/batches', { schema: { ...about(CHARGING, 'Batches and their verdicts', 'read'), params: NightParams, response: { 200: listOf(ChargingBatchAnswer), ...errors } }, onRequest },
    async (request) => ({ items: (await listChargingBatches(pool, (await nightOf(pool, request.params.id)).id)).map(({ from, to, ...batch }) => ({ ...batch, from: from.toISOString(), to: to.toISOString() })), nextCursor: null }))

  app.get('/charging-nights/:id/set-points', { schema: { ...about(CHARGING, 'Every set-point, and the commands that carried it', 'read'), params: NightParams, querystring: ChargingPageQuery, response: { 200: pageOf(ChargingSetPointAnswer), ...errors } }, onRequest },
    async (request) => {
      const { id } = await nightOf(pool, request.params.id)
      const page = await listChargingSetPoints(pool, id, { after: decodeCursor(Key, request.query.cursor)?.[0], limit: request.query.limit })
      return answerPage(page, ({ from, to, ...one }) => ({ ...one, from: from.toISOString(), to: to.toISOString() }), ({ sequence }) => [sequence])
    })

  app.get('/charging-nights/:id/log', { schema: { ...about(CHARGING, 'What the loop did and why, in order', 'read'), params: NightParams, querystring: ChargingPageQuery, response: { 200: pageOf(ChargingLogAnswer), ...errors } }, onRequest },
    async (request) => {
      const { id } = await nightOf(pool, request.params.id)
      const page = await listChargingLog(pool, id, { after: decodeCursor(Key, request.query.cursor)?.[0], limit: request.query.limit })
      return answerPage(page, ({ at, ...one }) => ({ ...one, at: at.toISOString() }), (one) => [one.id])
    })

  app.get('/charging-nights/:id/results', { schema: { ...about(CHARGING, 'kWh by load, cost, optimum and peak, from their own registers; of a run of an event, what the appliances drew less', 'read'), params: NightParams, response: { 200: ChargingResults, ...errors } }, onRequest },
    async (request) => {
      const night = await nightOf(pool, request.params.id)
      const [readings, vehicles] = await Promise.all([measured(pool, night), night.siteWas.event ? [] : listChargingVehicles(pool, night.site, spanOf(night))])
      const results = nightResults(caseOf(night), night.startAt.getTime(), readings)
      const final = night.endedAt !== null
      const wanted = new Map<string, number>()
      for (const { pile, kwh } of vehicles) wanted.set(pile, (wanted.get(pile) ?? 0) + kwh)
      return {
        final, cost: results.cost.toFixed(4), kwh: tenThousandth(results.kwh),
        byPile: night.siteWas.piles.map(({ pile }) => ({ pile, kwh: tenThousandth(results.kwhByPile.get(pile) ?? 0), wantedKwh: tenThousandth(wanted.get(pile) ?? 0) })),
        unservedKwh: final && !night.siteWas.event ? tenThousandth(vehicles.reduce((sum, { kwh, servedKwh }) => sum + Math.max(0, kwh - (servedKwh ?? 0)), 0)) : null,
        optimum: ResultSeen.parse(night.result ?? {}).optimum,
        peakKw: Math.round((results.peak?.kw ?? 0) * 1_000) / 1_000, peakAt: results.peak ? new Date(results.peak.at).toISOString() : null,
        limitKw: siteLimitKw(night.siteWas.settings.transformer),
        reduction: night.siteWas.event ? await reductionAnswer(pool, night, readings) : null,
      }
    })

  app.get('/charging-nights/:id/picture', {
    schema: { ...about(CHARGING, 'A night as SVG: base load, charging, set-points, limit; of a run of an event, the appliances beside what was asked of them', 'read'), params: NightParams, response: { 200: { description: 'SVG', content: { 'image/svg+xml': { schema: z.string() } } }, ...errors } }, onRequest,
  }, async (request, reply) => {
    const night = await nightOf(pool, request.params.id)
    const [readings, { rows }] = await Promise.all([measured(pool, night), listChargingSetPoints(pool, night.id, { limit: PICTURED_SET_POINTS })])
    return reply.type('image/svg+xml; charset=utf-8').send(nightPicture(caseOf(night), powersOf(night, readings, rows), []) as never)
  })
}

const tenThousandth = (kwh: number): number => Math.round(kwh * 10_000) / 10_000
const endOf = ({ startAt, slots, slotMinutes }: ChargingNight): number => startAt.getTime() + slots * slotMinutes * 60_000
const spanOf = (night: ChargingNight): { from: Date; to: Date } => ({ from: night.startAt, to: new Date(endOf(night)) })

/** What each appliance draws when nobody holds it, as the run's planner knows it. */
function drawsOf({ loop }: ChargingNight): Map<string, number> {
  const { planner } = LoopSeen.parse(loop ?? {})
  return new Map((planner?.books ?? []).flatMap(([name, { drawsKw }]) => (drawsKw === undefined ? [] : [[name, drawsKw] as const])))
}

async function reductionAnswer(pool: pg.Pool, night: ChargingNight, readings: readonly MeasuredPile[]): Promise<z.input<typeof ChargingResults>['reduction']> {
  const { event, piles } = night.siteWas
  if (!event) return null
  const draws = drawsOf(night)
  const { meanKw = null, leastKw = null } = reductionOf(event, draws, readings)
  const { rows } = await listChargingSetPoints(pool, night.id, { limit: PICTURED_SET_POINTS })
  const followed = rows.filter(({ state }) => state === 'verified' || state === 'acknowledged')
  const watt = (kw: number | null): number | null => (kw === null ? null : Math.round(kw * 1_000) / 1_000)
  return {
    askedKw: event.askedKw, meanKw: watt(meanKw), leastKw: watt(leastKw),
    byAppliance: piles.map(({ pile, maxWatts }) => ({
      appliance: pile, drawsKw: watt(draws.get(pile) ?? null),
      heldMinutes: Math.round(followed.filter((one) => one.pile === pile && one.watts < maxWatts).reduce((sum, { from, to }) => sum + to.getTime() - from.getTime(), 0) / 6_000) / 10,
    })),
  }
}

/** The appliances of an event's run alone: they are in the base load of their site. The limit is what they are to stay under. */
function runCase(night: ChargingNight): ReturnType<typeof siteNight> {
  const { siteWas: { settings, event, piles }, slots, slotMinutes, startAt } = night
  const starts = Array.from({ length: slots }, (_, slot) => startAt.getTime() + slot * slotMinutes * 60_000)
  const sum = (of: Iterable<number>): number => [...of].reduce((a, b) => a + b, 0)
  const [ratedKw, drawsKw] = [sum(piles.map(({ maxWatts }) => maxWatts)) / 1_000, sum(drawsOf(night).values())]
  return {
    ...siteNight(settings, { startAt: startAt.getTime(), slots, slotMinutes, limits: [] }, starts.map(() => 0), [], []),
    transformer_limit_kw: starts.map((start) => (event && start < event.to ? Math.max(0, drawsKw - event.askedKw) : ratedKw)),
  }
}

/** The night without vehicles; base load as far as the loop knows it. */
function caseOf(night: ChargingNight): ReturnType<typeof siteNight> {
  if (night.siteWas.event) return runCase(night)
  const { siteWas: { settings, limits }, slots, slotMinutes, startAt } = night
  const { baseKw = Array.from({ length: slots }, () => 0) } = LoopSeen.parse(night.loop ?? {})
  const price = Array.from({ length: slots }, (_, slot) => priceAt(settings, startAt.getTime() + slot * slotMinutes * 60_000))
  return { ...siteNight(settings, { startAt: startAt.getTime(), slots, slotMinutes, limits }, baseKw.map(() => 0), [], []), base_kw: baseKw, price_cny_per_kwh: price }
}

/** An appliance's register counts from its first reading on; a pile's begins anew with each vehicle. */
async function measured(pool: pg.Pool, { id, siteWas: { event } }: ChargingNight): Promise<MeasuredPile[]> {
  const readings = (await listChargingReadings(pool, id)).flatMap(({ pile, at, watts, session }) => (watts === null || session === null ? [] : [{ pile, at: at.getTime(), watts, session }]))
  if (!event) return readings
  const first = new Map<string, number>()
  for (const { pile, session } of readings) if (!first.has(pile)) first.set(pile, session)
  return readings.map((one) => ({ ...one, session: one.session - (first.get(one.pile) ?? 0) }))
}

/** Power read back and what the loads are set to, an appliance that nobody holds to its rated power, at every instant at which one of them may have changed; in slots. */
function powersOf(night: ChargingNight, readings: readonly MeasuredPile[], setPoints: readonly ChargingSetPointRow[]): { at: number; setPointsKw: number; powerKw: number }[] {
  const [start, end, slotMs] = [night.startAt.getTime(), endOf(night), night.slotMinutes * 60_000]
  const sent = setPoints.filter(({ tries, state }) => tries > 0 && state !== 'rolled-back' && state !== 'failed').map((one) => ({ ...one, from: one.from.getTime(), to: one.to.getTime() }))
  const together = new Map<number, number>()
  for (const { at, watts } of readings) together.set(at, (together.get(at) ?? 0) + watts)
  const instants = [...new Set([start, ...together.keys(), ...sent.flatMap(({ from, to }) => [from, to])])].filter((at) => at >= start && at < end).sort((a, b) => a - b)
  let power = 0
  return instants.map((at) => {
    power = together.get(at) ?? power
    const held = new Map<string, (typeof sent)[number]>()
    for (const one of sent) if (one.from <= at && at < one.to && one.sequence >= (held.get(one.pile)?.sequence ?? 0)) held.set(one.pile, one)
    return { at: (at - start) / slotMs, powerKw: power / 1_000, setPointsKw: night.siteWas.piles.reduce((sum, { pile, maxWatts }) => sum + (held.get(pile)?.watts ?? (night.siteWas.event ? maxWatts : 0)), 0) / 1_000 }
  })
}

function planAnswer({ version, slot, reason, digest, madeAt }: Omit<ChargingPlanRow, 'kw'>): z.input<typeof ChargingPlanAnswer> {
  return { version, slot, reason, digest: digest.toString('hex'), madeAt: madeAt.toISOString() }
}
