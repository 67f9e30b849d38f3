import { once } from 'node:events'
import { LossDayAnswer } from '@zhuzhan/contracts'
import { manualClock } from '@zhuzhan/core'
import { askJobsToStop, listLossDays, listLossVersions, replaceTopology, transaction } from '@zhuzhan/persistence'
import { withPostgres } from '@zhuzhan/testing'
import { putMadeArea } from '../fixtures/made-area.js'
import { addMeter, addTerminal, address, emptyStation, silentLog, testDatabase } from '../fixtures/station.js'
import { stoppable } from '../stoppable.js'
import { diagnose } from './diagnosis.js'
import type { AreaDays, UserMeter } from './diagnosis.js'
import { areasDue, createLineLossRun } from './line-loss.js'
import type { Localisation } from './localisation.js'

const db = withPostgres()
const database = testDatabase(() => db.url)
const sql = async (text: string, values: unknown[] = []): Promise<Record<string, unknown>[]> => (await database().pool.query(text, values)).rows as Record<string, unknown>[]
const watch = { progress: async () => undefined, signal: new AbortController().signal }
const runner = (sliceMs?: number) => {
  const added: string[] = []
  const add = async (name: string): Promise<string> => { added.push(name); return '' }
  return { added, run: createLineLossRun({ pool: database().pool, queues: { add: add as never }, clock: manualClock(), ...(sliceMs !== undefined && { sliceMs }) }) }
}
const [SUM, A, B, C] = [1, 2, 3, 4].map(address) as [string, string, string, string]
/** A validated day; energy null: refused by validation. */
const putDay = (meter: string, day: string, energy: number | null, codes: string[] = []) => sql(
  `INSERT INTO vee_day (meter_id, day, item, day_over, decimals, ratio, digits, energy, why_not, basis, counts, estimated_share, complete, may_act, best, states, gaps, findings, periods, computed_at)
   SELECT id, $2::date, 1049089, true, 2, 1, 0, $3::numeric, CASE WHEN $3::numeric IS NULL THEN 'no readings' END, CASE WHEN $3::numeric IS NOT NULL THEN 'registers' END, '{}', 0, true, true, '{}', '', '[]', $4, '{}', now() FROM meter WHERE address = $1
   ON CONFLICT (meter_id, day, item) DO UPDATE SET energy = excluded.energy, why_not = excluded.why_not, basis = excluded.basis, findings = excluded.findings`, [meter, day, energy, JSON.stringify(codes.map((code) => ({ code })))])
const line = (meter: string, role: string, from = '2026-10-01', to: string | null = null) => ({ area: 'T1', meter, role, from, to })
const days = () => listLossDays(database().pool, 'T1', '2026-10-01', '2026-11-01')
const changed = (meter: string, day: string) => transaction(database().pool, async (client) => areasDue(client, (await client.query<{ id: number }>('SELECT id FROM meter WHERE address = $1', [meter])).rows.map(({ id }) => id), day))

beforeEach(async () => {
  await emptyStation(database())
  await addTerminal(database())
  for (const number of [1, 2, 3, 4]) await addMeter(database(), address(number))
})

test('supply, feed-in and sales of a day; a meter that has left counts no more, one that is missing refuses the day', async () => {
  for (const [meter, energies] of [[SUM, [100, 100, 100]], [A, [30, 30, 30]], [B, [30, 30, null]], [C, [35.5, 35.5, 35.5]]] as const) for (const [n, energy] of energies.entries()) await putDay(meter, `2026-10-0${n + 1}`, energy)
  await sql("INSERT INTO daily_energy (meter_id, day, item, start_value, end_value, energy, state, computed_at) SELECT id, '2026-10-01', $2, 0, 10, 10, 'measured', now() FROM meter WHERE address = $1", [A, 0x00200201])
  expect(await replaceTopology(database().pool, [line(SUM, 'sum'), line(A, 'user'), line(B, 'user'), line(C, 'user', '2026-10-01', '2026-10-02')], 'li')).toBe(3)
  expect(await runner().run.work(watch)).toBe(3)
  expect(await days()).toMatchObject([
    // (100 + 10 - 95.5) / 110.
    { day: '2026-10-01', version: 1, supply: '100', feedIn: '10', sales: '95.5', percent: expect.closeTo((14.5 / 110) * 100, 10) as number, lossClass: 'high', whyNot: null, metersExpected: 3, metersWithBoth: 3 },
    { day: '2026-10-02', sales: '60', percent: expect.closeTo(40, 10) as number, metersExpected: 2 },
    { day: '2026-10-03', percent: null, supply: null, lossClass: null, whyNot: 'only 1 of 2 meters have both registers of the day, 98 % are needed', metersWithBoth: 1, diagnosis: { conclusion: 'not-judged' } },
  ])
})

