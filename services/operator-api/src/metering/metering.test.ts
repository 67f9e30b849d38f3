import { withPostgres } from '@zhuzhan/testing'
import { createTestApi } from '../fixtures/test-api.js'
import type { TestApi } from '../fixtures/test-api.js'

const postgres = withPostgres()
let api: TestApi
let token: string
const METER = '000000000011'
const NOW = Date.parse('2026-10-20T00:00:00Z')
const call = (path: string, as = token) => api.call('GET', `/api/v1${path}`, { token: as })
const edit = (body: object, as = token) => api.call('POST', `/api/v1/meters/${METER}/edits`, { token: as, body })

beforeAll(async () => {
  api = await createTestApi(postgres.url)
  api.clock.advance(NOW - api.clock.now())
  token = await api.user('li', 'operator')
  const { pool } = api.database
  await pool.query("INSERT INTO terminal (address, security_profile) VALUES ('000000000001', 'plain')")
  await pool.query("INSERT INTO meter (address, terminal_address) VALUES ($1, '000000000001')", [METER])
  await pool.query(`INSERT INTO reading (time, received_at, meter_id, shape, values)
    VALUES ('2026-10-04T16:00:00Z', now(), (SELECT id FROM meter WHERE address = $1), reading_shape_of('{1049089}', '{measured}', '{poll}'), '{100.50}')`, [METER])
})
afterAll(() => api.close())

test('an edit names its person and reason, keeps what held, and is in the audit log', async () => {
  const given = { item: '00100201', time: '2026-10-05T00:00:00', kind: 'replace', value: '100.70', reason: 'read at the meter' }
  const { status, body } = await edit(given)
  expect([status, body]).toEqual([202, { meter: METER, edit: expect.any(Number) as number, before: '100.50', state: 'accepted' }])
  expect((await edit({ ...given, kind: 'reject', value: undefined })).body).toMatchObject({ before: '100.70' })
  const { body: list } = await call(`/meters/${METER}/edits`)
  expect(list.items).toMatchObject([
    { kind: 'reject', value: null, before: '100.70', who: 'li', reason: 'read at the meter', item: '00100201', time: '2026-10-05T00:00:00+08:00', inForce: true },
    { kind: 'replace', value: '100.70', before: '100.50', who: 'li', inForce: false },
  ])
  const { rows } = await api.database.pool.query("SELECT actor, action, object, reason FROM audit_entry WHERE action LIKE 'reading.%' ORDER BY id")
  expect(rows).toEqual([{ actor: 'li', action: 'reading.replace', object: `meter/${METER}`, reason: 'read at the meter' }, { actor: 'li', action: 'reading.reject', object: `meter/${METER}`, reason: 'read at the meter' }])
  expect((await api.database.pool.query('SELECT days::text AS days, cause FROM touched_days ORDER BY id')).rows[0]).toMatchObject({ days: '{2026-10-05}', cause: { kind: 'edit', who: 'li' } })
  // The raw value is where it was.
  expect((await api.database.pool.query('SELECT value::text AS value FROM reading_value')).rows).toEqual([{ value: '100.50' }])
})

test.each<[string, object, number]>([
  ['without a reason', { reason: undefined }, 400],
  ['with a blank reason', { reason: '   ' }, 400],
  ['without a value', { value: undefined }, 400],
  ['with a value that is no register', { value: '-1' }, 400],
  ['with a value and reject', { kind: 'reject' }, 400],
  ['of an instant ahead', { time: '2026-10-21T00:00:00Z' }, 400],
  ['of a voltage', { item: '20000201' }, 400],
  ['of a whole array', { item: '00100200' }, 400],
  ['with nothing to withdraw', { kind: 'withdraw', value: undefined, time: '2026-10-06T00:00:00Z' }, 409],
])('no edit %s', async (_, over, status) => {
  const before = (await api.database.pool.query('SELECT count(*) AS n FROM reading_edit')).rows
  expect((await edit({ item: '00100201', time: '2026-10-05T00:15:00', kind: 'replace', value: '1.00', reason: 'a reason', ...over })).status).toBe(status)
  expect((await api.database.pool.query('SELECT count(*) AS n FROM reading_edit')).rows).toEqual(before)
})

test('who may only look or approve edits nothing', async () => {
  const approver = await api.user('wang', 'approver')
  expect((await edit({ item: '00100201', time: '2026-10-05T00:15:00', kind: 'replace', value: '1.00', reason: 'a reason' }, approver)).status).toBe(403)
})

