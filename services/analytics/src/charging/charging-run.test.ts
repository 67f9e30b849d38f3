import { HesError, manualClock, seededWords } from '@zhuzhan/core'
import { createLpSolver } from '@zhuzhan/lp-solver'
import { addChargingVehicles, addDemandEvent, changeChargingVehicle, findChargingNight, instructChargingNight, listChargingBatches, listChargingLog, listChargingPlans, listChargingSetPoints, listChargingVehicles } from '@zhuzhan/persistence'
import type { ChargingSetPointRow } from '@zhuzhan/persistence'
import { withPostgres } from '@zhuzhan/testing'
import { Killed, SAFE_WATTS, SITE, SLOT_MS, START, chargingNight, dispatchOf, killablePool, pilesOfStation } from '../fixtures/charging-station.js'
import type { Car } from '../fixtures/charging-station.js'
import { addMeter, addTerminal, address, emptyStation, silentLog, testDatabase } from '../fixtures/station.js'
import { createChargingRun } from './charging-run.js'
import type { ChargingRun } from './charging-run.js'
import type { SetPointDispatch } from './sendings.js'

const db = withPostgres()
const database = testDatabase(() => db.url)
const solver = createLpSolver()
afterAll(() => solver.stop())
const STEP_MS = 60_000
const ROOM_WATTS = 16_000
const CARS: readonly Car[] = [{ pile: 1, plug: 0, depart: 5, kwh: 2.5 }, { pile: 2, plug: 1, depart: 6, kwh: 3 }, { pile: 3, plug: 0, depart: 6, kwh: 3.5 }]
const signal = new AbortController().signal

beforeEach(async () => {
  await emptyStation(database())
  await database().pool.query('TRUNCATE charging_site, command, charging_log RESTART IDENTITY CASCADE')
  await addTerminal(database())
  for (const n of [1, 2, 3]) await addMeter(database(), address(n))
}, 60_000)

interface Options {
  cars?: readonly Car[]
  slots?: number
  settings?: object
  dispatch?: SetPointDispatch
  fate?: Parameters<typeof pilesOfStation>[2] extends { fate?: infer F } | undefined ? F : never
  /** Whether the process dies here. */
  strike?: (statement: string, when: 'before' | 'after') => boolean
  at?: (minute: number, night: number) => Promise<void>
  until?: number
  /** Steps of one night at the same moment, as two processes would do. */
  processes?: number
}

/** A whole night in the steps of its loop; a process that died is started anew before the next step. */
async function runNight({ cars = CARS, slots = 6, settings, dispatch, fate, strike = () => false, at, processes = 1, until = START + slots * SLOT_MS + 8 * STEP_MS }: Options = {}) {
  const night = await chargingNight(database(), { cars, slots, ...(settings && { settings }) })
  const world = pilesOfStation(database(), cars, fate ? { fate } : {})
  const clock = manualClock(START - 20 * STEP_MS)
  const { pool: real } = database()
  let kills = 0
  const begin = (): { run: ChargingRun; dead: () => boolean } => {
    const process = killablePool(real, strike)
    const queues = { add: async () => { if (process.dead) throw new Killed('dead'); return '' } }
    const run = createChargingRun({ pool: process.pool, queues, dispatch: dispatch ?? dispatchOf(process.pool, () => clock.now()), solve: solver.solve, loadObjects: { pile: 'E001', appliance: 'E002' }, clock, log: silentLog })
    return { run, dead: () => process.dead }
  }
  let living = begin()
  while (clock.now() < until) {
    await world.pass(clock.now())
    await at?.((clock.now() - START) / STEP_MS, night)
    await Promise.all(Array.from({ length: processes }, () => living.run.step(night, signal).catch((error: unknown) => { if (!living.dead()) throw error })))
    if (living.dead()) {
      kills++
      living = begin()
      continue
    }
    clock.advance(STEP_MS)
  }
  const found = await findChargingNight(real, night)
  const setPoints = (await listChargingSetPoints(real, night, { limit: 5_000 })).rows
  const log = (await listChargingLog(real, night, { limit: 5_000 })).rows
  const unserved = cars.reduce((sum, { kwh }, index) => sum + kwh - (world.piles.delivered[index] ?? 0), 0)
  return { night: found!, world, kills, setPoints, log, unserved, texts: log.map(({ text }) => text), events: log.map(({ event }) => event) }
}

