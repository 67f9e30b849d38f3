import { withPostgres } from '@zhuzhan/testing'
import { createTestApi } from '../fixtures/test-api.js'
import type { TestApi } from '../fixtures/test-api.js'

const postgres = withPostgres()
let api: TestApi
const tokens: Record<'operator' | 'approver' | 'viewer', string> = { operator: '', approver: '', viewer: '' }
const call = (method: 'GET' | 'POST', path: string, body?: unknown, as: keyof typeof tokens = 'operator') => api.call(method, `/api/v1/theft-cases${path}`, { token: tokens[as], ...(body !== undefined && { body }) })
const open = (...cases: object[]) => call('POST', '', { cases })
const step = (id: number, path: string, as: keyof typeof tokens = 'operator') => call('POST', `/${id}/${path}`, { why: `because of ${path}` }, as)

beforeAll(async () => {
  api = await createTestApi(postgres.url)
  for (const role of ['operator', 'approver', 'viewer'] as const) tokens[role] = await api.user(role, role)
  const { pool } = api.database
  await pool.query("INSERT INTO terminal (address, security_profile) VALUES ('000000000001', 'plain')")
  await pool.query("INSERT INTO meter (address, terminal_address) SELECT lpad(n::text, 12, '0'), '000000000001' FROM generate_series(11, 16) n")
})
beforeEach(() => api.database.pool.query('TRUNCATE theft_case'))
afterAll(() => api.close())

test('a case goes from suspicion over an inspection to a decision, each by whom it may concern, with every step kept and audited', async () => {
  const { body: { items: [opened] } } = await open({ meter: '11', why: 'use fell on one day', evidence: { day: '2026-10-01' }, since: '2026-10-01', recoverableKwh: '120.5' })
  const id = opened.id as number
  expect(opened).toEqual({ meter: '000000000011', id: expect.any(Number) as number, refused: null })
  expect([(await step(id, 'confirm', 'approver')).status, (await step(id, 'inspect', 'approver')).status, (await step(id, 'inspect', 'viewer')).status]).toEqual([409, 403, 403])
  expect((await step(id, 'inspect')).body.state).toBe('inspected')
  expect([(await step(id, 'confirm')).status, (await step(id, 'confirm', 'approver')).body.state]).toEqual([403, 'confirmed'])
  for (const path of ['inspect', 'clear', 'confirm']) expect((await step(id, path, path === 'inspect' ? 'operator' : 'approver')).status).toBe(409)
  const { body } = await call('GET', `/${id}`, undefined, 'viewer')
  expect(body).toMatchObject({ state: 'confirmed', recoverableKwh: '120.5', since: '2026-10-01', evidence: { day: '2026-10-01' } })
  expect(body.decidedAt).toMatch(/\+08:00$/)
  expect(body.steps).toMatchObject([{ state: 'open', who: 'operator', why: 'use fell on one day' }, { state: 'inspected', who: 'operator', why: 'because of inspect' }, { state: 'confirmed', who: 'approver' }])
  const { rows } = await api.database.pool.query("SELECT actor, action FROM audit_entry WHERE object = $1 ORDER BY id", [`theft-case/${id}`])
  expect(rows).toEqual([{ actor: 'operator', action: 'theft-case.open' }, { actor: 'operator', action: 'theft-case.inspected' }, { actor: 'approver', action: 'theft-case.confirmed' }])
  await expect(api.database.pool.query('DELETE FROM theft_case_step')).rejects.toThrow(/append/)
})

test('a meter has one case at a time; what was cleared is raised again by people only, for 60 days', async () => {
  const first = (await open({ meter: '12', why: 'a hint' })).body.items[0].id as number
  expect((await open({ meter: '12', why: 'again' }, { meter: '13', why: 'another' }, { meter: '99', why: 'nobody' })).body.items).toMatchObject([{ refused: 'open-already', id: null }, { refused: null }, { refused: 'unknown-meter' }])
  await step(first, 'clear', 'approver')
  expect((await open({ meter: '12', why: 'score', source: 'score', score: 0.9 })).body.items).toMatchObject([{ refused: 'cleared-lately' }])
  api.clock.advance(61 * 86_400_000)
  tokens.operator = await api.user('again', 'operator')
  const later = (await open({ meter: '12', why: 'score', source: 'score', score: 0.9 })).body.items[0].id as number
  expect(later).toBeGreaterThan(first)
  tokens.approver = await api.user('also', 'approver')
  await step(later, 'clear', 'approver')
  expect((await open({ meter: '12', why: 'seen with my own eyes' })).body.items).toMatchObject([{ refused: null }])
})

test('who inspected does not decide, whatever roles he has', async () => {
  const { body: { items: [{ id }] } } = await open({ meter: '15', why: 'a hint' }) as { body: { items: [{ id: number }] } }
  const both = await api.user('both', 'operator', 'approver')
  const as = (path: string) => api.call('POST', `/api/v1/theft-cases/${id}/${path}`, { token: both, body: { why: 'I saw it' } })
  expect((await as('inspect')).status).toBe(200)
  for (const path of ['confirm', 'clear']) expect(await as(path)).toMatchObject({ status: 403, body: { code: 'SAME_PERSON' } })
  expect((await step(id, 'confirm', 'approver')).body.state).toBe('confirmed')
})

test('two who open at once open one', async () => {
  const answers = await Promise.all(Array.from({ length: 8 }, () => open({ meter: '14', why: 'at once' })))
  expect(answers.map(({ body }) => body.items[0].refused as string | null).sort()).toEqual([null, ...Array.from({ length: 7 }, () => 'open-already')].sort())
})

