import { addDemandEvent } from '@zhuzhan/persistence'
import { withPostgres } from '@zhuzhan/testing'
import { createTestApi } from '../fixtures/test-api.js'
import type { TestApi } from '../fixtures/test-api.js'

const postgres = withPostgres()
let api: TestApi
const tokens: Record<'operator' | 'dispatcher' | 'approver' | 'viewer', string> = { operator: '', dispatcher: '', approver: '', viewer: '' }
const call = (method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown, as: keyof typeof tokens = 'operator') => api.call(method, `/api/v1${path}`, { token: tokens[as], ...(body !== undefined && { body }) })
const at = (minutes: number): string => new Date(api.clock.now() + minutes * 60_000).toISOString()

const site = (over: object = {}, settings: object = {}) => ({
  name: 'Car park', area: 'EAST-1', piles: [{ pile: 'P1', meter: '11', maxWatts: 7_000 }, { pile: 'P2', meter: '12', phase: 'B', minWatts: 1_380, maxWatts: 3_500, priority: 2 }],
  settings: { transformer: { kva: 100, powerFactor: 0.9 }, tariff: [{ from: '00:00', cnyPerKwh: 0.26 }, { from: '08:00', cnyPerKwh: 1.2 }, { from: '22:00', cnyPerKwh: 0.26 }], base: { kw: 20 }, safeWatts: 1_400, ...settings },
  ...over,
})

beforeAll(async () => {
  api = await createTestApi(postgres.url)
  for (const role of ['operator', 'dispatcher', 'approver', 'viewer'] as const) tokens[role] = await api.user(role, role)
  const { pool } = api.database
  await pool.query("INSERT INTO terminal (address, security_profile) VALUES ('000000000001', 'plain')")
  await pool.query("INSERT INTO meter (address, terminal_address) SELECT lpad(n::text, 12, '0'), '000000000001' FROM generate_series(11, 16) n")
})
beforeEach(() => api.database.pool.query('TRUNCATE charging_site CASCADE'))
afterAll(() => api.close())

test('a site is what was put last, with defaults of the loop and its limit; its piles are meters of no other site', async () => {
  expect((await call('PUT', '/charging-sites/east', site())).body).toMatchObject({
    site: 'east', area: 'EAST-1', limitKw: 72, changedBy: 'operator', settings: { loop: { stepSeconds: 30, intervalSeconds: 60, repeatSeconds: 30, rampShare: 0.2, approval: 'rule' }, slotMinutes: 15 },
    piles: [{ pile: 'P1', meter: '000000000011', phase: null, minWatts: 1_400 }, { pile: 'P2', meter: '000000000012', phase: 'B', maxWatts: 3_500, priority: 2 }],
  })
  expect((await call('PUT', '/charging-sites/east', site({ piles: [{ pile: 'X', meter: '13', maxWatts: 7_000 }] }))).body.piles).toMatchObject([{ pile: 'X', meter: '000000000013' }])
  const refusals = [
    [{ piles: [{ pile: 'P', meter: '13', maxWatts: 7_000 }] }, {}, 409], [{ piles: [{ pile: 'P', meter: '99', maxWatts: 7_000 }] }, {}, 404],
    [{ piles: [{ pile: 'P', meter: '14', maxWatts: 7_000, minWatts: 8_000 }] }, {}, 400], [{}, { phaseLimitKw: 20 }, 400], [{}, { tariff: [{ from: '08:00', cnyPerKwh: 1 }, { from: '08:00', cnyPerKwh: 2 }] }, 400],
    [{ piles: [{ pile: 'P', meter: '14', maxWatts: 1_400 }, { pile: 'Q', meter: '14', maxWatts: 1_400 }] }, {}, 400],
  ] as const
  for (const [over, settings, status] of refusals) expect([over, settings, (await call('PUT', '/charging-sites/west', site(over, settings))).status]).toEqual([over, settings, status])
  expect((await call('GET', '/charging-sites')).body.items).toMatchObject([{ site: 'east', piles: 1, appliances: 0, night: null }])
  expect((await call('DELETE', '/charging-sites/east')).status).toBe(204)
  expect((await call('GET', '/charging-sites/east')).status).toBe(404)
})

