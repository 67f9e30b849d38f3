import { manualClock, seededWords } from '@zhuzhan/core'
import { addDemandEvent, chargingStepInput, findChargingNight, findDemandEvent, instructChargingNight, listChargingLog, listChargingPlans, listChargingSetPoints, startChargingNight, withdrawDemandEvent } from '@zhuzhan/persistence'
import { withPostgres } from '@zhuzhan/testing'
import { Killed, SITE, SLOT_MS, START, applianceSite, appliancesOfStation, dispatchOf, killablePool } from '../fixtures/charging-station.js'
import { addMeter, addTerminal, address, emptyStation, silentLog, testDatabase } from '../fixtures/station.js'
import { createChargingRun } from './charging-run.js'

const db = withPostgres()
const database = testDatabase(() => db.url)
const STEP_MS = 60_000
const signal = new AbortController().signal

beforeEach(async () => {
  await emptyStation(database())
  await database().pool.query('TRUNCATE charging_site, command, charging_log RESTART IDENTITY CASCADE')
  await addTerminal(database())
  for (const n of [1, 2, 3, 4, 5]) await addMeter(database(), address(n))
}, 60_000)

const announce = (reductionKw: number, slots: number, from = START) => addDemandEvent(database().pool, {
  site: SITE, level: 'area', subject: 'x', from: new Date(from), to: new Date(from + slots * SLOT_MS), reductionKw, highest: 4, of: 5, baselineKw: Array.from({ length: slots }, () => 40), days: [], digest: Buffer.alloc(32),
}, 'anna', new Date(START - 2_000_000))

/** An event on four appliances in the steps of its run; a process that died is started anew before the next step. */
async function runEvent({ askedKw = 1.2, slots = 4, settings = {}, fate, strike = () => false, at }: {
  askedKw?: number; slots?: number; settings?: object; fate?: (appliance: string, at: number) => 'confirmed' | 'held' | 'ignored'; strike?: (statement: string) => boolean; at?: (minute: number, ids: { night: number; event: number }) => Promise<void>
} = {}) {
  await applianceSite(database(), 4, { settings })
  const event = await announce(askedKw, slots)
  const night = event.run as number
  const world = appliancesOfStation(database(), 4, fate ? { fate } : {})
  const clock = manualClock(START - 20 * STEP_MS)
  const { pool: real } = database()
  const begin = () => {
    const process = killablePool(real, strike)
    const queues = { add: async () => { if (process.dead) throw new Killed('dead'); return '' } }
    const noSolver = async (): Promise<never> => { throw new Error('holds need no solver') }
    return { process, run: createChargingRun({ pool: process.pool, queues, dispatch: dispatchOf(process.pool, () => clock.now()), solve: noSolver, loadObjects: { pile: 'E001', appliance: 'E002' }, clock, log: silentLog }) }
  }
  let living = begin()
  let kills = 0
  for (const until = START + (slots + 2) * SLOT_MS + 8 * STEP_MS; clock.now() < until;) {
    await world.pass(clock.now())
    await at?.((clock.now() - START) / STEP_MS, { night, event: event.id })
    await living.run.step(night, signal).catch((error: unknown) => { if (!living.process.dead) throw error })
    if (living.process.dead) {
      kills++
      living = begin()
      continue
    }
    clock.advance(STEP_MS)
  }
  const setPoints = (await listChargingSetPoints(real, night, { limit: 5_000 })).rows
  const log = (await listChargingLog(real, night, { limit: 5_000 })).rows
  /** What they draw less than their 8 kW, minute by minute. */
  const lessKw = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, minute) => 8 - world.powerAt(START + (from + minute) * STEP_MS + 30_000))
  return { night: (await findChargingNight(real, night))!, event, world, setPoints, log, lessKw, kills, texts: log.map(({ text }) => text), events: log.map(({ event: about }) => about) }
}
const isHold = ({ watts }: { watts: number }): boolean => watts < 3_000

test('an event sheds appliances by itself, each in its turn and never longer than it allows, through all of it and with their rebound; then they run normally', async () => {
  const { night, event, world, setPoints, lessKw, events } = await runEvent()
  expect(event).toMatchObject({ appliancesKw: 1.2, reductionKw: 1.2 })
  expect(night).toMatchObject({ state: 'done', event: event.id, slots: 6 })
  expect(Math.min(...lessKw(0, 60))).toBeGreaterThanOrEqual(1.2 - 1e-9)
  // No more than is asked where nobody makes up for a hold.
  expect(Math.max(...lessKw(0, 30))).toBeCloseTo(1.2, 9)
  expect(setPoints.filter(isHold).every(({ state }) => state === 'verified')).toBe(true)
  expect(setPoints.flatMap(({ commands }) => commands).length).toBe(setPoints.length)
  expect([...world.taken.values()].every((count) => count === 1)).toBe(true)
  const held = new Set(setPoints.filter(isHold).map(({ pile }) => pile))
  expect([...held].sort()).toEqual(['A1', 'A2', 'A3'])
  expect(events).toEqual(expect.arrayContaining(['started', 'planned', 'approved', 'send', 'acknowledge', 'agree', 'judged']))
  expect(events).not.toContain('left')
  expect(events).not.toContain('short')
  expect(await listChargingPlans(database().pool, night.id)).toHaveLength(6)
  for (const one of world.appliances.values()) expect(one.state(START + 200 * STEP_MS)).toMatchObject({ comfort: 'normal', watts: 2_000 })
}, 60_000)