test('days, gaps, changes and months are listed page by page', async () => {
  const { pool } = api.database
  await pool.query(`INSERT INTO vee_day (meter_id, day, item, day_over, decimals, ratio, digits, energy, counts, estimated_share, complete, may_act, best, states, gaps, findings, periods, computed_at, basis)
    SELECT id, d, 1049089, true, 2, 1, 5, 0.05, '{"measured": 1}', 0.5, false, false, '{5,NULL}', '\\x0204', '[]', '[]', '{}', now(), 'registers' FROM meter, unnest('{2026-10-17,2026-10-19}'::date[]) d WHERE address = $1`, [METER])
  const first = (await call(`/meters/${METER}/validated-days?limit=1`)).body
  expect(first.items).toMatchObject([{ day: '2026-10-17', item: '00100201', energy: '0.05', mayAct: false, estimatesFinal: true, intervals: [{ energy: '0.05', state: 'estimated' }, { energy: null, state: 'missing' }] }])
  expect((await call(`/meters/${METER}/validated-days?limit=1&cursor=${first.nextCursor}`)).body).toMatchObject({ items: [{ day: '2026-10-19', estimatesFinal: false }], nextCursor: null })

  await pool.query("UPDATE vee_day SET digits = 6, energy = 0.06 WHERE day = '2026-10-17'")
  expect((await call(`/meters/${METER}/figure-changes?figure=vee_day`)).body.items).toMatchObject([{ figure: 'vee_day', subject: '2026-10-17/00100201', before: { energy: 0.05 }, after: { energy: 0.06 } }])

  await pool.query(`INSERT INTO vee_gap (meter_id, item, day, from_at, to_at, reason, method, state, first_seen_at)
    SELECT id, 1049089, '2026-10-05', '2026-10-04T16:00:00Z', '2026-10-04T17:00:00Z', 'nothing came', 'line', 'open', now() FROM meter WHERE address = $1`, [METER])
  expect((await call(`/energy/gaps?meter=11&state=open`)).body.items).toMatchObject([{ meter: METER, from: '2026-10-05T00:00:00+08:00', to: '2026-10-05T01:00:00+08:00', reason: 'nothing came', state: 'open', closedAt: null }])
  expect((await call('/energy/gaps?state=final')).body.items).toEqual([])

  await pool.query(`INSERT INTO consumption_month SELECT id, '2026-10-01', 1049089, 4.8, NULL, 1, 0, '{"peak": "2.8"}', 1.5904, '[]', true, now() FROM meter WHERE address = $1`, [METER])
  expect((await call(`/meters/${METER}/consumption`)).body.items).toMatchObject([{ month: '2026-10', energy: '4.8', cost: '1.5904', byPeriod: { peak: '2.8' } }])
})

describe('thresholds', () => {
  const set = (scope: string, thresholds: object, over: object = {}, as = token) => api.call('POST', `/api/v1/energy/thresholds/${scope}`, { token: as, body: { thresholds, reason: 'a large customer', ...over } })

  test('differ by class and meter, are told with the defaults, and are in the audit log', async () => {
    expect(await set('class/residential', { rangeFactor: 2, capacityKw: null })).toMatchObject({ status: 200, body: { scope: 'class/residential', who: 'li', thresholds: { rangeFactor: 2, capacityKw: null } } })
    expect(await set('meter/11', { stuckHours: 48 })).toMatchObject({ status: 200, body: { scope: `meter/${METER}` } })
    expect((await set('class/residential', { rangeFactor: 1.5 })).body.thresholds).toEqual({ rangeFactor: 1.5 })
    const { body } = await call('/energy/thresholds')
    expect(body.items).toMatchObject([{ scope: 'class/residential' }, { scope: `meter/${METER}`, thresholds: { stuckHours: 48 } }])
    expect([body.classes.residential.rangeFactor, body.classes.residential.capacityKw, body.classes.unknown.rangeFactor, body.meanings.stuckHours]).toEqual([1.5, 13.2, 1.2, 'Check 9, ours: the same energy for so long'])
    const { rows } = await api.database.pool.query("SELECT action, object, reason, detail FROM audit_entry WHERE action LIKE 'thresholds.%' ORDER BY id")
    expect(rows).toMatchObject([{}, {}, { action: 'thresholds.set', object: 'thresholds/class/residential', reason: 'a large customer', detail: { before: { rangeFactor: 2, capacityKw: null }, after: { rangeFactor: 1.5 } } }])
    const remove = (scope: string) => api.call('DELETE', `/api/v1/energy/thresholds/${scope}`, { token })
    expect([(await remove('class/residential')).status, (await remove('class/residential')).status]).toEqual([204, 404])
  })

  test.each<[string, string, object, object, number]>([
    ['that nobody knows', 'class/residential', { nonsense: 1 }, {}, 400],
    ['out of range', 'class/residential', { rangeFactor: -1 }, {}, 400],
    ['of a class nobody knows', 'class/castle', { rangeFactor: 2 }, {}, 400],
    ['of a meter nobody registered', 'meter/98', { rangeFactor: 2 }, {}, 404],
    ['without a reason', 'class/residential', { rangeFactor: 2 }, { reason: ' ' }, 400],
    ['that are none', 'class/residential', {}, {}, 400],
  ])('no thresholds %s', async (_, scope, thresholds, over, status) => expect((await set(scope, thresholds, over)).status).toBe(status))

  test('who may only look sets none', async () => expect((await set('class/unknown', { rangeFactor: 2 }, {}, await api.user('zhao', 'viewer'))).status).toBe(403))
})