test('without the sum meter there is no figure', async () => {
  for (const meter of [A, B]) await putDay(meter, '2026-10-01', 10)
  await putDay(SUM, '2026-10-01', null)
  await replaceTopology(database().pool, [line(SUM, 'sum'), line(A, 'user'), line(B, 'user')], 'li')
  await runner().run.work(watch)
  expect(await days()).toMatchObject([{ percent: null, whyNot: `the sum meter ${SUM} has not both registers of the day (no readings)` }])
})

// Mutation seen failing: STORE without its HAVING.
test('a corrected day is computed anew as another version, the same data make none', async () => {
  for (const [meter, energy] of [[SUM, 100], [A, 50], [B, 45]] as const) await putDay(meter, '2026-10-01', energy)
  await replaceTopology(database().pool, [line(SUM, 'sum'), line(A, 'user'), line(B, 'user')], 'li')
  await runner().run.work(watch)
  await changed(A, '2026-10-01')
  expect(await runner().run.work(watch)).toBe(1)
  await putDay(A, '2026-10-01', 52)
  await changed(A, '2026-10-01')
  await changed(C, '2026-10-01')
  expect(await runner().run.work(watch)).toBe(1)
  expect(await listLossVersions(database().pool, 'T1', '2026-10-01')).toMatchObject([{ version: 2, percent: expect.closeTo(3, 10) as number }, { version: 1, percent: expect.closeTo(5, 10) as number }])
})

// Mutation seen failing: DUE with ON CONFLICT DO NOTHING.
test('a day that is being corrected is not computed before the correction stands', async () => {
  for (const [meter, energy] of [[SUM, 100], [A, 50], [B, 45]] as const) await putDay(meter, '2026-10-01', energy)
  await replaceTopology(database().pool, [line(SUM, 'sum'), line(A, 'user'), line(B, 'user')], 'li')
  await transaction(database().pool, async (client) => {
    await areasDue(client, (await client.query<{ id: number }>('SELECT id FROM meter WHERE address = $1', [A])).rows.map(({ id }) => id), '2026-10-01')
    expect(await runner().run.work(watch)).toBe(0)
  })
  expect(await runner().run.work(watch)).toBe(1)
})

test('a slice that is over queues the rest; a cancelled one leaves it due', async () => {
  for (const day of ['2026-10-01', '2026-10-02']) for (const [meter, energy] of [[SUM, 100], [A, 98]] as const) await putDay(meter, day, energy)
  await replaceTopology(database().pool, [line(SUM, 'sum'), line(A, 'user')], 'li')
  const slow = runner(0)
  expect([await slow.run.work(watch), slow.added]).toEqual([0, ['analysis.line-loss']])
  const stop = new AbortController()
  await expect(runner().run.work({ progress: async () => stop.abort(new Error('cancelled')), signal: stop.signal })).rejects.toThrow('cancelled')
  expect([(await days()).length, await sql('SELECT day::text AS day FROM area_loss_due')]).toEqual([1, [{ day: '2026-10-02' }]])
  expect(await runner().run.work(watch)).toBe(1)
})

test('a suspicion becomes a case for people, one for a meter, with the figure it comes from', async () => {
  const day = (n: number): string => new Date(Date.parse('2026-09-01T00:00:00Z') + n * 86_400_000).toISOString().slice(0, 10)
  const use = (n: number, seed: number): number => Math.round(100 * (10 + 2 * Math.sin(n * (1 + seed * 0.37) + seed))) / 100
  for (let n = 0; n < 40; n += 1) {
    const [a, b, c] = [use(n, 1), use(n, 2), use(n, 3)]
    for (const [meter, energy] of [[SUM, (a + b + c) * 1.01], [A, a], [B, n < 31 ? b : b * 0.3], [C, c]] as const) await putDay(meter, day(n), Number(energy.toFixed(2)))
  }
  await replaceTopology(database().pool, [line(SUM, 'sum', day(0)), line(A, 'user', day(0)), line(B, 'user', day(0)), line(C, 'user', day(0))], 'li')
  // Cases are dated by the station's clock; its first days have no past to be judged by.
  while (await runner().run.work(watch) > 0);
  const cases = await sql('SELECT m.address AS meter, c.state, c.source, c.evidence FROM theft_case c JOIN meter m ON m.id = c.meter_id')
  expect(cases).toMatchObject([{ meter: B, state: 'open', source: 'line-loss', evidence: { area: 'T1', percent: expect.any(Number) as number, kwhADayBefore: expect.any(Number) as number } }])
  expect((await sql("SELECT actor FROM audit_entry WHERE action = 'theft-case.open'"))).toEqual([{ actor: 'analytics' }])
})

