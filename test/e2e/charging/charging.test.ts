/** Orderly charging in closed loop, run by the station itself on the virtual fleet: one night at compressed time, the gateway killed in the middle, analytics once. */
import { setTimeout as sleep } from 'node:timers/promises'
import { planCharging, readCase } from '@zhuzhan/energy-models'
import { createLpSolver } from '@zhuzhan/lp-solver'
import { until } from '../wait.js'
import { METERS, SLOT_MS, keepGatewayDead, kill, startDrillStation } from './drill-station.js'
import type { DrillStation } from './drill-station.js'

/** Everybody wants a fifteenth of the energy, as the slots are a fifteenth of a quarter hour: powers and prices are those of a real night. */
const SLOTS = 12
const SAFE_WATTS = 1_400
/** In slots. The set-points of slot 5 are with the piles when the gateway dies, those of slot 6 are not, and end before it is back. */
const OUTAGE = { from: 4.9, to: 7 }
/** Just before slot 4 is planned. */
const ANALYTICS_DIES = 2.98
const PRICES = [{ slot: 0, price: 1.2025 }, { slot: 3, price: 0.26 }, { slot: 11, price: 0.65 }]

const night = readCase({
  slot_minutes: 1, slots: SLOTS, base_kw: Array.from({ length: SLOTS }, () => 20), transformer_limit_kw: 45,
  price_cny_per_kwh: Array.from({ length: SLOTS }, (_, slot) => PRICES.filter((one) => one.slot <= slot).at(-1)?.price),
  evs: [3.5, 3, 3.25, 2.75, 3, 2.5].map((energy, index) => ({ pile: `P${index + 1}`, plug_slot: index % 3, depart_slot: 11 + (index % 2), energy_kwh: Math.round(energy / 15 * 10_000) / 10_000, max_kw: 7, min_kw: 1.4 })),
})

interface Seen { watts: number; deliveredKwh: number[]; trace: { from: number; to: number; watts: number }[] }
interface SetPoint { id: string; pile: string; from: string; state: string; tries: number; commands: { command: string; whyNot: string | null }[] }
interface Item { at: string; event: string; text: string }

