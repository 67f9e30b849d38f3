import { createHash } from 'node:crypto'
import { FORWARD_ACTIVE_TOTAL, HesError, addDays, dayStart, localDay } from '@zhuzhan/core'
import type { Clock } from '@zhuzhan/core'
import { DemandEventAnswer, DemandEventItem, NewDemandEventBody } from '@zhuzhan/contracts'
import { createCalendar } from '@zhuzhan/cost-control'
import { baseline, eventResult } from '@zhuzhan/demand-control'
import type { BaselineDay, DemandEvent as EventSlots } from '@zhuzhan/demand-control'
import { measuredPower } from '@zhuzhan/metering'
import { addDemandEvent, findChargingSite, findDemandEvent, listDemandEvents, listHolidayYears, mainMeters, storedDays, withdrawDemandEvent } from '@zhuzhan/persistence'
import type { DemandEvent } from '@zhuzhan/persistence'
import type { Enqueue } from '@zhuzhan/dispatch'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import type pg from 'pg'
import { z } from 'zod'
import { whoAsks } from '../auth/guard.js'
import type { Guard } from '../auth/guard.js'
import { about, errors } from '../http/route.js'
import { wakeNight } from './night-routes.js'
import { CHARGING, SiteParams } from './site-routes.js'

const EventParams = z.object({ id: z.coerce.number().int().positive() })
const QUARTER_MS = 900_000
/** Like days are looked for so far back. */
const BACK_DAYS = 60

/** Demand response: a load that is to stay so much under its baseline. Nights of the site keep it as their limit, and its appliances are held for it. docs/analytics.md */
export const demandEventRoutes = ({ pool, guard, clock, enqueue }: { pool: pg.Pool; guard: Guard; clock: Clock; enqueue: Enqueue }): FastifyPluginAsyncZod => async (app) => {
  const read = guard.requires('read')
  const change = guard.requires('charging.run')
  const wake = wakeNight({ enqueue, clock, log: app.log })

  app.get('/charging-sites/:site/events', { schema: { ...about(CHARGING, 'Demand response events that were not withdrawn', 'read'), params: SiteParams, response: { 200: z.object({ items: z.array(DemandEventItem), nextCursor: z.null() }), ...errors } }, onRequest: read },
    async (request) => ({ items: (await listDemandEvents(pool, request.params.site)).map(itemOf), nextCursor: null }))

  app.post('/charging-sites/:site/events', {
    schema: { ...about(CHARGING, 'Announce an event; its baseline is computed and kept, nights of the site hold it from their next plan on, and its appliances are held down in a run of its own', 'charging.run'), params: SiteParams, body: NewDemandEventBody, response: { 201: DemandEventItem, ...errors } },
    onRequest: change,
    config: { act: 'demand-event.add' },
  }, async (request, reply) => {
    const { level, subject, reductionKw, appliancesKw, highest, of } = request.body
    const site = await findChargingSite(pool, request.params.site)
    if (!site) throw new HesError('NOT_FOUND', `There is no charging site ${request.params.site}.`)
    const [from, to] = [Date.parse(request.body.from), Date.parse(request.body.to)]
    if (from < clock.now()) throw new HesError('BODY_INVALID', 'An event is announced before it begins.', { path: 'from' })
    const slots = { ...slotsOf(from, to, site.settings.utcOffsetMinutes), reductionKw }
    const others = await listDemandEvents(pool, site.site)
    const days = await likeDays(pool, { level, subject }, slots.date, new Set(others.map((one) => localDay(one.from.getTime(), site.settings.utcOffsetMinutes))))
    const own = { ...slots, kind: days.kindOf(slots.date) }
    const baselineKw = baseline(own, days.days, { highest, of }).map((kw) => Math.round(kw * 1_000) / 1_000)
    const used = days.days.filter(({ kind, event }) => kind === own.kind && event !== true).sort((a, b) => b.date.localeCompare(a.date)).slice(0, of)
    const digest = createHash('sha256').update(JSON.stringify([own, highest, of, used])).digest()
    const added = await addDemandEvent(pool, {
      site: site.site, level, subject, from: new Date(from), to: new Date(to), reductionKw, appliancesKw, highest, of, baselineKw, days: used.map(({ date }) => date), digest,
    }, whoAsks(request).username, new Date(clock.now()))
    if (added.run !== null) await wake(added.run)
    return reply.code(201).send(itemOf(added))
  })

  app.get('/demand-events/:id', { schema: { ...about(CHARGING, 'An event beside what was measured', 'read'), params: EventParams, response: { 200: DemandEventAnswer, ...errors } }, onRequest: read },
    async (request) => {
      const event = await findDemandEvent(pool, request.params.id)
      if (!event) throw new HesError('NOT_FOUND', `There is no event ${request.params.id}.`)
      const offset = (await findChargingSite(pool, event.site))?.settings.utcOffsetMinutes ?? 0
      const slots = { ...slotsOf(event.from.getTime(), event.to.getTime(), offset), kind: '', reductionKw: event.reductionKw }
      const loadKw = (await daysOf(pool, event, slots.date, slots.date)).get(slots.date)?.slice(slots.fromSlot, slots.toSlot) ?? []
      const measured = loadKw.length === event.baselineKw.length && loadKw.every(Number.isFinite)
      return { ...itemOf(event), loadKw: loadKw.map((kw) => (Number.isFinite(kw) ? kw : null)), result: measured ? eventResult(slots, event.baselineKw, loadKw) : null }
    })

  app.post('/demand-events/:id/withdraw', {
    schema: { ...about(CHARGING, 'Withdraw an event that is not over', 'charging.run'), params: EventParams, response: { 200: DemandEventItem, ...errors } }, onRequest: change, config: { act: 'demand-event.withdraw' },
  }, async (request) => {
    const withdrawn = await withdrawDemandEvent(pool, request.params.id, whoAsks(request).username, new Date(clock.now()))
    if (withdrawn.run !== null) await wake(withdrawn.run)
    return itemOf(withdrawn)
  })
}

