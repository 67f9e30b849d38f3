import { withPostgres } from '@zhuzhan/testing'
import { createTestApi } from '../fixtures/test-api.js'
import type { TestApi } from '../fixtures/test-api.js'

const postgres = withPostgres()
let api: TestApi
let token: string

beforeAll(async () => {
  api = await createTestApi(postgres.url)
  token = await api.user('boss', 'operator', 'dispatcher', 'approver')
})
afterAll(() => api.close())

test('while the database is away every answer says so; afterwards everything works again, the feed too', async () => {
  await postgres.kill()
  const asked = [
    await api.call('GET', '/api/v1/meters', { token }), await api.call('GET', '/api/v1/commands', { token }), await api.call('GET', '/api/v1/collection/plans', { token }),
    await api.call('POST', '/api/v1/terminals', { token, body: { address: '1', securityProfile: 'plain' } }), await api.call('POST', '/api/v1/auth/login', { body: { username: 'boss', password: 'x' } }),
  ]
  for (const answer of asked) expect(answer).toMatchObject({ status: 503, body: { code: 'UNAVAILABLE' }, headers: { 'retry-after': '1' } })
  expect((await api.call('GET', '/start')).text).toContain('away')

  await postgres.restart()
  const { socket, events } = await (async () => {
    const seen: string[] = []
    const ws = await api.app.injectWS('/api/v1/events', { headers: { authorization: `Bearer ${token}` } })
    ws.on('message', (text: Buffer) => seen.push((JSON.parse(text.toString()) as { kind: string }).kind))
    return { socket: ws, events: seen }
  })()
  expect((await api.call('POST', '/api/v1/terminals', { token, body: { address: '1', securityProfile: 'plain' } })).status).toBe(201)
  expect((await api.call('GET', '/api/v1/commands', { token })).status).toBe(200)
  const deadline = Date.now() + 20_000
  while (events.length === 0 && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 50))
  expect(events).toContain('registry.changed')
  socket.close()
})

test('a fuse blows when one address asks far too often', async () => {
  const small = await createTestApi(postgres.url, { requestsPerMinute: 5 })
  try {
    const answers = []
    for (let i = 0; i < 7; i++) answers.push(await small.call('GET', '/api/v1/meters', { token }))
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 429, 429])
    expect(answers[6]).toMatchObject({ body: { code: 'TOO_MANY_REQUESTS', requestId: expect.any(String) } })
  } finally {
    await small.close()
  }
})

test('a station that is too busy says so, through the same error answer', async () => {
  const busy = await createTestApi(postgres.url, { maxLoopDelayMs: 20 })
  try {
    let answer = await busy.call('GET', '/api/v1/meters', { token })
    for (let i = 0; i < 50 && answer.status !== 503; i++) {
      keepLoopBusy(200)
      await new Promise((resolve) => setTimeout(resolve, 5))
      answer = await busy.call('GET', '/api/v1/meters', { token })
    }
    expect(answer).toMatchObject({ status: 503, body: { code: 'UNAVAILABLE', requestId: expect.any(String) } })
  } finally {
    await busy.close()
  }
})

function keepLoopBusy(milliseconds: number): void {
  const until = performance.now() + milliseconds
  while (performance.now() < until);
}
