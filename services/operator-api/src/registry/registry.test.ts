import { withPostgres } from '@zhuzhan/testing'
import { createTestApi } from '../fixtures/test-api.js'
import type { TestApi } from '../fixtures/test-api.js'

const postgres = withPostgres()
let api: TestApi
let token: string

beforeAll(async () => {
  api = await createTestApi(postgres.url)
  token = await api.user('olga', 'operator', 'admin')
})
afterAll(() => api.close())

const post = (path: string, body: unknown) => api.call('POST', `/api/v1${path}`, { token, body })
const get = (path: string) => api.call('GET', `/api/v1${path}`, { token })
const patch = (path: string, body: unknown) => api.call('PATCH', `/api/v1${path}`, { token, body })
const remove = (path: string) => api.call('DELETE', `/api/v1${path}`, { token })
const addresses = (body: unknown): string[] => (body as { items: { address: string }[] }).items.map(({ address }) => address)

describe('terminals', () => {
  test.each([
    { address: '000000100001', securityProfile: 'plain' },
    { address: '000000100002', securityProfile: 'sm', mode: 'S', name: '一号台区', area: 'North', utcOffset: '+06:30' },
    { address: '000000100003', securityProfile: 'sm', mode: 'F' },
    { address: '000000100004', securityProfile: 'hardware' },
  ])('the answer holds what was posted: %j', async (body) => {
    const answer = await post('/terminals', body)
    expect(answer).toMatchObject({ status: 201, body: { ...body, online: false, session: null, meters: 0 } })
    expect((await get(`/terminals/${body.address}`)).body).toEqual(answer.body)
  })

  test('a short address becomes twelve digits, and is found by any form', async () => {
    expect((await post('/terminals', { address: '77', securityProfile: 'plain' })).body).toMatchObject({ address: '000000000077' })
    expect((await get('/terminals/77')).status).toBe(200)
    expect(await post('/terminals', { address: '0077', securityProfile: 'plain' })).toMatchObject({ status: 409, body: { code: 'EXISTS_ALREADY' } })
  })

  test.each([
    ['address', { address: '12x', securityProfile: 'plain' }],
    ['address', { securityProfile: 'plain' }],
    ['securityProfile', { address: '5', securityProfile: 'none' }],
    ['mode', { address: '5', securityProfile: 'sm' }],
    ['mode', { address: '5', securityProfile: 'plain', mode: 'S' }],
    ['utcOffset', { address: '5', securityProfile: 'plain', utcOffset: '8' }],
    ['name', { address: '5', securityProfile: 'plain', name: 'a\u0000b' }],
    ['adress', { adress: '5', address: '5', securityProfile: 'plain' }],
  ])('a wrong field is named: %s', async (path, body) => {
    const answer = await post('/terminals', body)
    expect(answer).toMatchObject({ status: 400, body: { code: 'BODY_INVALID' } })
    expect(answer.body.details.map((detail: { path: string }) => detail.path)).toContain(path)
    expect(answer.body.requestId).toBe(answer.headers['x-request-id'])
  })

  test.each([
    ['broken JSON', '{"address":', 'application/json', 400],
    ['no JSON at all', 'address=5', 'text/plain', 415],
    ['a list', '[]', 'application/json', 400],
    ['nothing', '', 'application/json', 400],
    ['a poisoned prototype', '{"__proto__":{"x":1},"address":"5"}', 'application/json', 400],
    ['far too much', JSON.stringify({ address: '5', name: 'x'.repeat(300_000) }), 'application/json', 413],
  ])('%s is refused as BODY_INVALID', async (_name, payload, type, status) => {
    const response = await api.app.inject({ method: 'POST', url: '/api/v1/terminals', payload, headers: { 'content-type': type, authorization: `Bearer ${token}` } })
    expect({ status: response.statusCode, code: response.json<{ code: string }>().code }).toEqual({ status, code: 'BODY_INVALID' })
  })

  test('unknown ones are not found', async () => {
    expect(await get('/terminals/999')).toMatchObject({ status: 404, body: { code: 'NOT_FOUND' } })
    expect((await patch('/terminals/999', { name: 'x' })).status).toBe(404)
    expect((await remove('/terminals/999')).status).toBe(404)
    expect(await api.call('GET', '/api/v1/nothing', { token })).toMatchObject({ status: 404, body: { code: 'NOT_FOUND' } })
  })

  test('a change keeps profile and mode fitting', async () => {
    await post('/terminals', { address: '200', securityProfile: 'plain' })
    expect(await patch('/terminals/200', { securityProfile: 'sm' })).toMatchObject({ status: 400, body: { details: [{ path: 'mode' }] } })
    expect((await patch('/terminals/200', { securityProfile: 'sm', mode: 'F', name: 'Dach' })).body).toMatchObject({ securityProfile: 'sm', mode: 'F', name: 'Dach' })
    expect((await patch('/terminals/200', { mode: null })).status).toBe(400)
    expect((await patch('/terminals/200', { securityProfile: 'plain', name: null })).body).toMatchObject({ securityProfile: 'plain', mode: null, name: null })
    expect((await patch('/terminals/200', {})).status).toBe(400)
  })

  test('online is a session at a gateway that lives, and only that', async () => {
    const { pool } = api.database
    await post('/terminals', { address: '300', securityProfile: 'plain' })
    const instance = '11111111-1111-4111-8111-111111111111'
    await pool.query("INSERT INTO replica VALUES ('gateway', 'gw-1', $1, now(), now())", [instance])
    await pool.query(
      `INSERT INTO terminal_session (gateway_id, gateway_instance, connection_id, address, frontend_id, routed, security, remote, heartbeat_seconds, logged_in_at, last_seen_at)
       VALUES ('gw-1', $1, 1, '000000000300', NULL, false, 'none', '10.0.0.1:5', 60, now(), now()), ('gw-1', $1, 2, '000000000300', 'fep-1', true, 'session', '10.0.0.1:6', 60, now(), now())`, [instance])
    expect((await get('/terminals/300')).body).toMatchObject({ online: true, session: { gateway: 'gw-1', frontEnd: 'fep-1', security: 'session', remote: '10.0.0.1:6', heartbeatSeconds: 60 } })
    expect(addresses((await get('/terminals?online=true')).body)).toEqual(['000000000300'])
    await pool.query("UPDATE replica SET seen_at = now() - interval '7 seconds'")
    expect((await get('/terminals/300')).body).toMatchObject({ online: false, session: null })
    await pool.query("UPDATE replica SET seen_at = now(), instance = '22222222-2222-4222-8222-222222222222'")
    expect((await get('/terminals/300')).body).toMatchObject({ online: false })
    expect(addresses((await get('/terminals?online=false&limit=1000')).body)).toContain('000000000300')
  })

  test('pages neither skip nor repeat, also while others register', async () => {
    for (let i = 0; i < 7; i++) await post('/terminals', { address: String(500_000 + 2 * i), securityProfile: 'plain', area: 'pages' })
    const seen: string[] = []
    let cursor: string | null = ''
    while (cursor !== null) {
      const { body } = await get(`/terminals?area=pages&limit=2${cursor ? `&cursor=${cursor}` : ''}`)
      seen.push(...addresses(body))
      cursor = (body as { nextCursor: string | null }).nextCursor
      await post('/terminals', { address: String(499_000 + seen.length), securityProfile: 'plain', area: 'pages' })
    }
    expect(seen).toEqual(Array.from({ length: 7 }, (_, i) => `000000${500_000 + 2 * i}`))
  })

  test.each(['limit=0', 'limit=x', 'online=maybe', 'colour=red', 'cursor=abc', 'cursor=WzFd'])('a list refuses %s', async (query) => {
    expect(await get(`/terminals?${query}`)).toMatchObject({ status: 400, body: { code: 'BODY_INVALID', details: [{ path: query.split('=')[0] }] } })
  })

  test('search finds part of a name or an address', async () => {
    await post('/terminals', { address: '612345', name: 'Pumpwerk Süd', securityProfile: 'plain' })
    expect(addresses((await get('/terminals?q=pumpwerk')).body)).toEqual(['000000612345'])
    expect(addresses((await get('/terminals?q=61234')).body)).toEqual(['000000612345'])
    expect(addresses((await get('/terminals?q=%25')).body)).toEqual([])
  })
})