/** @throws HesError BODY_INVALID for an event that is not made of whole quarter hours of one local day */
function slotsOf(from: number, to: number, offsetMinutes: number): Omit<EventSlots, 'kind' | 'reductionKw'> {
  const date = localDay(from, offsetMinutes)
  const begin = dayStart(date, offsetMinutes)
  if ((from - begin) % QUARTER_MS !== 0 || (to - begin) % QUARTER_MS !== 0 || to <= from || to > begin + 96 * QUARTER_MS) throw new HesError('BODY_INVALID', 'An event is whole quarter hours of one local day.', { path: 'to' })
  return { date, fromSlot: (from - begin) / QUARTER_MS, toSlot: (to - begin) / QUARTER_MS }
}

/** kW by quarter hour of all main meters together, by day; NaN where one of them was not measured. Days that a meter has nothing of are not there. */
async function daysOf(pool: pg.Pool, { level, subject }: Pick<DemandEvent, 'level' | 'subject'>, from: string, to: string): Promise<Map<string, number[]>> {
  const meters = await mainMeters(pool, level, subject)
  if (meters.length === 0) throw new HesError('NOT_FOUND', `There is no ${level} ${subject} with a main meter.`)
  const rows = await storedDays(pool, meters.map(({ id }) => id), FORWARD_ACTIVE_TOTAL, from, to)
  const byDay = new Map<string, Float64Array[]>()
  for (const row of rows) byDay.set(row.day, [...(byDay.get(row.day) ?? []), measuredPower(row, QUARTER_MS)])
  return new Map([...byDay].filter(([, powers]) => powers.length === meters.length).map(([day, powers]) => [day, Array.from({ length: 96 }, (_, slot) => Math.round(powers.reduce((sum, power) => sum + (power[slot] ?? NaN), 0) * 1_000) / 1_000)]))
}

async function likeDays(pool: pg.Pool, of: Pick<DemandEvent, 'level' | 'subject'>, date: string, events: ReadonlySet<string>): Promise<{ days: BaselineDay[]; kindOf(day: string): string }> {
  const calendar = createCalendar(await listHolidayYears(pool))
  const kindOf = (day: string): string => {
    const kind = calendar.kindOf(day)
    if (kind !== 'unknown') return kind
    // Nobody entered the holidays of that year: the day of the week is all that is known.
    const weekday = new Date(`${day}T00:00:00Z`).getUTCDay()
    return weekday === 0 || weekday === 6 ? 'weekend' : 'working'
  }
  const days = await daysOf(pool, of, addDays(date, -BACK_DAYS), addDays(date, -1))
  return { kindOf, days: [...days].map(([day, kw]) => ({ date: day, kind: kindOf(day), kw, event: events.has(day) })) }
}

function itemOf({ digest, from, to, createdAt, withdrawnAt, level, ...event }: DemandEvent): z.output<typeof DemandEventItem> {
  return { ...event, level: level as 'area', digest: digest.toString('hex'), from: from.toISOString(), to: to.toISOString(), createdAt: createdAt.toISOString(), withdrawnAt: withdrawnAt?.toISOString() ?? null }
}