describe('inside a raised day', () => {
  const users = [1, 2, 3, 4, 5, 6].map((n) => address(10 + n))
  const LAST = '2026-10-07'
  const area = async (curves = true, moment = 0) => {
    for (const user of users) await addMeter(database(), user)
    const hidden = await putMadeArea(database(), { sum: SUM, users, from: '2026-10-01', days: 7, bypassed: 3, curves, moment })
    await replaceTopology(database().pool, [line(SUM, 'sum'), ...users.map((user) => line(user, 'user'))], 'li')
    await sql('DELETE FROM area_loss_due WHERE day < $1::date', [LAST])
    return hidden
  }
  const versions = () => listLossVersions(database().pool, 'T1', LAST)
  const latest = async () => (await versions())[0]?.diagnosis as { conclusion: string; localisation?: Localisation } | undefined

  // Mutations seen failing: PUT_BACK left out (the day is gone), `measuredPower` without its states (an estimate is analysed), digestOf without the feeder's.
  test('the meter that is bypassed in the evening is found by voltages and currents, and stored with the day', async () => {
    const hidden = await area()
    for (let n = 10; n < 30; n += 1) await putDay(users[3] as string, `2026-09-${n}`, 40)
    expect(await runner().run.work(watch)).toBe(1)
    const found = (await latest())?.localisation as Localisation
    expect(found).toMatchObject({ whyNot: null, completeness: 1, suspects: [{ meter: users[3], kinds: expect.arrayContaining(['voltage-drop']) as string[] }] })
    expect(Math.abs((found.suspects[0]?.kwh as number) / hidden - 1)).toBeLessThan(0.15)
    expect(found.phases).toEqual(users.map((meter, index) => ({ meter, line: 1, phase: 'ABC'[index % 3] })))
    expect(found.days.map(({ day }) => day)).toEqual([1, 2, 3, 4, 5, 6, 7].map((n) => `2026-10-0${n}`))
    // Of the seventh the analysis gives no figure: it would be off by more than 25 % of itself.
    expect(found.days.map(({ percent, unexplained }) => unexplained && percent !== null)).toEqual([true, true, true, true, true, true, false])
    expect(found.days[6]).toMatchObject({ percent: null, reason: expect.stringContaining('estimated readings') as string })
    expect(LossDayAnswer.shape.diagnosis.parse(await latest())).toEqual(await latest())
    expect(await sql('SELECT m.address AS meter, c.evidence FROM theft_case c JOIN meter m ON m.id = c.meter_id')).toMatchObject([{ meter: users[3], evidence: { kwhADayBefore: 40, unmeteredKwh: found.suspects[0]?.kwh, unmeteredDays: 7, kinds: found.suspects[0]?.kinds } }])

    await changed(SUM, LAST)
    expect([await runner().run.work(watch), (await versions()).length]).toEqual([1, 1])
    // Half of a meter's day turns out to be estimated: its register's day is the same, what was measured is not.
    await sql("UPDATE vee_day SET states = decode(repeat('02', 48) || repeat('00', 48), 'hex') WHERE day = '2026-10-05' AND meter_id = (SELECT id FROM meter WHERE address = $1)", [users[0]])
    await changed(SUM, LAST)
    expect([await runner().run.work(watch), (await versions()).length]).toEqual([1, 2])
    expect((await latest())?.localisation?.completeness).toBeCloseTo(1 - 48 / (6 * 7 * 96), 3)
  })

  // Mutation seen failing: MOST_BLUR of 1.
  test('with currents of a moment phases are told, and nobody is named', async () => {
    await area(true, 0.3)
    await runner().run.work(watch)
    const found = (await latest())?.localisation
    expect(found).toMatchObject({ whyNot: null, suspects: [], notes: expect.arrayContaining([expect.stringContaining('nobody is named')]) as string[] })
    expect(found?.phases.map(({ phase }) => phase)).toEqual(['A', 'B', 'C', 'A', 'B', 'C'])
    expect(await sql('SELECT 1 FROM theft_case')).toEqual([])
  })

  // Mutation seen failing: areaFeeder without asking who fed in.
  test('a meter with several lines is a line of each; where energy is fed in nothing is localised', async () => {
    await area()
    const [two, gone] = [users[4] as string, users[5] as string]
    const pair = 'FROM meter a, meter b WHERE a.address = $1 AND b.address = $2'
    await sql(`UPDATE vee_day v SET energy = v.energy + o.energy, best = (SELECT array_agg(x + y ORDER BY n) FROM unnest(v.best, o.best) WITH ORDINALITY AS t (x, y, n)) FROM vee_day o, (SELECT a.id AS a, b.id AS b ${pair}) p WHERE v.meter_id = p.a AND o.meter_id = p.b AND o.day = v.day`, [two, gone])
    await sql(`UPDATE day_curve v SET series = v.series || set_byte(set_byte(o.series, 0, 1), 386, 4) FROM day_curve o, (SELECT a.id AS a, b.id AS b ${pair}) p WHERE v.meter_id = p.a AND o.meter_id = p.b AND o.day = v.day`, [two, gone])
    await replaceTopology(database().pool, [line(SUM, 'sum'), ...users.slice(0, 5).map((user) => line(user, 'user'))], 'li')
    await sql('DELETE FROM area_loss_due WHERE day < $1::date', [LAST])
    await runner().run.work(watch)
    expect((await latest())?.localisation).toMatchObject({ suspects: [{ meter: users[3] }], phases: [{}, {}, {}, {}, { meter: two, line: 1, phase: 'B' }, { meter: two, line: 2, phase: 'C' }] })
    await sql("INSERT INTO daily_energy (meter_id, day, item, start_value, end_value, energy, state, computed_at) SELECT id, '2026-10-03', $2, 0, 10, 10, 'measured', now() FROM meter WHERE address = $1", [users[0], 0x00200201])
    await changed(SUM, LAST)
    await runner().run.work(watch)
    expect((await latest())?.localisation).toMatchObject({ whyNot: `energy was fed in: ${users[0]}`, suspects: [] })
  })

  test('without voltages it says so; what does not end in time says so and is tried again', async () => {
    await area(false)
    await runner().run.work(watch)
    expect(await latest()).toMatchObject({ conclusion: 'unexplained', suspects: [], localisation: { whyNot: `the sum meter ${SUM} has no voltages and currents of its three phases`, suspects: [], completeness: null } })
    expect(await sql('SELECT 1 FROM theft_case')).toEqual([])
    await emptyStation(database())
    await addTerminal(database())
    await addMeter(database(), SUM)
    await area()
    const add = async (): Promise<string> => ''
    await createLineLossRun({ pool: database().pool, queues: { add: add as never }, clock: manualClock(), localiseMs: 1 }).work(watch)
    expect(await latest()).toMatchObject({ localisation: { whyNot: 'the analysis did not end within 0.001 s' } })
    await changed(SUM, LAST)
    await runner().run.work(watch)
    expect([(await versions()).length, (await latest())?.localisation?.suspects.length]).toEqual([2, 1])
  })
})