test('are listed by what could be recovered, page by page', async () => {
  await open({ meter: '11', why: 'x y z', recoverableKwh: '5' }, { meter: '12', why: 'x y z', recoverableKwh: '120.5' }, { meter: '13', why: 'x y z', score: 0.4 }, { meter: '14', why: 'x y z', score: 0.8 }, { meter: '15', why: 'x y z' }, { meter: '16', why: 'x y z' })
  const seen: string[] = []
  for (let cursor: string | null = ''; cursor !== null;) {
    const { body } = await call('GET', `?limit=2${cursor ? `&cursor=${cursor}` : ''}`) as { body: { items: { meter: string }[]; nextCursor: string | null } }
    seen.push(...body.items.map(({ meter }) => meter.slice(-2)))
    cursor = body.nextCursor
  }
  expect(seen).toEqual(['12', '11', '14', '13', '15', '16'])
  expect((await call('GET', '?state=confirmed')).body.items).toEqual([])
  expect((await call('GET', '?meter=13')).body.items).toHaveLength(1)
})

test('labels are what inspections said', async () => {
  const ids = (await open({ meter: '11', why: 'x y z', since: '2026-10-01' }, { meter: '12', why: 'x y z' }, { meter: '13', why: 'x y z' }, { meter: '14', why: 'x y z' })).body.items.map(({ id }: { id: number }) => id) as number[]
  for (const id of ids.slice(0, 2)) await step(id, 'inspect')
  await step(ids[0]!, 'confirm', 'approver')
  await step(ids[1]!, 'clear', 'approver')
  // Cleared at the desk: nobody looked, so it teaches nothing.
  await step(ids[2]!, 'clear', 'approver')
  const lines = (await call('GET', '/labels')).text.trim().split('\r\n').map((line) => line.split(',').slice(0, 3).join(','))
  expect(lines).toEqual(['series,theft,since', '000000000011,1,2026-10-01', '000000000012,0,'])
})

test.each<[string, object]>([['without a reason', { meter: '11' }], ['with a score over 1', { meter: '11', why: 'x y z', score: 2 }], ['with an amount that is no number', { meter: '11', why: 'x y z', recoverableKwh: '1e3' }]])('no case %s', async (_, body) => {
  expect((await open(body)).status).toBe(400)
})

test('scores of the last run that is done, ranked, by area, page by page and as CSV; a run is ordered once, by whoever may compute', async () => {
  const { pool } = api.database
  const scores = (query: string) => api.call('GET', `/api/v1/anomaly-scores${query}`, { token: tokens.viewer })
  tokens.viewer = await api.user('looks', 'viewer')
  const operator = await api.user('orders', 'operator')
  expect((await scores('')).status).toBe(404)
  const { rows: [run] } = await pool.query<{ id: string }>("INSERT INTO anomaly_run (day, nightly, requested_by, state, created_at, updated_at, ended_at) VALUES ('2026-10-01', true, 'analytics', 'done', now(), now(), now()) RETURNING id")
  for (const [meter, area, score, kwh] of [['000000000011', 'T1', 0.2, 90], ['000000000012', 'T2', 0.9, 40], ['000000000013', 'T1', null, null], ['000000000014', 'T1', 0.9, 40]] as const) {
    await pool.query(`INSERT INTO anomaly_score (run_id, meter_id, cohort, area, score, why_not, recoverable_kwh, completeness, taken_out, model_digest, digest, computed_at)
      SELECT $1, id, 1, $3, $4::float8, CASE WHEN $4::float8 IS NULL THEN 'no history' END, $5, 1, '{}', 'of the model', sha256('x'), now() FROM meter WHERE address = $2`, [run?.id, meter, area, score, kwh])
  }
  const meters = async (query: string) => (await scores(query)).body.items.map(({ meter }: { meter: string }) => meter.slice(-2))
  expect([await meters(''), await meters('?rank=score'), await meters('?area=T1'), await meters('?meter=12')]).toEqual([['11', '12', '14', '13'], ['12', '14', '11', '13'], ['11', '14', '13'], ['12']])
  const { body: page } = await scores('?limit=2')
  expect(page).toMatchObject({ run: { id: Number(run?.id), day: '2026-10-01', state: 'done' }, items: [{ score: 0.2, recoverableKwh: 90 }, { area: 'T2', whyNot: null }] })
  // Equal in both figures: the cursor must tell them apart.
  expect(await meters(`?limit=2&cursor=${page.nextCursor as string}`)).toEqual(['14', '13'])
  expect((await scores('?format=csv&rank=score&limit=1')).text).toBe('meter,area,score,recoverable_kwh,expected_kwh_day,counted_kwh_day,days,completeness,why_not\r\n000000000012,T2,0.9,40,,,,1,\r\n')
  expect((await scores('?run=99999')).status).toBe(404)

  const order = (body: object, token = operator) => api.call('POST', '/api/v1/anomaly-scores/runs', { token, body })
  const yesterday = new Date(api.clock.now() + 8 * 3_600_000 - 86_400_000).toISOString().slice(0, 10)
  const { status, body: ordered } = await order({})
  expect([status, ordered]).toMatchObject([202, { day: yesterday, state: 'queued', requestedBy: 'orders', nightly: false, total: null }])
  expect(api.jobs.at(-1)).toMatchObject({ name: 'analysis.anomaly-scores', data: {} })
  expect((await order({})).body.id).toBe(ordered.id)
  expect([(await order({ day: new Date(api.clock.now() + 8 * 3_600_000).toISOString().slice(0, 10) })).status, (await order({}, tokens.viewer)).status]).toEqual([400, 403])
  expect((await api.call('GET', '/api/v1/anomaly-scores/runs', { token: operator })).body.items.map(({ id }: { id: number }) => id)).toEqual([ordered.id, Number(run?.id)])
  // What is not done shows nothing yet.
  expect((await scores('')).body.run.id).toBe(Number(run?.id))
})
