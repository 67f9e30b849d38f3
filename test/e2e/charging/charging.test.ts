/** Orderly charging in closed loop on the real station and the virtual fleet, one night at compressed time, the gateway killed in the middle. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { LOOP_DEFAULTS, createChargingControl, createNightPlanner, runNight } from '@zhuzhan/demand-control'
import type { LoopSettings } from '@zhuzhan/demand-control'
import { planCharging, readCase } from '@zhuzhan/energy-models'
import { connectControl, fleetRegistry } from '@zhuzhan/fleet'
import type { ControlClient } from '@zhuzhan/fleet'
import { createLpSolver } from '@zhuzhan/lp-solver'
import { startStation } from '@zhuzhan/testing'
import type { TestStation } from '@zhuzhan/testing'
import { until } from '../wait.js'
import { createStationPiles } from './station-piles.js'

const SPEED = 20
const SLOTS = 12
const SLOT_MS = 900_000
const SAFE_WATTS = 1_400
/** In slots. The set-points of slot 5 are with the piles when the gateway dies, those of slot 6 are not. */
const OUTAGE = { from: 4.9, to: 6.5 }

const night = readCase({
  slot_minutes: 15, slots: SLOTS, base_kw: Array.from({ length: SLOTS }, () => 20), transformer_limit_kw: 45,
  price_cny_per_kwh: Array.from({ length: SLOTS }, (_, slot) => (slot < 3 ? 1.2025 : slot < 11 ? 0.26 : 0.65)),
  evs: [3.5, 3, 3.25, 2.75, 3, 2.5].map((energy, index) => ({ pile: `P${index + 1}`, plug_slot: index % 3, depart_slot: 11 + (index % 2), energy_kwh: energy, max_kw: 7, min_kw: 1.4 })),
})
const METERS = fleetRegistry({ terminals: 1, meters: 10, profile: 'mixed' })[0]!.meters

interface Seen { watts: number; deliveredKwh: number[]; trace: { from: number; to: number; watts: number }[] }

// Seen failing: cost, when the plan leaves no room for safe powers and the outage is in a valley that is full.
// Eleven minutes: what the loop itself does is tested at packages/demand-control, what goes over the wire at the services
const drill = process.env.ZHUZHAN_TEST_LONG === '1' ? describe : describe.skip

