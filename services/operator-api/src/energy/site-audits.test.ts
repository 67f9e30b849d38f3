import { demoPlant, siteAudit } from '@zhuzhan/energy-audit'
import { withPostgres } from '@zhuzhan/testing'
import { createTestApi } from '../fixtures/test-api.js'
import type { TestApi } from '../fixtures/test-api.js'

const postgres = withPostgres()
let api: TestApi
let operator: string
let viewer: string
const call = (method: 'GET' | 'POST' | 'DELETE', path: string, body?: unknown, token = operator) => api.call(method, `/api/v1${path}`, { token, ...(body !== undefined && { body }) })

beforeAll(async () => {
  api = await createTestApi(postgres.url)
  operator = await api.user('olga', 'operator')
  viewer = await api.user('vera', 'viewer')
  await call('POST', '/terminals', { address: '1', securityProfile: 'plain' })
  for (const address of ['11', '12', '13']) await call('POST', '/meters', { address, terminal: '1' })
})
afterAll(() => api.close())

const meters = [{ meter: '11' }, { meter: '12', role: 'sub', parent: '11' }, { meter: '13', role: 'sub', parent: '12' }]
const site = { level: 'plant', name: '厂', settings: { contract: { capacityKva: '630' } }, meters }

describe('sites', () => {
  test('are put, read, put anew and forgotten', async () => {
    expect(await call('POST', '/energy-sites/works', site)).toMatchObject({ status: 200, body: { id: 'works', changedBy: 'olga', meters: [{ meter: '000000000011', role: 'main', parent: null }, { parent: '000000000011' }, { parent: '000000000012' }] } })
    expect((await call('POST', '/energy-sites/works', { ...site, meters: [{ meter: '12' }] })).body.meters).toHaveLength(1)
    expect((await call('GET', '/energy-sites')).body.items).toEqual([{ id: 'works', level: 'plant', name: '厂', meters: 1 }])
    expect([(await call('DELETE', '/energy-sites/works')).status, (await call('GET', '/energy-sites/works')).status]).toEqual([204, 404])
  })
  test.each([
    ['a circle', { ...site, meters: [{ meter: '11' }, { meter: '12', role: 'sub', parent: '13' }, { meter: '13', role: 'sub', parent: '12' }] }, 400],
    ['no main meter', { ...site, meters: [{ meter: '11', role: 'sub' }] }, 400],
    ['a meter twice', { ...site, meters: [{ meter: '11' }, { meter: '011' }] }, 400],
    ['a parent from elsewhere', { ...site, meters: [{ meter: '11' }, { meter: '12', role: 'sub', parent: '99' }] }, 400],
    ['a main meter behind another', { ...site, meters: [{ meter: '11' }, { meter: '12', parent: '11' }] }, 400],
    ['a meter nobody registered', { ...site, meters: [{ meter: '98' }] }, 404],
    ['settings that do not fit', { ...site, settings: { contract: { capacityKva: 'much' } } }, 400],
  ])('%s is refused', async (_, body, status) => expect((await call('POST', '/energy-sites/bad', body)).status).toBe(status))
})

describe('runs', () => {
  test('are started, watched and cancelled once', async () => {
    const { status, body } = await call('POST', '/energy-audits/runs', { level: 'customer', month: '2026-10' })
    expect({ status, ...body }).toMatchObject({ status: 202, state: 'queued', total: null, done: 0, requestedBy: 'olga' })
    expect(api.jobs.at(-1)).toMatchObject({ name: 'analysis.audit-run', data: { run: body.id } })
    await api.database.pool.query("UPDATE energy_audit_run SET state = 'running', total = 100000, done = 1234, errors = '[{\"subject\": \"x\", \"error\": \"y\"}]'")
    expect((await call('GET', `/energy-audits/runs/${body.id}`, undefined, viewer)).body).toMatchObject({ state: 'running', total: 100_000, done: 1_234, errors: [{ subject: 'x' }] })
    expect([(await call('POST', `/energy-audits/runs/${body.id}/cancel`)).body.state, (await call('POST', `/energy-audits/runs/${body.id}/cancel`)).status]).toEqual(['cancelled', 409])
    expect((await call('GET', '/energy-audits/runs')).body.items).toHaveLength(1)
  })
  test('stand in their table when the queue is away', async () => {
    api.queueAway(true)
    const { status, body } = await call('POST', '/energy-audits/runs', { level: 'plant', month: '2026-10', subject: 'works' })
    api.queueAway(false)
    expect([status, (await call('GET', `/energy-audits/runs/${body.id}`)).body.state]).toEqual([202, 'queued'])
  })
})