test('killed again and again, before statements and after them: nothing is told twice, and the event is held as well', async () => {
  const words = seededWords(7)
  const { night, world, setPoints, lessKw, kills } = await runEvent({ strike: () => words() % 60 === 0 })
  expect(night.state).toBe('done')
  expect(kills).toBeGreaterThan(10)
  expect(setPoints.filter(({ commands }) => commands.length > 1)).toEqual([])
  expect([...world.taken.values()].filter((count) => count > 1)).toEqual([])
  expect(Math.min(...lessKw(0, 60))).toBeGreaterThanOrEqual(1.2 - 1e-9)
}, 60_000)

test('who confirms and does not follow is replaced from the next plan on; what cannot be reached is said', async () => {
  const { setPoints, lessKw, texts, log } = await runEvent({ askedKw: 3, slots: 2, fate: (appliance) => (appliance === 'A1' ? 'ignored' : 'confirmed') })
  expect(setPoints.find(({ pile }) => pile === 'A1')?.state).toBe('failed')
  expect(texts).toContainEqual(expect.stringMatching(/reads back 2 kW two intervals after 0.5 kW was acknowledged/))
  expect(texts).toContainEqual(expect.stringMatching(/^batch b1: 1 of 2 verified \(1 acknowledged\); under 90 %: planned anew.*the load fell by 1.5 kW in place of 3 kW/))
  expect(Math.max(...lessKw(0, 15))).toBeCloseTo(1.5, 9)
  expect(Math.min(...lessKw(15, 30))).toBeGreaterThanOrEqual(3 - 1e-9)
  expect(setPoints.filter(({ pile, from }) => pile === 'A1' && from.getTime() >= START + SLOT_MS).filter(isHold)).toEqual([])
  await database().pool.query('TRUNCATE charging_site, command, charging_log CASCADE')
  const more = await runEvent({ askedKw: 9, slots: 2 })
  expect(more.log.find(({ event }) => event === 'short')?.text).toBe('slot 0: 6 of 9 kW: 4 held as far as they may be')
  expect(Math.min(...more.lessKw(0, 30))).toBeCloseTo(6, 9)
  expect(log.find(({ event }) => event === 'short')).toBeUndefined()
  const told = (await database().pool.query("SELECT severity, code, detail->>'why' AS why FROM event WHERE kind = 'charging.fault' ORDER BY id")).rows
  expect(told).toEqual(more.log.filter(({ event }) => event === 'short').map(({ text }) => ({ severity: 'warning', code: 'SHORT', why: text })))
}, 60_000)

test('while nothing gets through the appliances return by themselves when their set-points end, the log says so, and they are held again afterwards', async () => {
  const silent = (_: string, at: number): 'held' | 'confirmed' => (at > START + 3 * STEP_MS && at < START + 37 * STEP_MS ? 'held' : 'confirmed')
  const { lessKw, texts, setPoints } = await runEvent({ fate: silent, settings: { slotMinutes: 15 } })
  expect(Math.min(...lessKw(0, 15))).toBeGreaterThanOrEqual(1.2 - 1e-9)
  // A1 makes up for its hold; nobody is held.
  expect(Math.max(...lessKw(16, 30))).toBeLessThanOrEqual(0)
  expect(Math.min(...lessKw(46, 60))).toBeGreaterThanOrEqual(1.2 - 1e-9)
  expect(texts).toContainEqual(expect.stringMatching(/expired in state sent; the appliance runs normally, up to 3 kW unless a newer command holds/))
  expect(setPoints.some(({ state, from }) => state === 'verified' && from.getTime() >= START + 3 * SLOT_MS)).toBe(true)
}, 60_000)

