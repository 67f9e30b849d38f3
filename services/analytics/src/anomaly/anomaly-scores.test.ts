import { once } from 'node:events'
import { addDays, manualClock } from '@zhuzhan/core'
import { STATE } from '@zhuzhan/metering'
import { askJobsToStop, findAnomalyRun, listAnomalyScores, orderAnomalyRun, replaceTopology } from '@zhuzhan/persistence'
import { withPostgres } from '@zhuzhan/testing'
import { killablePool } from '../fixtures/charging-station.js'
import { TOTAL, addMeter, addTerminal, address, emptyStation, silentLog, testDatabase } from '../fixtures/station.js'
import { stoppable } from '../stoppable.js'
import { anomalyModel } from './anomaly-model.js'
import { createAnomalyScores } from './anomaly-scores.js'

const db = withPostgres()
const database = testDatabase(() => db.url)
const sql = async (text: string, values: unknown[] = []): Promise<Record<string, unknown>[]> => (await database().pool.query(text, values)).rows as Record<string, unknown>[]
const DAY = '2026-10-04'
const FIRST = addDays(DAY, -119)
const HOMES = 16
const THIEF = address(7)
const watch = { progress: async () => undefined, signal: new AbortController().signal }
/** 04:00 of the 5th, in +08:00. */
const NOW = Date.parse('2026-10-04T20:00:00Z')

function runner({ pool = database().pool, largestCohort, caseScore = 0.9, sliceMs }: { pool?: ReturnType<typeof database>['pool']; largestCohort?: number; caseScore?: number; sliceMs?: number } = {}) {
  const added: string[] = []
  const clock = manualClock(NOW)
  return {
    added, clock,
    scores: createAnomalyScores({
      pool, queues: { add: (async (name: string) => { added.push(name); return '' }) as never }, clock, model: () => anomalyModel(), caseScore, nightZone: 'Asia/Shanghai',
      ...(largestCohort !== undefined && { largestCohort }), ...(sliceMs !== undefined && { sliceMs }),
    }),
  }
}

/** 0 to 1, the same for the same place. */
function chance(...place: number[]): number {
  let hash = 2_166_136_261
  for (const one of place) hash = Math.imul(hash ^ one, 16_777_619)
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d)
  hash = Math.imul(hash ^ (hash >>> 12), 0x297a2d39)
  return ((hash ^ (hash >>> 15)) >>> 0) / 2 ** 32
}

/** Wh of a quarter hour: standby, a refrigerator, an evening, what is switched now and then, and the weather all have in common. */
function use(home: number, day: number, slot: number): number {
  const weather = 1 + 0.1 * Math.sin(day / 9)
  const fridge = (slot + Math.floor(8 * chance(home, day))) % 6 < 2 ? 20 : 0
  const evening = Math.max(0, Math.sin(((slot - 64 - home % 5) / 28) * Math.PI)) * (slot > 62 && slot < 95 ? 120 + 8 * home : 0) * (0.6 + 0.8 * chance(home, day, 1))
  const switched = chance(home, day, slot, 2) < 0.06 ? 150 + 300 * chance(home, day, slot, 3) : 0
  return Math.round((15 + home % 4 * 3 + fridge + 6 * chance(home, day, slot, 4) + evening + switched) * weather)
}

/** @param state of each quarter hour @param factor what the meter counts of it */
async function putHome(meterId: number, home: number, { from = 0, factor = () => 1, state = () => STATE.measured }: { from?: number; factor?: (day: number) => number; state?: (slot: number) => number } = {}): Promise<void> {
  const rows = Array.from({ length: 120 - from }, (_, n) => ({
    day: addDays(FIRST, from + n), best: Array.from({ length: 96 }, (__, slot) => Math.round(use(home, from + n, slot) * factor(from + n))), states: Buffer.from(Array.from({ length: 96 }, (__, slot) => state(slot))).toString('hex'),
  }))
  await sql(`INSERT INTO vee_day (meter_id, day, item, day_over, decimals, ratio, counts, estimated_share, complete, may_act, best, states, gaps, findings, periods, computed_at)
    SELECT $1, (r->>'day')::date, ${TOTAL}, true, 3, 1, '{}', 0, true, true, ARRAY(SELECT jsonb_array_elements_text(r->'best')::int), decode(r->>'states', 'hex'), '[]', '[]', '{}', now() FROM jsonb_array_elements($2::jsonb) AS r`, [meterId, JSON.stringify(rows)])
}