test('topology: imported whole or not at all, given back as it came, days due', async () => {
  const { pool } = api.database
  await pool.query("INSERT INTO meter (address, terminal_address) VALUES ('000000000012', '000000000001')")
  const post = (csv: string, as = token) => api.call('POST', '/api/v1/loss-areas/topology', { token: as, csv })
  const head = 'area,meter,role,from,to\n'
  const file = `${head}T1,000000000011,sum,2026-10-01,\nT1,000000000012,user,2026-10-01,2026-10-18\n`
  expect(await post(file)).toMatchObject({ status: 202, body: { areas: ['T1'], rows: 2, daysDue: 2 } })
  expect(api.jobs.at(-1)).toMatchObject({ name: 'analysis.line-loss' })
  expect((await call('/loss-areas/topology')).text).toBe(file)
  expect((await call('/loss-areas')).body.items).toEqual([{ area: 'T1', sumMeters: 1, userMeters: 0, due: 2, last: null }])
  expect((await pool.query("SELECT actor, outcome FROM audit_entry WHERE action = 'loss-topology.import'")).rows).toEqual([{ actor: 'li', outcome: 'ok' }])
  // Mutation seen: without OVERLAP the meter is in both areas.
  for (const [csv, status] of [
    [`${head}T2,000000000012,user,2026-10-17,\n`, 409], [`${head}T1,000000000011,sum,2026-10-01,\nT1,000000000099,user,2026-10-01,\n`, 404], [`${head}T1,000000000011,sum,2026-10-02,2026-10-02\n`, 400],
    [`${head}T1,000000000011,both,2026-10-02,\n`, 400], ['meter,area\n', 400], [head, 400],
  ] as const) expect([csv, (await post(csv)).status]).toEqual([csv, status])
  expect((await post(file, await api.user('sun', 'approver'))).status).toBe(403)
  expect((await call('/loss-areas/topology')).text).toBe(file)
  expect((await post(`${head}T2,000000000012,user,2026-10-18,\n`)).status).toBe(202)
})

test('clocks of a meter, and who is beyond the threshold', async () => {
  const { pool } = api.database
  await pool.query("INSERT INTO meter_clock (meter_id, at, deviation_s, uncertainty_s, reason) SELECT id, t, d, u, r FROM meter, (VALUES ('2026-10-18T00:00:00Z'::timestamptz, 600.5, 2.5, NULL), ('2026-10-19T00:00:00Z', NULL, NULL, 'DAR 33')) AS v (t, d, u, r) WHERE address = $1", [METER])
  expect((await call(`/meters/${METER}/clock`)).body.items).toEqual([
    { at: '2026-10-19T08:00:00+08:00', deviationSeconds: null, uncertaintySeconds: null, reason: 'DAR 33' },
    { at: '2026-10-18T08:00:00+08:00', deviationSeconds: 600.5, uncertaintySeconds: 2.5, reason: null },
  ])
  const listed = { meter: METER, terminal: '000000000001', at: '2026-10-18T08:00:00+08:00', deviationSeconds: 600.5, uncertaintySeconds: 2.5, thresholdSeconds: 300 }
  expect((await call('/energy/clocks')).body.items).toEqual([listed])
  // The threshold of its class counts too.
  await api.call('POST', '/api/v1/energy/thresholds/class/unknown', { token, body: { thresholds: { clockFlagMs: 598_000 }, reason: 'known drift' } })
  expect((await call('/energy/clocks')).body.items).toEqual([])
  await api.call('DELETE', '/api/v1/energy/thresholds/class/unknown', { token })
  expect((await call('/energy/clocks')).body.items).toEqual([listed])
})