test('vehicles come one by one or as CSV, all or none; a pile has one at a time; people withdraw them and opt out', async () => {
  await call('PUT', '/charging-sites/east', site())
  const added = await call('POST', '/charging-sites/east/vehicles', { vehicles: [{ pile: 'P1', plugAt: at(60), departAt: at(300), kwh: 12.5, person: 'li' }] }, 'dispatcher')
  expect(added).toMatchObject({ status: 201, body: { items: [{ pile: 'P1', kwh: 12.5, person: 'li', optedOut: false, servedKwh: null }] } })
  const file = (...lines: string[]) => api.call('POST', '/api/v1/charging-sites/east/vehicles/import', { token: tokens.operator, csv: ['pile,plugAt,departAt,kwh,person', ...lines, ''].join('\r\n') })
  expect(await file(`P2,${at(0)},${at(120)},8,`, `P1,${at(299)},${at(400)},1,`)).toMatchObject({ status: 409, body: { message: expect.stringContaining('Pile P1 would have two vehicles') as string } })
  expect(await file(`P2,${at(0)},${at(120)},8,`, `P2,${at(120)},${at(90)},8,`)).toMatchObject({ status: 400, body: { message: expect.stringContaining('line 3: departAt') as string } })
  expect(await file(`P2,${at(0)},${at(120)},8,`, `P2,${at(119)},${at(240)},8,`)).toMatchObject({ status: 409, body: { message: expect.stringContaining('Pile P2 would have two vehicles') as string } })
  expect(await file(`P9,${at(0)},${at(120)},8,`)).toMatchObject({ status: 404 })
  expect((await file(`P2,${at(0)},${at(120)},8,`, `P1,${at(300)},${at(400)},1,wang`)).body.items).toMatchObject([{ pile: 'P2', person: null }, { pile: 'P1', kwh: 1, person: 'wang' }])
  const listed = (await call('GET', `/charging-sites/east/vehicles?from=${at(200)}`)).body.items as { id: number; pile: string }[]
  expect(listed).toMatchObject([{ pile: 'P1', kwh: 12.5 }, { pile: 'P1', kwh: 1 }])
  const [first, second] = listed.map(({ id }) => id)
  expect([(await call('POST', `/charging-vehicles/${first}/opt-out`)).body.optedOut, (await call('POST', `/charging-vehicles/${first}/opt-out`)).status]).toEqual([true, 409])
  expect([(await call('POST', `/charging-vehicles/${second}/withdraw`)).body.withdrawn, (await call('POST', `/charging-vehicles/${second}/opt-out`)).status, (await call('POST', '/charging-vehicles/999999/opt-out')).status]).toEqual([true, 409, 404])
  expect((await call('GET', `/charging-sites/east/vehicles?from=${at(200)}`)).body.items).toHaveLength(1)
  const { rows } = await api.database.pool.query("SELECT actor, action FROM audit_entry WHERE action LIKE 'charging-vehicle.%' AND outcome = 'ok' ORDER BY id")
  expect(rows).toEqual([{ actor: 'dispatcher', action: 'charging-vehicle.add' }, { actor: 'operator', action: 'charging-vehicle.add' }, { actor: 'operator', action: 'charging-vehicle.opt-out' }, { actor: 'operator', action: 'charging-vehicle.withdraw' }])
})