// Seen failing: cost, when the plan leaves no room for safe powers and the outage is in a valley that is full.
describe('a night of orderly charging', () => {
  let drill: DrillStation
  const solver = createLpSolver()

  beforeAll(async () => {
    drill = await startDrillStation(METERS[5] as string)
  }, 300_000)
  afterAll(async () => {
    await solver.stop()
    await drill?.stop()
  }, 60_000)

  test('no instant over the limit by the piles\' own meters, nothing unserved, cost within 1 % of the optimum, safe power while the gateway is dead, nothing sent twice, and the log says so', async () => {
    const { station, fleet, dispatcher } = drill
    const meters = new Map(night.evs.map(({ pile }, index) => [pile, METERS[index] as string]))
    // A whole minute, since the tariff is by minutes, and behind the lead of the first batch.
    const startAt = Math.ceil((Date.now() + 75_000) / 60_000) * 60_000
    const wall = (slot: number): number => startAt + slot * SLOT_MS
    const iso = (slot: number): string => new Date(wall(slot)).toISOString()
    const tariff = PRICES.map(({ slot, price }) => ({ from: iso(slot).slice(11, 16), cnyPerKwh: price })).sort((a, b) => (a.from < b.from ? -1 : 1))
    for (const { pile, plug_slot, depart_slot, energy_kwh, max_kw, min_kw } of night.evs) {
      const vehicle = { from: wall(plug_slot), to: wall(depart_slot), kwh: energy_kwh, maxKw: max_kw, minKw: min_kw }
      await fleet.ask('pile-night', { address: meters.get(pile), safeWatts: SAFE_WATTS, speed: 1, vehicles: [vehicle] })
    }
    const site = {
      name: 'Car park of the drill', piles: [...meters].map(([pile, meter]) => ({ pile, meter, maxWatts: 7_000 })),
      settings: {
        utcOffsetMinutes: 0, slotMinutes: 1, transformer: { kva: 50, loadFactor: 1, powerFactor: 0.9 }, tariff, base: { kw: 20 }, safeWatts: SAFE_WATTS,
        loop: { stepSeconds: 2, intervalSeconds: 20, repeatSeconds: 16, rampShare: 0.5 },
      },
    }
    expect(await station.rest.call('PUT', '/api/v1/charging-sites/drill', site)).toMatchObject({ status: 200, body: { limitKw: 45 } })
    const vehicles = night.evs.map(({ pile, plug_slot, depart_slot, energy_kwh }) => ({ pile, plugAt: iso(plug_slot), departAt: iso(depart_slot), kwh: energy_kwh }))
    expect((await dispatcher.call('POST', '/api/v1/charging-sites/drill/vehicles', { vehicles })).status).toBe(201)
    const started = await dispatcher.call('POST', '/api/v1/charging-sites/drill/nights', { startAt: new Date(startAt).toISOString(), slots: SLOTS })
    expect(started).toMatchObject({ status: 201 })
    const path = `/api/v1/charging-nights/${started.body.id}`

    let kills = 0
    const killer = (async () => {
      await sleep(wall(ANALYTICS_DIES) - Date.now())
      if (kill(station, 'analytics')) kills++
      await sleep(wall(OUTAGE.from) - Date.now())
      kills += await keepGatewayDead(station, wall(OUTAGE.to))
    })()
    await until('the end of the night', (wall(SLOTS) - Date.now()) / 1_000 + 90, async () => (await dispatcher.call('GET', path)).body.state === 'done' || undefined)
    await killer
    const seen = await Promise.all(night.evs.map(async ({ pile }) => fleet.ask<Seen>('pile', { address: meters.get(pile) })))

    const costOf = ({ trace }: Seen): number => trace.reduce((sum, { from, to, watts }) => {
      const slotOf = (at: number): number => (at - startAt) / SLOT_MS
      let cost = 0
      for (let slot = Math.max(0, Math.floor(slotOf(from))); slot < Math.min(SLOTS, slotOf(to)); slot++) {
        cost += (Math.min(slotOf(to), slot + 1) - Math.max(slotOf(from), slot)) / 60 * watts / 1_000 * (night.price_cny_per_kwh[slot] as number)
      }
      return sum + cost
    }, 0)
    const cost = seen.reduce((sum, one) => sum + costOf(one), 0)
    const optimum = await planCharging(night, solver.solve)
    const wattsAt = (at: number): number[] => seen.map(({ trace }) => trace.find(({ from, to }) => from <= at && at < to)?.watts ?? 0)
    const instants = [...new Set(seen.flatMap(({ trace }) => trace.map(({ from }) => from)))]
    const highest = Math.max(...instants.map((at) => wattsAt(at).reduce((a, b) => a + b, 0)))
    const unserved = night.evs.reduce((sum, { energy_kwh }, index) => sum + energy_kwh - (seen[index]?.deliveredKwh[0] ?? 0), 0)
    const inSlot = (slot: number): number[] => wattsAt(wall(slot))
    const [{ body: summary }, { body: results }, log, setPoints] = await Promise.all([dispatcher.call('GET', path), dispatcher.call('GET', `${path}/results`), dispatcher.all(`${path}/log`) as Promise<Item[]>, dispatcher.all(`${path}/set-points`) as Promise<SetPoint[]>])
    process.stdout.write(`${JSON.stringify({ cost, optimum: optimum.cost, highest, unserved, kills, before: inSlot(4.8), during: inSlot(6.3), setPoints: summary.setPoints, steps: summary.steps, results })}\n`)
    if (process.env['CHARGING_LOG']) for (const { at, event, text } of log) process.stdout.write(`${((Date.parse(at) - startAt) / SLOT_MS).toFixed(2)} ${event} ${text}\n`)

    expect(kills).toBeGreaterThan(1)
    expect(highest).toBeLessThanOrEqual(25_000)
    expect(unserved).toBeLessThan(1e-5)
    expect(cost).toBeLessThanOrEqual(Number(optimum.cost) * 1.01)
    // Before it dies more flows than is safe; when its last set-points have ended, nothing over it.
    expect(Math.max(...inSlot(4.8))).toBeGreaterThan(SAFE_WATTS)
    expect(Math.max(...inSlot(6.3))).toBe(SAFE_WATTS)
    const texts = log.map(({ text }) => text)
    expect(texts).toContain('no pile could be read')
    expect(texts).toContainEqual(expect.stringMatching(/expired in state sent; the pile is at its own limit/))
    expect(texts).toContainEqual(expect.stringMatching(/under 90 %: planned anew/))
    // The loop is back after its own death, and after the outage: what it said then was confirmed by the piles and read back.
    for (const slot of [4, 8]) expect(setPoints.some(({ from, state }) => Date.parse(from) >= wall(slot) && Date.parse(from) < wall(slot + 1) && state === 'verified')).toBe(true)
    // A set-point went out again only where its command before had no effect, or nobody knows which.
    for (const { commands } of setPoints) {
      for (const { command, whyNot } of commands.slice(0, -1)) {
        if (whyNot === null) expect(['unknown', 'expired', 'refused', 'rejected', 'verified']).toContain((await dispatcher.call('GET', `/api/v1/commands/${command}`)).body.state)
      }
    }
    // What the station says of the night is what the piles' own meters say.
    expect(Math.abs(Number(results.cost) - cost)).toBeLessThan(0.03 * cost)
    expect(results).toMatchObject({ final: true, optimum: optimum.cost })
    const picture = await dispatcher.call('GET', `${path}/picture`)
    expect(picture.status).toBe(200)
  }, 1_200_000)
})