describe('exchanges of meters', () => {
  const OTHER = '000000000012'
  const given = { oldMeter: METER, newMeter: OTHER, at: '2026-10-06T10:07:00', registers: { '00100201': { last: '106.82', first: '7.00' }, '00100202': { last: '50', first: '0' } }, reason: 'display dark' }
  const post = (body: object, as = token) => api.call('POST', '/api/v1/meter-exchanges', { token: as, body })
  beforeAll(() => api.database.pool.query("INSERT INTO meter (address, terminal_address) VALUES ($1, '000000000001') ON CONFLICT DO NOTHING", [OTHER]))

  test.each<[string, object, number]>([
    ['without the total register', { registers: { '00100202': { last: '1', first: '2' } } }, 400],
    ['with a register that is none', { registers: { '00100201': { last: '-1', first: '2' } } }, 400],
    ['of an instant ahead', { at: '2026-10-21T00:00:00Z' }, 400],
    ['for itself', { newMeter: METER }, 400],
    ['without a reason', { reason: ' ' }, 400],
    ['of a meter nobody knows', { oldMeter: '000000000099' }, 404],
  ])('none %s', async (_, over, status) => {
    expect((await post({ ...given, ...over })).status).toBe(status)
    expect((await call('/meter-exchanges')).body.items).toEqual([])
  })

  test('one is stored with who and why, in the audit log, orders its days anew, and stands once at an instant', async () => {
    expect((await post(given, await api.user('qian', 'approver'))).status).toBe(403)
    const { status, body } = await post(given)
    expect([status, body]).toEqual([202, { exchanges: [expect.any(Number)], state: 'accepted' }])
    expect((await call(`/meter-exchanges?meter=${OTHER}`)).body.items).toEqual([{
      exchange: body.exchanges[0], oldMeter: METER, newMeter: OTHER, at: '2026-10-06T10:07:00+08:00', registers: given.registers, who: 'li', reason: 'display dark', enteredAt: expect.any(String) as string,
    }])
    const { pool } = api.database
    expect((await pool.query("SELECT actor, object, reason, detail FROM audit_entry WHERE action = 'meter.exchange' AND outcome = 'ok'")).rows)
      .toMatchObject([{ actor: 'li', object: `meter/${METER}`, reason: 'display dark', detail: { newMeter: OTHER, registers: { '00100201': ['106.82', '7.00'] } } }])
    expect((await pool.query("SELECT days[1]::text AS first, days[array_length(days, 1)]::text AS last, cause FROM touched_days WHERE cause ->> 'kind' = 'exchange'")).rows).toMatchObject([{ first: '2026-10-06', last: '2026-10-20', cause: { who: 'li' } }])
    expect((await post(given)).status).toBe(409)
    expect((await api.call('DELETE', `/api/v1/meters/${OTHER}`, { token })).status).toBe(409)
  })

  test('a file goes in whole or not at all, and says its line', async () => {
    const { pool } = api.database
    await pool.query("INSERT INTO meter (address, terminal_address) SELECT a, '000000000001' FROM unnest('{000000000013,000000000014}'::text[]) AS a")
    const send = (text: string) => api.call('POST', '/api/v1/meter-exchanges/import', { token, csv: text })
    const head = 'oldMeter,newMeter,at,last,first,reason'
    const good = '000000000012,000000000013,2026-10-08T09:00:00,12.5,0.1,batch'
    expect((await send(`${head}\n${good}\n13,14,2026-10-08T10:00:00,x,0,batch\n`)).body).toMatchObject({ message: expect.stringContaining('line 3') as string })
    expect((await call('/meter-exchanges')).body.items).toHaveLength(1)
    expect((await send(`${head}\n${good}\n13,14,2026-10-09T10:00:00,5,0,batch\n`)).status).toBe(202)
    expect((await call('/meter-exchanges')).body.items).toHaveLength(3)
  })
  test('a wrong one is withdrawn with its reason, the latest first', async () => {
    const [latest, , first] = (await call('/meter-exchanges')).body.items as { exchange: number }[]
    const withdraw = (id: number | undefined, reason = 'wrong meter') => api.call('POST', `/api/v1/meter-exchanges/${id}/withdraw`, { token, body: { reason } })
    expect((await withdraw(first?.exchange)).status).toBe(409)
    expect((await withdraw(latest?.exchange, '')).status).toBe(400)
    expect((await withdraw(latest?.exchange)).status).toBe(202)
    expect((await withdraw(latest?.exchange)).status).toBe(404)
    expect((await call('/meter-exchanges')).body.items).toHaveLength(2)
    expect((await api.database.pool.query("SELECT actor, reason FROM audit_entry WHERE action = 'meter.exchange.withdraw' AND outcome = 'ok'")).rows).toEqual([{ actor: 'li', reason: 'wrong meter' }])
  })
})