describe('nights', () => {
  const start = (as: keyof typeof tokens = 'dispatcher', body: object = { startAt: at(30), slots: 4 }) => call('POST', '/charging-sites/east/nights', body, as)
  beforeEach(async () => { await call('PUT', '/charging-sites/east', site({ piles: [{ pile: 'P1', meter: '11', maxWatts: 7_000 }] }, { tariff: [{ from: '00:00', cnyPerKwh: 0.5 }] })) })

  test('one at a time, not before its ramps have room; it is queued at once, and cancelled by people with a reason', async () => {
    expect((await start('dispatcher', { startAt: at(2), slots: 4 })).body).toMatchObject({ code: 'BODY_INVALID', message: expect.stringContaining('at the soonest') as string })
    expect((await start('dispatcher', { startAt: at(30 * 1_440), slots: 4 })).status).toBe(400)
    expect((await start('operator')).status).toBe(403)
    const jobs = api.jobs.length
    const { status, body } = await start()
    expect([status, body]).toMatchObject([201, { state: 'running', slots: 4, slotMinutes: 15, startedBy: 'dispatcher', steps: 0, aborted: false, batchesWaiting: [] }])
    expect(api.jobs.slice(jobs)).toMatchObject([{ name: 'charging.step', data: { night: body.id } }])
    expect(await start()).toMatchObject({ status: 409 })
    expect((await call('GET', '/charging-sites')).body.items).toMatchObject([{ night: body.id }])
    expect((await call('DELETE', '/charging-sites/east')).status).toBe(409)
    expect((await call('POST', `/charging-nights/${body.id}/cancel`, {}, 'dispatcher')).status).toBe(400)
    expect(await call('POST', `/charging-nights/${body.id}/cancel`, { why: 'enough' }, 'dispatcher')).toMatchObject({ status: 202 })
    const { rows } = await api.database.pool.query('SELECT kind, who, why, taken_at FROM charging_instruction WHERE night = $1', [body.id])
    expect(rows).toEqual([{ kind: 'cancel', who: 'dispatcher', why: 'enough', taken_at: null }])
    await api.database.pool.query("UPDATE charging_night SET state = 'cancelled', ended_at = now(), ended_by = 'dispatcher' WHERE id = $1", [body.id])
    expect((await call('POST', `/charging-nights/${body.id}/abort`, { why: 'too late' }, 'dispatcher')).status).toBe(409)
    expect((await call('GET', '/charging-sites/east/nights')).body.items).toMatchObject([{ id: body.id, state: 'cancelled' }])
    expect((await call('GET', '/charging-nights/999999')).status).toBe(404)
  })

  test('a batch waits for an approver who did not start the night', async () => {
    const { body: { id } } = await start()
    await api.database.pool.query("INSERT INTO charging_batch (night, batch, slot_from, slot_to, commands, state) VALUES ($1, 'b1', now(), now(), 2, 'planned'), ($1, 'b2', now(), now(), 2, 'approved')", [id])
    const decide = (batch: string, as: keyof typeof tokens) => call('POST', `/charging-nights/${id}/batches/${batch}/approve`, { why: 'looks right' }, as)
    expect([(await decide('b1', 'dispatcher')).status, (await decide('b2', 'approver')).status, (await decide('b9', 'approver')).status, (await decide('b1', 'approver')).status]).toEqual([403, 409, 404, 202])
    const both = await api.user(`both-${id}`, 'dispatcher', 'approver')
    await api.database.pool.query('UPDATE charging_night SET started_by = $2 WHERE id = $1', [id, `both-${id}`])
    expect(await api.call('POST', `/api/v1/charging-nights/${id}/batches/b1/approve`, { token: both, body: { why: 'I say so' } })).toMatchObject({ status: 403, body: { code: 'SAME_PERSON' } })
    expect((await call('GET', `/charging-nights/${id}`)).body.batchesWaiting).toEqual(['b1'])
  })

  test('what it did: plans, set-points with their commands, log, result from the registers, picture', async () => {
    await call('POST', '/charging-sites/east/vehicles', { vehicles: [{ pile: 'P1', plugAt: at(0), departAt: at(300), kwh: 5 }] })
    const { body: { id, startAt } } = await start('dispatcher', { startAt: at(30), slots: 4 })
    const t = (minutes: number): string => new Date(Date.parse(startAt as string) + minutes * 60_000).toISOString()
    const { pool } = api.database
    await pool.query("UPDATE charging_night SET loop = '{\"baseKw\": [20, 21, 22, 23], \"aborted\": false}', revision = 9 WHERE id = $1", [id])
    await pool.query("INSERT INTO charging_plan (night, version, slot, reason, digest, kw, made_at) VALUES ($1, 1, 0, 'first plan', sha256('x'), '{\"P1\": [7, 0, 0, 3]}', now())", [id])
    await pool.query(`INSERT INTO charging_set_point (night, id, batch, pile, sequence, watts, from_at, to_at, reason, plan_version, state, tries)
      VALUES ($1, 'a', 'b1', 'P1', 1, 7000, $2, $3, 'first plan', 1, 'verified', 1), ($1, 'b', 'b2', 'P1', 2, 0, $3, $4, 'first plan', 1, 'failed', 2)`, [id, t(0), t(15), t(30)])
    await pool.query("INSERT INTO charging_sending (night, set_point, try, command, at, why_not) VALUES ($1, 'b', 1, gen_random_uuid(), now(), 'nobody signs')", [id])
    await pool.query("INSERT INTO charging_log (night, at, about, event, text) SELECT $1, now(), 'loop', 'started', 'line ' || n FROM generate_series(1, 3) n", [id])
    await pool.query(`INSERT INTO charging_reading (night, pile, at, command, watts, plugged, session) VALUES ($1, 'P1', $2, gen_random_uuid(), 7000, true, 0), ($1, 'P1', $3, gen_random_uuid(), 6000, true, 17000), ($1, 'P1', $4, gen_random_uuid(), NULL, NULL, NULL)`, [id, t(0), t(15), t(20)])
    expect((await call('GET', `/charging-nights/${id}/plans`, undefined, 'viewer')).body.items).toMatchObject([{ version: 1, reason: 'first plan', digest: expect.stringMatching(/^[0-9a-f]{64}$/) as string }])
    expect((await call('GET', `/charging-nights/${id}/plans/1`)).body.kw).toEqual({ P1: [7, 0, 0, 3] })
    const { items: [first], nextCursor } = (await call('GET', `/charging-nights/${id}/set-points?limit=1`)).body as { items: object[]; nextCursor: string }
    expect(first).toMatchObject({ id: 'a', watts: 7_000, state: 'verified', commands: [] })
    expect((await call('GET', `/charging-nights/${id}/set-points?cursor=${nextCursor}`)).body).toMatchObject({ items: [{ id: 'b', commands: [{ try: 1, whyNot: 'nobody signs' }] }], nextCursor: null })
    expect((await call('GET', `/charging-nights/${id}/log?limit=2`)).body.items.map(({ text }: { text: string }) => text)).toEqual(['line 1', 'line 2'])
    expect((await call('GET', `/charging-nights/${id}/results`)).body).toMatchObject({ final: false, cost: '0.8500', kwh: 1.7, byPile: [{ pile: 'P1', kwh: 1.7, wantedKwh: 5 }], peakKw: 27, unservedKwh: null, optimum: null, limitKw: 72 })
    const picture = await call('GET', `/charging-nights/${id}/picture`)
    expect([picture.headers['content-type'], picture.text.startsWith('<svg')]).toEqual(['image/svg+xml; charset=utf-8', true])
    expect((await call('GET', `/charging-nights/${id}`)).body).toMatchObject({ steps: 9, plans: 1, setPoints: { verified: 1, failed: 1 } })
  })
})