const oneCommandEach = (setPoints: readonly ChargingSetPointRow[]): void => {
  expect(setPoints.filter(({ commands }) => commands.length > 1)).toEqual([])
}

test('a night runs by itself: all served, none over the room, each set-point one command, its plans with digests, its result in the row', async () => {
  const { night, world, setPoints, unserved, events } = await runNight()
  expect(night).toMatchObject({ state: 'done', endedBy: 'service/charging' })
  expect(unserved).toBeLessThan(1e-3)
  expect(Math.max(...world.powers.map(({ setPoints: kw }) => kw))).toBeLessThanOrEqual(ROOM_WATTS / 1_000 + 1e-6)
  oneCommandEach(setPoints)
  expect([...world.taken.values()].every((count) => count === 1)).toBe(true)
  expect(world.taken.size).toBe(setPoints.filter(({ tries }) => tries > 0).length)
  expect(setPoints.filter(({ state }) => state === 'verified').length).toBeGreaterThan(10)
  expect(events).toEqual(expect.arrayContaining(['started', 'planned', 'approved', 'send', 'acknowledge', 'agree', 'judged']))
  const plans = await listChargingPlans(database().pool, night.id)
  expect(plans).toHaveLength(6)
  expect(new Set(plans.map(({ digest }) => digest.toString('hex'))).size).toBe(6)
  const served = await listChargingVehicles(database().pool, SITE, {})
  expect(served.map(({ servedKwh, kwh }) => Math.abs((servedKwh ?? 0) - kwh) < 0.15)).toEqual([true, true, true])
  // Cheap from 22:30 on, which is two slots in: 9 kWh at 0.3.
  expect(Number((night.result as { optimum: string }).optimum)).toBeCloseTo(2.7, 2)
  await expect(database().pool.query('DELETE FROM charging_log')).rejects.toThrow(/append/)
  // The next night's set-points rise above these, so that a pile takes them.
  const last = Math.max(...setPoints.map(({ sequence }) => sequence))
  await database().pool.query('DELETE FROM charging_vehicle')
  const second = await runNight({ slots: 1, cars: [{ pile: 1, plug: 0, depart: 1, kwh: 1 }] })
  expect(Math.min(...second.setPoints.map(({ sequence }) => sequence))).toBe(last + 1)
}, 60_000)

// Seen failing: when steps are written without their revision.
test('stepped by two at once: one step stands, nothing is sent twice', async () => {
  const { night, setPoints, world, unserved } = await runNight({ processes: 2 })
  expect(night.state).toBe('done')
  oneCommandEach(setPoints)
  expect([...world.taken.values()].filter((count) => count > 1)).toEqual([])
  expect(unserved).toBeLessThan(1e-3)
}, 60_000)

// Seen failing: when the id of a command is drawn where it is made and not with its sending (set-points taken twice).
test.each(Array.from({ length: process.env.ZHUZHAN_TEST_LONG === '1' ? 20 : 2 }, (_, seed) => seed))('killed at any statement, before it or after it, again and again: nothing is sent twice and the night ends as well (%i)', async (seed) => {
  const words = seededWords(seed + 1)
  const struck = new Map<string, Set<string>>()
  const seen = new Set<string>()
  const { night, kills, setPoints, world, unserved } = await runNight({
    slots: 4, cars: [{ pile: 1, plug: 0, depart: 4, kwh: 2 }, { pile: 2, plug: 0, depart: 4, kwh: 2 }],
    strike: (statement, when) => {
      const name = statement.replaceAll(/\s+/g, ' ').slice(0, 50)
      seen.add(name)
      // Each kind of statement is struck once before and once after it, and any of them again now and then.
      const first = !struck.get(name)?.has(when) && words() % 3 === 0
      const strikes = first || words() % 300 === 0
      if (strikes) struck.set(name, (struck.get(name) ?? new Set()).add(when))
      return strikes
    },
  })
  expect(night.state).toBe('done')
  oneCommandEach(setPoints)
  expect([...world.taken.values()].filter((count) => count > 1)).toEqual([])
  expect(setPoints.filter(({ tries, commands }) => tries > 0 && commands.length === 0)).toEqual([])
  expect(unserved).toBeLessThan(1e-3)
  expect(kills).toBeGreaterThan(20)
  const missed = [...seen].flatMap((name) => (['before', 'after'] as const).filter((when) => !struck.get(name)?.has(when)).map((when) => `${when} ${name}`))
  // What runs once in a night, at its very end, may be missed.
  expect(missed.length).toBeLessThan(seen.size / 2)
}, 120_000)