const ranked = async (run: number, rank: 'recoverable' | 'score' = 'recoverable') => (await listAnomalyScores(database().pool, { run, rank, limit: 100 })).rows
const run = async () => (await sql('SELECT id::int AS id, state, cursor, total, done, scored, cases FROM anomaly_run ORDER BY id DESC LIMIT 1'))[0] as { id: number; state: string; done: number }
const order = async () => (await orderAnomalyRun(database().pool, { day: DAY, nightly: false, who: 'li', now: new Date(NOW) }))?.id as number
const cases = () => sql("SELECT m.address AS meter, c.source, c.score, c.recoverable_kwh::float8 AS kwh, c.evidence FROM theft_case c JOIN meter m ON m.id = c.meter_id")

let ids: number[]
beforeAll(async () => {
  await emptyStation(database())
  await addTerminal(database())
  ids = []
  for (let home = 1; home <= HOMES; home += 1) {
    const id = await addMeter(database(), address(home))
    ids.push(id)
    // From the 85th day on, the 25th that is judged, a third of what it used.
    await putHome(id, home, { factor: address(home) === THIEF ? (day) => (day < 85 ? 1 : 0.3) : () => 1 })
  }
}, 60_000)
beforeEach(() => sql('TRUNCATE anomaly_run, anomaly_score, theft_case CASCADE'))

test('whoever counts less than it did stands first and becomes one case; another run of the same data says the same and opens none', async () => {
  const { scores, added } = runner()
  await scores.night()
  expect(await scores.work(watch)).toBe(HOMES)
  const first = await run()
  expect(first).toMatchObject({ state: 'done', cursor: 1, total: HOMES, done: HOMES, scored: HOMES, cases: 1 })
  const found = await ranked(first.id)
  expect([found[0]?.meter, (await ranked(first.id, 'score'))[0]?.meter]).toEqual([THIEF, THIEF])
  const [thief, ...honest] = found
  // Its own history says what a day would be: what was used, moved by what all have in common.
  const used = Array.from({ length: 30 }, (_, n) => Array.from({ length: 96 }, (__, slot) => use(7, 90 + n, slot)).reduce((a, b) => a + b, 0)).reduce((a, b) => a + b, 0) / 30 / 1_000
  expect(Math.abs((thief?.expectedKwhDay as number) / used - 1)).toBeLessThan(0.15)
  expect(thief?.countedKwhDay as number).toBeCloseTo(used * 0.3, 1)
  expect(thief?.recoverableKwh as number).toBeCloseTo((thief?.score as number) * ((thief?.expectedKwhDay as number) - (thief?.countedKwhDay as number)) * 30, 0)
  expect(thief?.score as number).toBeGreaterThan(0.9)
  expect(Math.max(...honest.map(({ score }) => score as number))).toBeLessThan(0.7)
  expect(await cases()).toMatchObject([{ meter: THIEF, source: 'score', score: thief?.score, kwh: thief?.recoverableKwh, evidence: { run: first.id, day: DAY, data: thief?.digest.toString('hex') } }])

  // The night has had its run; somebody orders another.
  await scores.night()
  expect([await scores.work(watch), added]).toEqual([0, []])
  const second = await order()
  expect(await order()).toBe(second)
  await scores.work(watch)
  expect((await ranked(second)).map(({ computedAt: _, ...one }) => one)).toEqual(found.map(({ computedAt: _, ...one }) => one))
  // Mutation seen failing: ON CONFLICT of theft-cases.ts without its condition.
  expect((await cases()).length).toBe(1)
  expect(await run()).toMatchObject({ id: second, state: 'done', cases: 0 })
  expect(await findAnomalyRun(database().pool)).toMatchObject({ id: second, day: DAY, requestedBy: 'li', modelDigest: (await anomalyModel()).digest, caseScore: 0.9 })
}, 60_000)

test('killed while cohorts are made, within one or after it was stored, the run goes on behind the cohort that was stored: each meter once, one case', async () => {
  for (const [statement, when] of [['INSERT INTO anomaly_cohort', 'after'], ['INSERT INTO anomaly_score', 'after'], ['COMMIT', 'after']] as const) {
    await sql('TRUNCATE anomaly_run, anomaly_score, theft_case CASCADE')
    await order()
    let count = 0
    // In the second cohort where a statement belongs to one; the thief is in one of both.
    const nth = statement === 'INSERT INTO anomaly_cohort' ? 1 : statement === 'COMMIT' ? 3 : 2
    const killable = killablePool(database().pool, (text, at) => text.startsWith(statement) && at === when && ++count === nth)
    await expect(runner({ pool: killable.pool, largestCohort: 8 }).scores.work(watch)).rejects.toThrow('killed')
    const left = await run()
    expect(left).toMatchObject({ state: statement === 'INSERT INTO anomaly_cohort' ? 'queued' : 'running', done: statement === 'INSERT INTO anomaly_cohort' ? 0 : statement === 'COMMIT' ? 16 : 8 })
    expect(await runner({ largestCohort: 8 }).scores.work(watch)).toBe(HOMES - left.done)
    expect(await run()).toMatchObject({ state: 'done', cursor: 2, total: HOMES, done: HOMES, scored: HOMES })
    expect((await sql('SELECT cohort, count(*)::int AS meters FROM anomaly_score GROUP BY cohort ORDER BY cohort'))).toEqual([{ cohort: 1, meters: 8 }, { cohort: 2, meters: 8 }])
    expect((await cases()).map(({ meter }) => meter)).toEqual([THIEF])
  }
}, 120_000)