drill('a night of orderly charging', () => {
  let station: TestStation
  let fleet: ControlClient
  const solver = createLpSolver()
  const secret = (name: string) => ({ password: `${name}-of-the-test` })

  beforeAll(async () => {
    station = await startStation({ ZHUZHAN_DEMO_TERMINALS: '1' })
    const { fleetControl } = JSON.parse(readFileSync(join(station.dataDir, 'run/supervisor.json'), 'utf8')) as { fleetControl: string }
    const [host, port] = fleetControl.split(':') as [string, string]
    fleet = await connectControl(host, Number(port))
    for (const role of ['dispatcher', 'approver']) expect((await station.rest.call('POST', '/api/v1/users', { username: role, ...secret(role), roles: [role] })).status).toBe(201)
    await until('the meters', 60, async () => (await station.rest.call('GET', `/api/v1/meters/${METERS[5]}`)).body.online || undefined)
  }, 300_000)
  afterAll(async () => {
    fleet?.close()
    await solver.stop()
    await station?.stop()
  }, 60_000)

  test('no instant over the limit by the piles\' own meters, nothing unserved, cost within 1 % of the optimum, safe power while the gateway is dead, and the log says so', async () => {
    const meters = new Map(night.evs.map(({ pile }, index) => [pile, METERS[index] as string]))
    const startAt = Date.UTC(2026, 0, 5, 12)
    // The night begins when the lead of its first batch has passed.
    const wallStart = Date.now() + 60_000
    const wall = (at: number): number => wallStart + (at - startAt) / SPEED
    const clock = (): number => startAt + (Date.now() - wallStart) * SPEED
    for (const { pile, plug_slot, depart_slot, energy_kwh, max_kw, min_kw } of night.evs) {
      const vehicle = { from: wall(startAt + plug_slot * SLOT_MS), to: wall(startAt + depart_slot * SLOT_MS), kwh: energy_kwh, maxKw: max_kw, minKw: min_kw }
      await fleet.ask('pile-night', { address: meters.get(pile), safeWatts: SAFE_WATTS, speed: SPEED, vehicles: [vehicle] })
    }
    const settings: LoopSettings = {
      ...LOOP_DEFAULTS, areaKw: 45, roomKw: () => 25, safeKw: new Map(night.evs.map(({ pile }) => [pile, SAFE_WATTS / 1_000])),
      rampShare: 0.5, stepMs: 30_000, intervalMs: 300_000, repeatMs: 240_000,
    }
    const control = createChargingControl(settings)
    const piles = createStationPiles({
      dispatcher: { rest: station.rest.as('dispatcher', secret('dispatcher').password), ...secret('dispatcher') },
      approver: { rest: station.rest.as('approver', secret('approver').password), username: 'approver', ...secret('approver') },
      meters, wall,
    })

    let kills = 0
    let killed: number | undefined
    const killer = (async () => {
      await sleep(wall(startAt + OUTAGE.from * SLOT_MS) - Date.now())
      // However often the supervisor starts it again.
      for (; Date.now() < wall(startAt + OUTAGE.to * SLOT_MS); await sleep(100)) {
        const pid = station.pidOf('gateway-type1')
        if (pid === undefined || pid === killed) continue
        killed = pid
        try { station.signal('gateway-type1', 'SIGKILL'); kills++ } catch { /* it was between two */ }
      }
    })()
    await runNight({
      night, startAt, settings, control, piles, plan: createNightPlanner(night, solver.solve, { marginKw: SAFE_WATTS / 1_000 * night.evs.length }), clock,
      advance: async (to) => { await sleep(Math.max(0, wall(to) - Date.now())) },
    })
    await killer
    const seen = await Promise.all(night.evs.map(async ({ pile }) => fleet.ask<Seen>('pile', { address: meters.get(pile) })))

    const costOf = ({ trace }: Seen): number => trace.reduce((sum, { from, to, watts }) => {
      const slotOf = (at: number): number => (at - wallStart) * SPEED / SLOT_MS
      let cost = 0
      for (let slot = Math.max(0, Math.floor(slotOf(from))); slot < Math.min(SLOTS, slotOf(to)); slot++) {
        cost += (Math.min(slotOf(to), slot + 1) - Math.max(slotOf(from), slot)) / 4 * watts / 1_000 * (night.price_cny_per_kwh[slot] as number)
      }
      return sum + cost
    }, 0)
    const cost = seen.reduce((sum, one) => sum + costOf(one), 0)
    const optimum = await planCharging(night, solver.solve)
    const wattsAt = (at: number): number[] => seen.map(({ trace }) => trace.find(({ from, to }) => from <= at && at < to)?.watts ?? 0)
    const instants = [...new Set(seen.flatMap(({ trace }) => trace.map(({ from }) => from)))]
    const highest = Math.max(...instants.map((at) => wattsAt(at).reduce((a, b) => a + b, 0)))
    const unserved = night.evs.reduce((sum, { energy_kwh }, index) => sum + energy_kwh - (seen[index]?.deliveredKwh[0] ?? 0), 0)
    const texts = control.log.entries.map(({ text }) => text)
    const inSlot = (slot: number): number[] => wattsAt(wall(startAt + slot * SLOT_MS))
    process.stdout.write(`${JSON.stringify({ cost, optimum: optimum.cost, highest, unserved, kills, before: inSlot(4.8), during: inSlot(6.3), counts: control.counts, batches: control.batches.length })}\n`)
    if (process.env['CHARGING_LOG']) for (const { at, event, text } of control.log.entries) process.stdout.write(`${((at - startAt) / SLOT_MS).toFixed(2)} ${event} ${text}\n`)

    expect(kills).toBeGreaterThan(0)
    expect(highest).toBeLessThanOrEqual(25_000)
    expect(unserved).toBeLessThan(1e-5)
    expect(cost).toBeLessThanOrEqual(Number(optimum.cost) * 1.01)
    // Before it dies more flows than is safe; when its last set-points have ended, nothing over it.
    expect(Math.max(...inSlot(4.8))).toBeGreaterThan(SAFE_WATTS)
    expect(Math.max(...inSlot(6.3))).toBe(SAFE_WATTS)
    expect(texts).toContain('no pile could be read')
    expect(texts).toContainEqual(expect.stringMatching(/sent again with the same id, try 2: no acknowledgement/))
    expect(texts).toContainEqual(expect.stringMatching(/under 90 %: planned anew/))
    // The loop is back: what it said after the outage was confirmed by the piles and read back.
    expect(control.batches.some(({ slot, commands }) => slot.start >= startAt + 7 * SLOT_MS && commands.some(({ state }) => state === 'verified'))).toBe(true)
  }, 900_000)
})