test('aborted: rolled back at once; withdrawn: it ends; the batches of one whose approver is a person wait', async () => {
  const { pool } = database()
  const aborted = await runEvent({ at: async (minute, { night }) => { if (minute === 5) await instructChargingNight(pool, night, { kind: 'abort', who: 'bert', why: 'the hall is too hot' }, new Date(START)) } })
  expect(aborted.events).toContain('roll-back')
  expect(Math.max(...aborted.lessKw(8, 60))).toBeLessThanOrEqual(0)
  expect(aborted.setPoints.filter(({ batch }) => batch.startsWith('r')).every(({ watts, state }) => watts === 3_000 && state === 'verified')).toBe(true)

  await pool.query('TRUNCATE charging_site, command, charging_log CASCADE')
  const withdrawn = await runEvent({ at: async (minute, { event }) => { if (minute === 25) await withdrawDemandEvent(pool, event, 'bert', new Date(START)) } })
  expect(withdrawn.night).toMatchObject({ state: 'cancelled', endedBy: 'bert', why: 'the event was withdrawn' })
  expect(Math.min(...withdrawn.lessKw(0, 25))).toBeGreaterThanOrEqual(1.2 - 1e-9)
  expect(Math.max(...withdrawn.lessKw(28, 60))).toBeLessThanOrEqual(0)

  await pool.query('TRUNCATE charging_site, command, charging_log CASCADE')
  const waits = await runEvent({ slots: 1, settings: { loop: { approval: 'person' } } })
  expect(waits.setPoints.flatMap(({ commands }) => commands)).toEqual([])
  expect(Math.max(...waits.lessKw(0, 15))).toBeCloseTo(0, 9)
}, 60_000)

test('an event has its run beside a night of the piles, which leaves free what the appliances may draw afterwards; two runs of a site do not meet', async () => {
  const { pool } = database()
  await applianceSite(database(), 4, { withPile: true })
  const night = await startChargingNight(pool, { site: SITE, startAt: new Date(START), slots: 12, limits: [] }, 'anna', new Date(START - 3_600_000))
  const event = await announce(5, 2, START + SLOT_MS)
  const input = await chargingStepInput(pool, night)
  expect(input?.rebounds).toEqual([{ from: START + 3 * SLOT_MS, to: START + 5 * SLOT_MS, kw: 12 }])
  expect(input?.night.siteWas.limits.map(({ kw }) => kw)).toEqual([35, 35])
  const run = await chargingStepInput(pool, event.run as number)
  expect([run?.rebounds, run?.night.siteWas.limits, run?.night.siteWas.piles.map(({ pile }) => pile)]).toEqual([[], [], ['A1', 'A2', 'A3', 'A4']])
  await expect(announce(5, 1, START + 4 * SLOT_MS)).rejects.toMatchObject({ code: 'STATE_CONFLICT' })
  expect((await announce(5, 1, START + 5 * SLOT_MS)).run).not.toBeNull()
  await withdrawDemandEvent(pool, event.id, 'anna', new Date(START - 1_000))
  expect((await findDemandEvent(pool, event.id))?.withdrawnBy).toBe('anna')
}, 60_000)

test('appliances that are let go within an event make up for their holds as well: a night of the piles leaves that free, unless none was held', async () => {
  const { pool } = database()
  await applianceSite(database(), 4, { withPile: true })
  const night = await startChargingNight(pool, { site: SITE, startAt: new Date(START), slots: 12, limits: [] }, 'anna', new Date(START - 3_600_000))
  const { id, run } = await announce(5, 4)
  const rebounds = async () => (await chargingStepInput(pool, night))?.rebounds
  // The steps of the ramp back take four intervals of three minutes at most.
  const behind = { from: START + 4 * SLOT_MS, to: START + 6 * SLOT_MS, kw: 12 }
  const [aborted, withdrawn] = [START + SLOT_MS, START + 2 * SLOT_MS].map((from) => ({ from, to: from + 12 * STEP_MS + 2 * SLOT_MS, kw: 12 }))
  await instructChargingNight(pool, run as number, { kind: 'abort', who: 'bert', why: 'the hall is too hot' }, new Date(START + SLOT_MS))
  expect(await rebounds()).toEqual([behind])
  await pool.query("INSERT INTO charging_set_point (night, id, batch, pile, sequence, watts, from_at, to_at, reason, plan_version, state, tries) VALUES ($1, 'a', 'b', 'A1', 1, 500, $2, $2, 'first plan', 1, 'verified', 1)", [run, new Date(START)])
  expect(await rebounds()).toEqual([aborted, behind])
  await withdrawDemandEvent(pool, id, 'bert', new Date(START + 2 * SLOT_MS))
  await pool.query("UPDATE charging_night SET state = 'cancelled', ended_at = $2, ended_by = 'bert' WHERE id = $1", [run, new Date(START + 2 * SLOT_MS + STEP_MS)])
  expect(await rebounds()).toEqual([aborted, withdrawn])
}, 60_000)