test('what is in doubt is sent again with its own id, what the station still holds is not; a refusal is told, and tried again', async () => {
  let refused = 0
  const doubted = new Set<string>()
  const { setPoints, world, unserved, texts } = await runNight({
    fate: (setPoint, at) => {
      if (at > START + 2 * SLOT_MS && at < START + 2.6 * SLOT_MS) return 'held'
      if (doubted.has(setPoint) || doubted.size >= 3) return 'confirmed'
      doubted.add(setPoint)
      return 'unknown'
    },
  })
  expect([...doubted].map((id) => setPoints.find((one) => one.id === id)?.commands.length)).toEqual([2, 2, 2])
  expect([...doubted].map((id) => world.taken.get(id))).toEqual([2, 2, 2])
  expect(setPoints.filter(({ id, commands }) => commands.length > 1 && !doubted.has(id))).toEqual([])
  expect(texts).toContainEqual(expect.stringMatching(/sent again with the same id, try 2/))
  expect(unserved).toBeLessThan(1e-3)

  await database().pool.query('TRUNCATE charging_site, command CASCADE')
  const dispatch: SetPointDispatch = { setPower: async () => { refused++; throw refused < 3 ? new HesError('UNAVAILABLE') : new HesError('NOT_CONFIGURED', 'no service identity') } }
  const second = await runNight({ slots: 1, cars: [{ pile: 1, plug: 0, depart: 1, kwh: 1 }], dispatch })
  expect(second.setPoints.flatMap(({ commands }) => commands).filter(({ whyNot }) => whyNot?.includes('no service identity')).length).toBeGreaterThan(0)
  expect(second.log.filter(({ event, text }) => event === 'not-sent' && text.includes('no service identity')).length).toBeGreaterThan(0)
  expect(second.night.state).toBe('done')
  // Told once, however often it was tried.
  expect((await database().pool.query("SELECT severity, code, detail->>'night' AS night FROM event WHERE kind = 'charging.fault'")).rows).toEqual([{ severity: 'alarm', code: 'NOT_SENT', night: String(second.night.id) }])
}, 60_000)

test('a person approves: nothing goes out before, and what would break the limit does not go out at all', async () => {
  const { pool } = database()
  const answered: string[] = []
  const { setPoints, night, log } = await runNight({
    slots: 2, cars: [{ pile: 1, plug: 0, depart: 2, kwh: 2 }], settings: { loop: { approval: 'person' } },
    at: async (minute, id) => {
      const waiting = (await listChargingBatches(pool, id)).filter(({ state }) => state === 'planned')
      if (minute < -6) return
      for (const { batch } of waiting) {
        if (answered.includes(batch)) continue
        expect((await pool.query("SELECT FROM command WHERE action = 'set-power' AND parameters->'setPoint'->>'id' LIKE $1", [`n${id}.${batch}-%`])).rowCount).toBe(0)
        answered.push(batch)
        await expect(instructChargingNight(pool, id, { kind: 'approve', batch, who: 'anna' }, new Date())).rejects.toMatchObject({ code: 'SAME_PERSON' })
        await instructChargingNight(pool, id, { kind: batch === 'b1' ? 'approve' : 'reject', batch, who: 'bert', why: 'not tonight' }, new Date())
      }
    },
  })
  expect(answered.length).toBe(2)
  const by = (batch: string) => setPoints.filter((one) => one.batch === batch)
  expect(by('b1').every(({ commands }) => commands.length === 1)).toBe(true)
  expect(by('b2').every(({ state, commands }) => state === 'failed' && commands.length === 0)).toBe(true)
  expect((await listChargingBatches(pool, night.id)).map(({ state }) => state)).toEqual(['judged', 'rejected'])
  expect(log.find(({ event }) => event === 'approved')?.text).toBe('batch b1 approved by bert')
}, 60_000)