describe('meters', () => {
  beforeAll(async () => {
    await post('/terminals', { address: '900001', securityProfile: 'plain' })
    await post('/terminals', { address: '900002', securityProfile: 'plain' })
  })

  test.each([
    { address: '000000800001', terminal: '000000900001' },
    { address: '000000800002', terminal: '000000900001', name: '王家', area: 'South', ctRatio: 60, ptRatio: 1.5, tariff: 'tou' },
    { address: '000000800003', terminal: '000000900002', securityProfile: 'sm', mode: 'F' },
  ])('the answer holds what was posted: %j', async (body) => {
    const answer = await post('/meters', body)
    expect(answer).toMatchObject({ status: 201, body: { ...body, kind: 'meter', online: false } })
    expect((await get(`/meters/${body.address}`)).body).toEqual(answer.body)
  })

  test('without more words a meter is plain with ratios of 1', async () => {
    expect((await post('/meters', { address: '1', terminal: '900001' })).body).toMatchObject({ securityProfile: 'plain', mode: null, ctRatio: 1, ptRatio: 1 })
  })

  test.each([
    [404, 'NOT_FOUND', { address: '2', terminal: '900009' }],
    [409, 'EXISTS_ALREADY', { address: '800001', terminal: '900001' }],
    [409, 'EXISTS_ALREADY', { address: '900002', terminal: '900001' }],
    [400, 'BODY_INVALID', { address: '2', terminal: '900001', ctRatio: 0 }],
    [400, 'BODY_INVALID', { address: '2', terminal: '900001', ctRatio: 1.00001 }],
    [400, 'BODY_INVALID', { address: '2', terminal: '900001', securityProfile: 'sm' }],
  ])('%i %s for %j', async (status, code, body) => {
    expect(await post('/meters', body)).toMatchObject({ status, body: { code } })
  })

  test('a terminal can read itself: its own row is hidden until somebody registers it as a meter', async () => {
    expect(addresses((await get('/meters?limit=1000')).body)).not.toContain('000000900001')
    expect((await get('/meters/900001')).body).toMatchObject({ kind: 'terminal', terminal: '000000900001' })
    expect((await get('/meters/900001/readings')).status).toBe(200)
    expect(await post('/meters', { address: '900001', terminal: '900001', name: 'combined' })).toMatchObject({ status: 201, body: { kind: 'meter', name: 'combined' } })
    expect(addresses((await get('/meters?limit=1000')).body)).toContain('000000900001')
    expect((await post('/meters', { address: '900001', terminal: '900001' })).status).toBe(409)
    expect(await patch('/meters/900001', { terminal: '900002' })).toMatchObject({ status: 409, body: { code: 'STATE_CONFLICT' } })
    expect((await remove('/meters/900001')).status).toBe(204)
    expect((await get('/meters/900001')).body).toMatchObject({ kind: 'terminal', name: null })
  })

  test('a terminal cannot take the address of a meter behind another terminal', async () => {
    expect(await post('/terminals', { address: '800002', securityProfile: 'plain' })).toMatchObject({ status: 409, body: { code: 'EXISTS_ALREADY' } })
    expect((await get('/terminals/800002')).status).toBe(404)
  })

  test('filters by terminal and area, moves to another terminal', async () => {
    expect(addresses((await get('/meters?terminal=900002')).body)).toEqual(['000000800003'])
    expect(addresses((await get('/meters?area=South')).body)).toEqual(['000000800002'])
    expect((await patch('/meters/800002', { terminal: '900002', ctRatio: 80 })).body).toMatchObject({ terminal: '000000900002', ctRatio: 80 })
    expect((await patch('/meters/800002', { terminal: '909090' })).status).toBe(404)
  })

  test('what something depends on stays', async () => {
    expect(await remove('/terminals/900002')).toMatchObject({ status: 409, body: { code: 'STATE_CONFLICT' } })
    const { rows } = await api.database.pool.query<{ id: number }>("SELECT id FROM meter WHERE address = '000000800003'")
    await api.database.pool.query("INSERT INTO reading (time, received_at, meter_id, shape, values) VALUES (now(), now(), $1, 1, '{1}')", [rows[0]?.id])
    expect(await remove('/meters/800003')).toMatchObject({ status: 409, body: { code: 'STATE_CONFLICT' } })
    expect((await remove('/meters/800001')).status).toBe(204)
    expect((await get('/meters/800001')).status).toBe(404)
    await post('/terminals', { address: '900003', securityProfile: 'plain' })
    expect((await remove('/terminals/900003')).status).toBe(204)
    expect((await get('/meters/900003')).status).toBe(404)
  })
})