test('a demand response event keeps its baseline with the days it saw; its result is read from the validated day', async () => {
  await call('PUT', '/charging-sites/east', site({ piles: [{ pile: 'P1', meter: '11', maxWatts: 7_000 }] }))
  const { pool } = api.database
  const day = (back: number): string => new Date(api.clock.now() + 32 * 3_600_000 - back * 86_400_000).toISOString().slice(0, 10)
  const put = (date: string, kw: number, slots = 96) => pool.query(
    `INSERT INTO vee_day (meter_id, day, item, day_over, decimals, ratio, counts, estimated_share, complete, may_act, best, states, gaps, findings, periods, computed_at)
     SELECT id, $1, 1049089, true, 2, 1, '{}', 0, true, true, array_fill($2::int, ARRAY[$3::int]), decode(repeat('00', $3::int), 'hex'), '[]', '[]', '{}', now() FROM meter WHERE address = '000000000013'`, [date, kw * 25, slots])
  const isWeekend = (date: string): boolean => [0, 6].includes(new Date(`${date}T00:00:00Z`).getUTCDay())
  const back = Array.from({ length: 21 }, (_, index) => index + 1)
  for (const n of back) await put(day(n), 40 + n)
  // Tomorrow evening by the site's clock.
  const event = { from: `${day(0)}T18:00:00+08:00`, to: `${day(0)}T19:00:00+08:00`, reductionKw: 10, level: 'customer', subject: '000000000013' }
  const add = (over: object, as: keyof typeof tokens = 'dispatcher') => call('POST', '/charging-sites/east/events', { ...event, ...over }, as)
  expect([(await add({}, 'operator')).status, (await add({ to: `${day(0)}T18:50:00+08:00` })).status, (await add({ to: `${day(-1)}T01:00:00+08:00` })).status, (await add({ subject: 'nobody' })).status, (await add({ highest: 6 })).status]).toEqual([403, 400, 400, 404, 400])
  const like = back.filter((n) => isWeekend(day(n)) === isWeekend(day(0))).slice(0, 5)
  const expected = like.slice(1).reduce((sum, n) => sum + 40 + n, 0) / 4
  const { status, body } = await add({})
  expect([status, body]).toMatchObject([201, { baselineKw: [expected, expected, expected, expected], days: like.map(day), reductionKw: 10, createdBy: 'dispatcher', digest: expect.stringMatching(/^[0-9a-f]{64}$/) as string }])
  expect(await add({ of: 20, highest: 20 })).toMatchObject({ body: { code: 'DATA_REFUSED' } })
  expect((await call('GET', `/demand-events/${body.id}`)).body).toMatchObject({ loadKw: [], result: null })
  await put(day(0), expected - 12)
  expect((await call('GET', `/demand-events/${body.id}`)).body.result).toEqual({ meanKw: 12, leastKw: 12, met: true })
  expect((await call('GET', '/charging-sites/east/events')).body.items).toMatchObject([{ id: body.id }])
  expect([(await call('POST', `/demand-events/${body.id}/withdraw`, undefined, 'dispatcher')).body.withdrawnBy, (await call('POST', `/demand-events/${body.id}/withdraw`, undefined, 'dispatcher')).status]).toEqual(['dispatcher', 409])
  expect((await call('GET', '/charging-sites/east/events')).body.items).toEqual([])
})