describe('audits', () => {
  beforeAll(async () => {
    const plant = demoPlant('2026-10', 'zh')
    const put = (version: number, name: string) => api.database.pool.query(
      `INSERT INTO energy_audit_version (level, subject, month, version, digest, formulas, provisional, audit, computed_at) VALUES ('plant', 'works', '2026-10-01', $1, sha256($2::text::bytea), 'x', false, $3, now())`,
      [version, String(version), JSON.stringify(siteAudit({ ...plant, site: { id: 'works', name } }))])
    await put(1, 'first')
    await put(2, 'second')
  })
  test('versions are listed, newest first', async () => {
    const { body } = await call('GET', '/energy-audits/plant/works')
    expect(body.items).toMatchObject([{ version: 2, month: '2026-10', digest: expect.stringMatching(/^[0-9a-f]{64}$/) }, { version: 1 }])
  })
  test.each([['html', /^<!doctype html>/, 'inline'], ['pdf', /^%PDF-/, 'attachment'], ['xlsx', /^PK/, 'attachment'], ['csv', /^\ufeff/, 'attachment'], ['json', /^\{/, 'inline']] as const)('as %s', async (format, begin, how) => {
    const { status, text, headers } = await call('GET', `/energy-audits/plant/works/2026-10?format=${format}&lang=en`)
    expect(status).toBe(200)
    expect(text).toMatch(begin)
    expect(headers['content-disposition']).toBe(`${how}; filename="audit-plant-works-2026-10-v2.${format}"`)
  })
  test('the last version, or the one asked for', async () => {
    expect((await call('GET', '/energy-audits/plant/works/2026-10?lang=en')).text).toContain('second')
    expect((await call('GET', '/energy-audits/plant/works/2026-10?lang=en&version=1')).text).toContain('first')
    expect((await call('GET', '/energy-audits/plant/works/2026-10?version=3')).status).toBe(404)
  })
  test('a newcomer sees the made-up plant without an account', async () => {
    const { status, text } = await api.call('GET', '/demo-audit?lang=en')
    expect([status, text.includes('made up')]).toEqual([200, true])
  })
})

describe('forecasts', () => {
  const day = '2026-10-06'
  beforeAll(async () => {
    await call('POST', '/energy-sites/hall', { ...site, meters: [{ meter: '11' }, { meter: '12' }] })
    await api.database.pool.query(`INSERT INTO load_forecast SELECT 'plant', 'hall', '${day}', v, 480, 'ridge', array_fill(v * 10::float8, '{96}'), NULL,
      '{"wape": 0.12, "mape": null, "nrmse": 0.2, "days": 28, "from": "2026-09-08", "to": "2026-10-05", "candidates": {"ridge": {"wape": 0.12, "mape": null, "nrmse": 0.2}}}',
      '{"meters": 2, "days": 100, "completeness": 0.99, "computedAt": null}', '\\x01', '2026-10-05T02:05:00Z' FROM generate_series(1, 2) v`)
  })

  test('are asked for by whom it may concern, for tomorrow at most', async () => {
    const ask = (body: object, token?: string) => call('POST', '/forecasts', body, token)
    const tomorrow = new Date(api.clock.now() + 32 * 3_600_000).toISOString().slice(0, 10)
    expect(await ask({ level: 'plant', subject: 'hall' })).toMatchObject({ status: 202, body: { day: tomorrow, state: 'accepted' } })
    expect(api.jobs.at(-1)).toMatchObject({ name: 'analysis.forecast', data: { level: 'plant', subject: 'hall', day: tomorrow } })
    expect([(await ask({ level: 'plant', subject: 'hall', day: '2099-01-01' })).status, (await ask({ level: 'area', subject: 'hall' })).status, (await ask({ level: 'plant', subject: 'hall' }, viewer)).status]).toEqual([400, 404, 403])
  })

  test('are read beside what was measured of every main meter', async () => {
    const path = `/forecasts/plant/hall/${day}`
    expect((await call('GET', '/forecasts/plant/hall?from=2026-10-01&to=2026-10-31', undefined, viewer)).body.items).toMatchObject([{ day, version: 2, energy: 480, backTestWape: 0.12, digest: '01' }])
    const before = (await call('GET', path)).body
    expect([before.version, before.wape, before.points.length, before.points[95]]).toEqual([2, null, 96, { time: '2026-10-06T23:45:00+08:00', forecastKw: 20, measuredKw: null }])
    await api.database.pool.query(`INSERT INTO vee_day (meter_id, day, item, day_over, decimals, ratio, counts, estimated_share, complete, may_act, best, states, gaps, findings, periods, computed_at)
      SELECT id, '${day}', 1049089, true, 2, 1, '{}', 0, true, true, array_fill(200, '{96}'), decode(CASE address WHEN '000000000012' THEN '02' ELSE '00' END || repeat('00', 95), 'hex'), '[]', '[]', '{}', now() FROM meter WHERE address IN ('000000000011', '000000000012')`)
    // 2 kWh in a quarter hour of each; an estimate is no measurement.
    const { body } = await call('GET', path)
    expect(body.points.slice(0, 2)).toEqual([{ time: '2026-10-06T00:00:00+08:00', forecastKw: 20, measuredKw: null }, { time: '2026-10-06T00:15:00+08:00', forecastKw: 20, measuredKw: 16 }])
    expect(body.wape).toBe(0.25)
    expect((await call('GET', `${path}?version=1`)).body).toMatchObject({ version: 1, wape: 0.375 })
    const lines = (await call('GET', `${path}?format=csv`)).text.split('\r\n')
    expect([lines.length, lines[0], lines[2]]).toEqual([98, 'time,forecast_kw,measured_kw', '2026-10-06T00:15:00+08:00,20,16'])
    expect([(await call('GET', `${path}?version=9`)).status, (await call('GET', '/forecasts/plant/hall/2026-13-01')).status]).toEqual([404, 400])
  })
})