describe('diagnosis in its order', () => {
  const wave = (day: number, seed: number): number => 10 + 2 * Math.sin(day * (1 + seed * 0.37) + seed)
  const users = (over: (seed: number) => Partial<UserMeter> = () => ({})): UserMeter[] => [1, 2, 3].map((seed) => ({
    address: address(seed), energies: Array.from({ length: 36 }, (_, day) => wave(day, seed)), hasBoth: true, estimatedShare: 0, codes: [], clockKnown: true, whyNot: null, ...over(seed),
  }))
  /** Loss is 0.1 % of the square of the supply, and what is not metered. */
  const area = (metered: readonly UserMeter[], hidden: (day: number) => number = () => 0): AreaDays => {
    const sold = Array.from({ length: 36 }, (_, day) => metered.reduce((sum, { energies }) => sum + (energies[day] as number), 0))
    const supply = sold.map((energy, day) => energy + hidden(day) + 0.001 * energy ** 2)
    const loss = supply.map((energy, day) => energy - (sold[day] as number))
    return { percent: (100 * (loss[35] as number)) / (supply[35] as number), supply, loss, users: metered, sumCodes: [], sumClockKnown: true, normalBelow: 7 }
  }
  const thief = () => users((seed) => (seed === 2 ? { energies: Array.from({ length: 36 }, (_, day) => wave(day, 2) * (day < 29 ? 1 : 0.3)) } : {}))
  const stolen = (day: number): number => (day < 29 ? 0 : 0.7 * wave(day, 2))

  test('honest days are normal', () => expect(diagnose(area(users()))).toMatchObject({ conclusion: 'normal', suspects: [] }))
  test('a step down of one meter, when nothing simpler is found', () => {
    expect(diagnose(area(thief(), stolen))).toMatchObject({ conclusion: 'theft-suspected', suspects: [{ meter: address(2) }] })
  })
  test('a clock that is off comes first', () => {
    expect(diagnose(area(thief().map((user) => ({ ...user, codes: user.address === address(1) ? ['VEE-1-CLOCK'] : [] })), stolen))).toMatchObject({ conclusion: 'clock', suspects: [] })
  })
  test('clocks nobody read leave that step open and say whose; read ones within the threshold clear it', () => {
    const stepOf = (area: AreaDays) => diagnose(area).steps.find(({ check }) => check === 'clock')
    expect(stepOf(area(users()))).toMatchObject({ result: 'clear' })
    expect(stepOf(area(users((seed) => ({ clockKnown: seed !== 3 }))))).toMatchObject({ result: 'not-known', evidence: expect.stringContaining(address(3)) as string })
    expect(stepOf({ ...area(users()), sumClockKnown: false })).toMatchObject({ result: 'not-known', evidence: expect.stringContaining('sum meter') as string })
  })
  test('a register that stands still is a fault before it is theft', () => {
    expect(diagnose(area(thief().map((user) => ({ ...user, codes: user.address === address(2) ? ['VEE-9-ZEROS'] : [] })), stolen))).toMatchObject({ conclusion: 'metering-fault' })
  })
  test('a meter behind another transformer takes its energy off the loss, whichever half is looked at', () => {
    // Its own energy never came in here; the others' loss hides it.
    const foreign = area(users(), (day) => 16 - wave(day, 3))
    expect(diagnose(foreign)).toMatchObject({ conclusion: 'topology', steps: expect.arrayContaining([expect.objectContaining({ check: 'topology', evidence: expect.stringContaining(address(3)) as string })]) as object })
  })
  test('more sold than came in is topology', () => expect(diagnose(area(users(), () => -5)).conclusion).toBe('topology'))
  test('a loss by the square of a large supply is technical', () => {
    const large = users().map((user) => ({ ...user, energies: user.energies.map((energy, day) => (day < 35 ? energy : energy * 3)) }))
    expect(diagnose(area(large))).toMatchObject({ conclusion: 'technical' })
  })
})