test('somebody stops it: what is not done is left to the next job, which does it', async () => {
  await order()
  const { scores, added } = runner({ largestCohort: 8 })
  const work = (progress: (signal: AbortSignal) => Promise<void>) => stoppable({ pool: database().pool, log: silentLog as never }, 'analysis.anomaly-scores', { id: '1', attempt: 1, signal: watch.signal, progress: async () => undefined },
    async ({ signal }) => ({ meters: await scores.work({ signal, progress: () => progress(signal) }) }))
  expect(await work(async (signal) => {
    await askJobsToStop(database().pool, 'analysis.anomaly-scores', 'li')
    if (!signal.aborted) await once(signal, 'abort', { signal: AbortSignal.timeout(20_000) }).catch(() => undefined)
  })).toEqual({ stoppedBy: 'li' })
  expect([await run(), added]).toEqual([expect.objectContaining({ state: 'running', done: 8 }), []])
  expect(await work(async () => undefined)).toEqual({ meters: 8 })
  expect(await run()).toMatchObject({ state: 'done', done: HOMES })
}, 60_000)

// Mutation seen failing: STEP without `cursor = $2`.
test('two workers of one run do it once', async () => {
  await order()
  const done = await Promise.all([runner({ largestCohort: 8 }).scores.work(watch), runner({ largestCohort: 8 }).scores.work(watch)])
  expect(done.reduce((a, b) => a + b)).toBe(HOMES)
  expect(await run()).toMatchObject({ state: 'done', done: HOMES, scored: HOMES, cases: 1 })
}, 60_000)

test('a job ends after its slice and queues the rest', async () => {
  await order()
  const { scores, added } = runner({ largestCohort: 4, sliceMs: 0 })
  expect([await scores.work(watch), await scores.work(watch), added]).toEqual([4, 4, ['analysis.anomaly-scores', 'analysis.anomaly-scores']])
  expect(await run()).toMatchObject({ state: 'running', done: 8 })
}, 60_000)

test('too little measured is refused with the reason; estimates are not measurements, sum meters and those without days no customers', async () => {
  const [short, estimated, sum] = [await addMeter(database(), address(31)), await addMeter(database(), address(32)), await addMeter(database(), address(33))]
  await addMeter(database(), address(34))
  await putHome(short, 31, { from: 90 })
  await putHome(estimated, 32, { state: (slot) => (slot % 2 === 0 ? STATE.measured : STATE.estimated) })
  await putHome(sum, 33)
  await replaceTopology(database().pool, [{ area: 'T9', meter: address(33), role: 'sum', from: FIRST, to: null }, ...ids.slice(0, 13).map((_, n) => ({ area: 'T9', meter: address(n + 1), role: 'user' as const, from: FIRST, to: null }))], 'li')
  const id = await order()
  await runner().scores.work(watch)
  const found = await ranked(id)
  const of = (meter: number) => found.find((one) => one.meter === address(meter))
  expect([of(31), of(32)]).toMatchObject([
    { score: null, recoverableKwh: null, whyNot: 'only 0 % of the readings are usable', completeness: 0 },
    // Mutation seen failing: measuredPower of power.ts with STATE.estimated taken for measured.
    { score: null, whyNot: 'only 50 % of the readings are usable', completeness: 0.5 },
  ])
  expect([of(33), of(34)]).toEqual([undefined, undefined])
  expect(await run()).toMatchObject({ state: 'done', done: HOMES + 2, scored: HOMES })
  // The area's customers are judged together, the others in a cohort of their own.
  expect(found.filter(({ cohort }) => cohort === 1).map(({ area }) => area)).toEqual(Array.from({ length: 13 }, () => 'T9'))
  expect((await listAnomalyScores(database().pool, { run: id, rank: 'score', area: 'T9', limit: 5 })).rows.map(({ meter }) => meter)[0]).toBe(THIEF)
  await sql('DELETE FROM meter WHERE id = ANY($1)', [[short, estimated, sum]])
}, 60_000)
