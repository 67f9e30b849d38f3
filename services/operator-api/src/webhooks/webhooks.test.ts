import { withPostgres } from '@zhuzhan/testing'
import { createTestApi, watchLog } from '../fixtures/test-api.js'
import type { TestApi } from '../fixtures/test-api.js'

const postgres = withPostgres()
let api: TestApi
const tokens = { admin: '', viewer: '' }
beforeAll(async () => {
  api = await createTestApi(postgres.url)
  tokens.admin = await api.user('adam', 'admin')
  tokens.viewer = await api.user('vera', 'viewer')
})
afterAll(() => api.close())

const post = (path: string, body: object = {}) => api.call('POST', `/api/v1/${path}`, { token: tokens.admin, body })
const get = (path: string, token = tokens.admin) => api.call('GET', `/api/v1/${path}`, { token })

test('the secret of an endpoint is shown once, and is nowhere else: not in answers, tables or the log', async () => {
  const lines: string[] = []
  watchLog((line) => lines.push(line))
  const made = await post('webhooks', { name: 'texts', url: 'https://sms.example.cn/notices?from=station' })
  expect(made).toMatchObject({ status: 201, body: { name: 'texts', url: 'https://sms.example.cn/notices?from=station', createdBy: 'adam', endedAt: null, secret: expect.stringMatching(/^[A-Za-z0-9_-]{43}$/) as string } })
  const { id, secret } = made.body as { id: string; secret: string }
  const other = await post('webhooks', { name: 'more', url: 'http://127.0.0.1:9000/' })
  expect(other.body.secret).not.toBe(secret)

  const listed = await get('webhooks')
  expect(listed.body.items.map((one: { id: string }) => one.id)).toEqual([other.body.id, id])
  const [rows, audit] = [await api.database.pool.query('SELECT webhook_endpoint::text AS row FROM webhook_endpoint'), await get('audit-log?action=webhook.make&outcome=ok')]
  expect(audit.body.items).toHaveLength(2)
  watchLog(undefined)
  expect([listed.text, JSON.stringify(rows.rows), audit.text, lines.join()].filter((text) => text.includes(secret))).toEqual([])

  expect(await post(`webhooks/${id}/remove`)).toMatchObject({ status: 200, body: { id, endedAt: expect.any(String) as string } })
  expect(await post(`webhooks/${id}/remove`)).toMatchObject({ status: 404, body: { code: 'NOT_FOUND' } })
})

test.each(['https://sms.example.cn.evil.example/', 'https://sms.example.cn:8443/', 'http://sms.example.cn/', 'https://sms.example.cn@10.0.0.1/', 'https://user:word@sms.example.cn/', 'http://127.0.0.1/', 'http://127.0.0.1:9000/#part', 'http://169.254.169.254/', 'file:///etc/passwd', 'no address'])(
  '%s is not taken', async (url) => {
    expect(await post('webhooks', { name: 'texts', url })).toMatchObject({ status: 400, body: { code: 'BODY_INVALID' } })
  })

test('ten endpoints, not more', async () => {
  const { body: { items } } = await get('webhooks')
  for (let n = (items as { endedAt: string | null }[]).filter(({ endedAt }) => endedAt === null).length; n < 10; n += 1) expect((await post('webhooks', { name: `texts ${n}`, url: 'https://sms.example.cn/' })).status).toBe(201)
  expect(await post('webhooks', { name: 'texts', url: 'https://sms.example.cn/' })).toMatchObject({ status: 409, body: { code: 'STATE_CONFLICT' } })
})

test('deliveries by page and state, for everybody who reads', async () => {
  const { pool } = api.database
  await pool.query("INSERT INTO terminal (address, security_profile) VALUES ('000000000001', 'plain')")
  await pool.query("INSERT INTO meter (address, terminal_address) VALUES ('000000000002', '000000000001')")
  const contract = { remoteControl: true, limits: { alarm1: '30', alarm2: '10', overdraft: '0', closing: '5' } }
  expect((await post('cost-accounts', { account: 'c-1', meter: '2', contract, chargedFrom: '2026-01-01' })).status).toBe(201)
  // An account without a balance is below the alarm amount: its first notice goes to all ten endpoints.
  const first = await get('webhook-deliveries?state=waiting&limit=6', tokens.viewer)
  expect(first.body.items).toHaveLength(6)
  expect(first.body.items[0]).toMatchObject({ state: 'waiting', attempts: 0, nextAt: expect.any(String) as string, settledAt: null, why: null })
  const rest = await get(`webhook-deliveries?state=waiting&limit=6&cursor=${first.body.nextCursor}`, tokens.viewer)
  expect([rest.body.items.length, rest.body.nextCursor]).toEqual([4, null])
  const [{ notice, endpoint }] = first.body.items as [{ notice: number; endpoint: string }]
  await post(`webhooks/${endpoint}/remove`)
  expect((await get(`webhook-deliveries?state=given-up,delivered&notice=${notice}`, tokens.viewer)).body.items).toMatchObject([{ endpoint, state: 'given-up', why: 'the endpoint was removed' }])
  expect((await get(`webhook-deliveries?notice=${notice + 1}`, tokens.viewer)).body.items).toEqual([])
})