// Mutation seen failing: `stoppable` without its timer.
test('somebody stops a run: it ends without being tried again, and what it had not done is done by the next', async () => {
  for (let day = 1; day <= 5; day++) for (const [meter, energy] of [[SUM, 100], [A, 50], [B, 45]] as const) await putDay(meter, `2026-10-0${day}`, energy)
  await replaceTopology(database().pool, [line(SUM, 'sum'), line(A, 'user'), line(B, 'user')], 'li')
  const { run, added } = runner()
  const work = (progress: (signal: AbortSignal) => Promise<void>) => stoppable({ pool: database().pool, log: silentLog as never }, 'analysis.line-loss', { id: '1', attempt: 1, signal: watch.signal, progress: async () => undefined },
    async ({ signal }) => ({ areaDays: await run.work({ signal, progress: () => progress(signal) }) }))
  await askJobsToStop(database().pool, 'analysis.line-loss', 'before')
  await askJobsToStop(database().pool, 'analysis.audits', 'other')
  let told = 0
  expect(await work(async (signal) => {
    told += 1
    if (told !== 2) return
    await askJobsToStop(database().pool, 'analysis.line-loss', 'li')
    if (!signal.aborted) await once(signal, 'abort', { signal: AbortSignal.timeout(20_000) }).catch(() => undefined)
  })).toEqual({ stoppedBy: 'li' })
  expect([(await days()).length, added]).toEqual([2, []])
  expect(await work(async () => undefined)).toEqual({ areaDays: 3 })
  expect((await days()).length).toBe(5)
}, 60_000)