test('aborted: earlier set-points newest first, nothing planned until resumed; cancelled: it ends', async () => {
  const { pool } = database()
  const { events, setPoints, night } = await runNight({
    at: async (minute, id) => {
      if (minute === 17) await instructChargingNight(pool, id, { kind: 'abort', who: 'anna', why: 'the feeder is switched' }, new Date())
      if (minute === 40) await instructChargingNight(pool, id, { kind: 'resume', who: 'anna', why: 'it is back' }, new Date())
      if (minute === 65) await instructChargingNight(pool, id, { kind: 'cancel', who: 'bert', why: 'enough' }, new Date())
    },
  })
  expect(night).toMatchObject({ state: 'cancelled', endedBy: 'bert', why: 'enough' })
  expect(events.filter((event) => event === 'aborted' || event === 'resumed')).toEqual(['aborted', 'resumed', 'aborted'])
  const rolled = setPoints.filter(({ state, tries }) => state === 'rolled-back' && tries > 0)
  expect(rolled.length).toBeGreaterThan(0)
  expect(setPoints.filter(({ batch }) => batch.startsWith('r')).every(({ commands }) => commands.length === 1)).toBe(true)
  // Slots 2 and 3 of the abort have no plan.
  expect((await listChargingPlans(pool, night.id)).map(({ slot }) => slot)).not.toContain(2)
  oneCommandEach(setPoints)
}, 60_000)

test('an event announced in the middle of a night lowers what the piles may draw, from the next plan on', async () => {
  const { pool } = database()
  const [from, to] = [START + 3 * SLOT_MS, START + 5 * SLOT_MS]
  const { world, unserved } = await runNight({
    cars: [{ pile: 1, plug: 0, depart: 5, kwh: 1.5 }, { pile: 2, plug: 1, depart: 6, kwh: 2 }, { pile: 3, plug: 0, depart: 6, kwh: 2 }],
    at: async (minute) => {
      if (minute !== 20) return
      // 40 kW of baseline less 12 leave 28, of which the base load takes 20.
      await addDemandEvent(pool, { site: SITE, level: 'area', subject: 'x', from: new Date(from), to: new Date(to), reductionKw: 12, highest: 4, of: 5, baselineKw: Array.from({ length: 2 }, () => 40), days: [], digest: Buffer.alloc(32) }, 'anna', new Date(START))
    },
  })
  const most = (begin: number, end: number): number => Math.max(...world.powers.filter(({ at }) => at >= begin && at < end).map(({ setPoints }) => setPoints))
  expect(most(START + 2 * SLOT_MS, from)).toBeGreaterThan(8)
  expect(most(from, to)).toBeLessThanOrEqual(8 + 1e-6)
  expect(unserved).toBeLessThan(1e-3)
}, 60_000)

test('who opts out is left alone for as long as the vehicle is there; who comes unannounced is taken up', async () => {
  const { pool } = database()
  const { setPoints, night } = await runNight({
    cars: [...CARS.slice(0, 2)],
    at: async (minute) => {
      if (minute === -19) await changeChargingVehicle(pool, (await listChargingVehicles(pool, SITE, {}))[0]!.id, 'opt-out', 'anna', new Date(START - SLOT_MS))
      if (minute === 20) await addChargingVehicles(pool, SITE, [{ pile: 'P3', plugAt: new Date(START + 25 * STEP_MS), departAt: new Date(START + 6 * SLOT_MS), kwh: 2 }], 'anna', new Date(START))
    },
  })
  expect(setPoints.filter(({ pile, watts, to }) => pile === 'P1' && watts !== SAFE_WATTS && to.getTime() <= START + 5 * SLOT_MS)).toEqual([])
  expect(setPoints.some(({ pile, watts }) => pile === 'P3' && watts > 1_400)).toBe(true)
  expect(night.state).toBe('done')
}, 60_000)