describe('appliances', () => {
  const heater = (n: number) => ({ appliance: `A${n}`, meter: String(10 + n), kind: 'water-heater', ratedWatts: 3_000, leastWatts: 500, longestHoldSeconds: 1_800, dayHoldSeconds: 7_200, recoverySeconds: 1_800 })

  test('stand at a site beside piles or alone, each at a meter of its own; vehicles do not charge at them, and a night needs piles', async () => {
    const put = (over: object) => call('PUT', '/charging-sites/east', site(over))
    expect((await put({ appliances: [heater(3), heater(4)] })).body).toMatchObject({
      piles: [{ pile: 'P1' }, { pile: 'P2' }], appliances: [{ appliance: 'A3', meter: '000000000013', kind: 'water-heater', ratedWatts: 3_000, leastWatts: 500, longestHoldSeconds: 1_800 }, { appliance: 'A4' }],
    })
    const refusals: readonly [object, number][] = [
      [{ piles: [] }, 400], [{ appliances: [{ ...heater(3), leastWatts: 3_000 }] }, 400], [{ appliances: [heater(1)] }, 400], [{ appliances: [{ ...heater(3), appliance: 'P1' }] }, 400], [{ appliances: [{ ...heater(3), longestHoldSeconds: 899 }] }, 400],
      [{ appliances: [{ ...heater(3), meter: '14' }, heater(4)] }, 400],
    ]
    for (const [over, status] of refusals) expect([over, (await put(over)).status]).toEqual([over, status])
    expect((await call('POST', '/charging-sites/east/vehicles', { vehicles: [{ pile: 'A3', plugAt: at(60), departAt: at(300), kwh: 1 }] })).status).toBe(404)
    expect((await put({ piles: [], appliances: [heater(1)] })).body).toMatchObject({ piles: [], appliances: [{ appliance: 'A1' }] })
    expect((await call('GET', '/charging-sites')).body.items).toMatchObject([{ piles: 0, appliances: 1 }])
    expect(await call('POST', '/charging-sites/east/nights', { startAt: at(30), slots: 4 }, 'dispatcher')).toMatchObject({ status: 409, body: { message: 'The site has no piles.' } })
  })

  test('an event has a run on them: queued, shown like a night with what it brought, cancelled when it is withdrawn', async () => {
    await call('PUT', '/charging-sites/east', site({ piles: [], appliances: [heater(1), heater(2)] }))
    const { pool } = api.database
    const from = new Date(Math.ceil((api.clock.now() + 3_600_000) / 900_000) * 900_000)
    const event = await addDemandEvent(pool, { site: 'east', level: 'customer', subject: '000000000013', from, to: new Date(from.getTime() + 1_800_000), reductionKw: 4, appliancesKw: 2, highest: 4, of: 5, baselineKw: [40, 40], days: [], digest: Buffer.alloc(32) }, 'dispatcher', new Date(api.clock.now()))
    const id = event.run as number
    const t = (minutes: number): Date => new Date(from.getTime() + minutes * 60_000)
    expect((await call('GET', '/charging-sites/east/events')).body.items).toMatchObject([{ id: event.id, run: id, appliancesKw: 2, reductionKw: 4 }])
    expect((await call('GET', `/charging-nights/${id}`)).body).toMatchObject({ event: event.id, state: 'running', slots: 4, startAt: from.toISOString() })
    expect((await call('GET', '/charging-sites')).body.items).toMatchObject([{ night: null }])
    const books = [['A1', { drawsKw: 2, heldMs: 0, todayMs: 0, restMs: 0 }], ['A2', { drawsKw: 1.5, heldMs: 0, todayMs: 0, restMs: 0 }]]
    await pool.query('UPDATE charging_night SET loop = $2, revision = 5 WHERE id = $1', [id, JSON.stringify({ baseKw: [20, 20, 20, 20], aborted: false, planner: { version: 1, slot: 1, books } })])
    await pool.query(`INSERT INTO charging_set_point (night, id, batch, pile, sequence, watts, from_at, to_at, reason, plan_version, state, tries)
      VALUES ($1, 'a', 'b1', 'A1', 1, 500, $2, $3, 'first plan', 1, 'verified', 1), ($1, 'b', 'b2', 'A1', 2, 3000, $3, $4, 'first plan', 1, 'verified', 1), ($1, 'c', 'b1', 'A2', 3, 1000, $2, $3, 'first plan', 1, 'failed', 1)`, [id, t(0), t(15), t(30)])
    await pool.query(`INSERT INTO charging_reading (night, pile, at, command, watts, plugged, session) VALUES ($1, 'A1', $2, gen_random_uuid(), 2000, true, 70000), ($1, 'A2', $2, gen_random_uuid(), 1500, true, 5000),
      ($1, 'A1', $3, gen_random_uuid(), 500, true, 71000), ($1, 'A2', $3, gen_random_uuid(), 1500, true, 5500), ($1, 'A1', $4, gen_random_uuid(), 500, true, 72000), ($1, 'A2', $4, gen_random_uuid(), 500, true, 6000)`, [id, t(-5), t(5), t(10)])
    expect((await call('GET', `/charging-nights/${id}/results`)).body).toMatchObject({
      kwh: 0.3, byPile: [{ pile: 'A1', kwh: 0.2, wantedKwh: 0 }, { pile: 'A2', kwh: 0.1 }], peakKw: 3.5, unservedKwh: null,
      reduction: { askedKw: 2, meanKw: 1.7, leastKw: 1.5, byAppliance: [{ appliance: 'A1', drawsKw: 2, heldMinutes: 15 }, { appliance: 'A2', drawsKw: 1.5, heldMinutes: 0 }] },
    })
    expect((await call('GET', `/charging-nights/${id}/picture`)).text.startsWith('<svg')).toBe(true)
    const jobs = api.jobs.length
    expect((await call('POST', `/demand-events/${event.id}/withdraw`, undefined, 'dispatcher')).body).toMatchObject({ withdrawnBy: 'dispatcher', run: id })
    expect(api.jobs.slice(jobs)).toMatchObject([{ name: 'charging.step', data: { night: id } }])
    expect((await pool.query('SELECT kind, who, why FROM charging_instruction WHERE night = $1', [id])).rows).toEqual([{ kind: 'cancel', who: 'dispatcher', why: 'the event was withdrawn' }])
  })
})