test('every change is in the audit log with what was before and after, and in the event table', async () => {
  await post('/terminals', { address: '700001', securityProfile: 'plain', name: 'one' })
  await patch('/terminals/700001', { name: 'two' })
  await remove('/terminals/700001')
  const { body } = await get('/audit-log?object=terminal/000000700001')
  expect(body.items.map((entry: { action: string; actor: string; detail: object }) => [entry.action, entry.actor, entry.detail])).toEqual([
    ['terminal.delete', 'olga', {}],
    ['terminal.change', 'olga', { before: { name: 'one' }, after: { name: 'two' } }],
    ['terminal.create', 'olga', { address: '000000700001', name: 'one', securityProfile: 'plain', utcOffsetMinutes: 480 }],
  ])
  const events = await get('/events/history?kind=registry.changed&terminal=700001')
  expect(events.body.items.map((event: { detail: { what: string } }) => event.detail.what)).toEqual(['terminal.delete', 'terminal.change', 'terminal.create'])
})

test('twenty at once register one address once', async () => {
  const answers = await Promise.all(Array.from({ length: 20 }, () => post('/terminals', { address: '710001', securityProfile: 'plain' })))
  expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array<number>(19).fill(409)])
})

test('in production a plain terminal is refused and that is in the audit log; plain meters are not', async () => {
  const production = await createTestApi(postgres.url, { production: true })
  try {
    const ask = (path: string, body: unknown, method: 'POST' | 'PATCH' = 'POST') => production.call(method, `/api/v1${path}`, { token, body })
    expect(await ask('/terminals', { address: '720001', securityProfile: 'plain' })).toMatchObject({ status: 422, body: { code: 'PROFILE_REFUSED', details: [{ path: 'securityProfile' }] } })
    expect((await ask('/terminals', { address: '720001', securityProfile: 'sm', mode: 'S' })).status).toBe(201)
    expect((await ask('/meters', { address: '720002', terminal: '720001' })).status).toBe(201)
    expect((await ask('/terminals/720001', { securityProfile: 'plain' }, 'PATCH')).status).toBe(422)
    expect((await get('/terminals/720001')).body).toMatchObject({ securityProfile: 'sm' })
    expect((await get('/audit-log?outcome=PROFILE_REFUSED')).body.items).toHaveLength(2)
  } finally {
    await production.close()
  }
})
