import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { CostContract } from '@zhuzhan/contracts'
import { createCostDecisions, createCostLedger, createCostNotices, createWebhookDeliveries, createWebhookEndpoints, saveHolidayYear } from '@zhuzhan/persistence'
import type { DeliveryRow } from '@zhuzhan/persistence'
import { withPostgres } from '@zhuzhan/testing'
import { addMeter, addTerminal, address, emptyStation, silentLog, testDatabase } from '../fixtures/station.js'
import { webhookSignature } from './signature.js'
import { BACK_OFF, createWebhooks } from './webhooks.js'
import type { WebhookSettings } from './webhooks.js'

const db = withPostgres()
const database = testDatabase(() => db.url)
const MASTER = 'a secret of the test that is long enough'
const NOW = Date.parse('2026-03-10T10:30:00+08:00')
const DAY = 86_400_000
const contract = CostContract.parse({ remoteControl: true, prices: { flat: '0.5' }, limits: { alarm1: '30', alarm2: '10', overdraft: '0', closing: '5' } })

interface Got { headers: IncomingMessage['headers']; body: string; path: string }
let server: Server
let origin = ''
let got: Got[] = []
let answer = (_: Got, response: ServerResponse): void => { response.writeHead(204).end() }

beforeAll(async () => {
  server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk: Buffer) => { body += chunk.toString() }).on('end', () => {
      const one = { headers: request.headers, body, path: request.url ?? '' }
      got.push(one)
      answer(one, response)
    })
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => { server.closeAllConnections(); server.close() })

let now = NOW
let endpoint = { id: '', secret: '' }
let next = 0
beforeEach(async () => {
  [now, got, answer] = [NOW, [], (_, response) => { response.writeHead(204).end() }]
  const { pool } = database()
  await pool.query('TRUNCATE webhook_endpoint CASCADE')
  await emptyStation(database())
  await addTerminal(database())
  await saveHolidayYear(pool, { year: 2026, source: 'invented for tests', holidays: [], workingDays: [] }, 'admin')
  const made = await createWebhookEndpoints(pool).make({ name: 'texts', url: `${origin}/notices` }, MASTER, 'adam', new Date(NOW))
  endpoint = { id: made.endpoint.id, secret: made.secret }
})

/** An account with a balance below both alarm amounts, whose first notice the rules have just written. */
async function notice(): Promise<number> {
  const { pool } = database()
  const [ledger, n] = [createCostLedger(pool), ++next]
  await addMeter(database(), address(n))
  await ledger.open({ account: `c-${n}`, meter: address(n), contract, chargedFrom: '2026-03-02' }, 'admin')
  await ledger.charge(`c-${n}`, { day: '2026-03-09', amount: 500_000n, quality: 'measured', readAt: NOW - DAY }, NOW - DAY)
  await createCostDecisions(pool).look(`c-${n}`, NOW)
  const [written] = await createCostNotices(pool).page({ account: `c-${n}`, waiting: true, limit: 9 })
  return written?.id ?? 0
}
const deliveries = () => createWebhookDeliveries(database().pool)
const row = async (id: number): Promise<DeliveryRow | undefined> => (await deliveries().page({ notice: id, limit: 9 }))[0]
const noticeRow = async (id: number) => (await createCostNotices(database().pool).page({ after: id - 1, limit: 1 }))[0]
/** The jobs of one wake, done one after the other. */
async function turn(settings: Partial<WebhookSettings> = {}): Promise<number> {
  const jobs: { notice: number; endpoint: string }[] = []
  const clock = { now: () => now, monotonic: () => now }
  const add = async (_: string, data: { notice: number; endpoint: string }): Promise<string> => { jobs.push(data); return '' }
  const webhooks = createWebhooks({ pool: database().pool, queues: { add: add as never }, clock, log: silentLog, settings: { master: MASTER, origins: new Set([origin]), ...settings } })
  await webhooks.wake()
  for (const job of jobs) await webhooks.deliver(job, new AbortController().signal)
  return jobs.length
}

test('a notice is carried once, signed; that makes it sent and nothing more', async () => {
  const id = await notice()
  expect(await turn()).toBe(1)
  expect(await turn()).toBe(0)
  expect(got).toHaveLength(1)
  const [{ headers, body, path }] = got as [Got]
  expect(path).toBe('/notices')
  expect(JSON.parse(body)).toEqual({ type: 'cost-notice', id, account: `c-${next}`, kind: 'alarm-1', balance: '-50.0000', createdAt: new Date(NOW).toISOString() })
  expect(headers).toMatchObject({
    'content-type': 'application/json', 'zhuzhan-id': `cost-notice-${id}`, 'zhuzhan-timestamp': String(NOW / 1_000), 'zhuzhan-signature': webhookSignature(endpoint.secret, `cost-notice-${id}`, NOW / 1_000, body),
  })
  expect(await row(id)).toMatchObject({ state: 'delivered', attempts: 1, nextAt: null, settledAt: new Date(NOW), why: null })
  // The channel has it. That the customer has it, only the channel can say.
  expect(await noticeRow(id)).toMatchObject({ sentAt: new Date(NOW), deliveredAt: null, failed: null })
})

test.each([
  ['an error', (response: ServerResponse) => { response.writeHead(500).end('x'.repeat(100_000)) }, 'status 500'],
  ['a redirect, which is not followed', (response: ServerResponse) => { response.writeHead(302, { location: '/elsewhere' }).end() }, 'status 302'],
  ['a connection that breaks', (response: ServerResponse) => { response.destroy() }, 'not reached: UND_ERR_SOCKET'],
])('after %s it waits', async (_, say, why) => {
  const id = await notice()
  answer = (_one, response) => say(response)
  expect(await turn()).toBe(1)
  expect(await turn()).toBe(0)
  expect(got.map(({ path }) => path)).toEqual(['/notices'])
  expect(await row(id)).toMatchObject({ state: 'waiting', attempts: 1, nextAt: new Date(NOW + 10_000), why })
  expect(await noticeRow(id)).toMatchObject({ sentAt: null, failed: null })
})

test('ten attempts within a day, all with one id, then it is given up; the notice waits for another channel', async () => {
  const id = await notice()
  answer = (_, response) => { response.writeHead(503).end() }
  for (const seconds of [...BACK_OFF, 0]) {
    expect(await turn()).toBe(1)
    now += seconds * 1_000
  }
  expect(await turn()).toBe(0)
  expect([now - NOW > 23 * 3_600_000, now - NOW < DAY]).toEqual([true, true])
  expect(new Set(got.map(({ headers }) => headers['zhuzhan-id']))).toEqual(new Set([`cost-notice-${id}`]))
  expect(await row(id)).toMatchObject({ state: 'given-up', attempts: 10, why: 'status 503', settledAt: new Date(now) })
  expect(await createCostNotices(database().pool).page({ account: `c-${next}`, waiting: true, limit: 9 })).toMatchObject([{ id }])
})

test('an attempt whose process died is made again, not beside another', async () => {
  const id = await notice()
  const key = { notice: id, endpoint: endpoint.id }
  const again = (): Date => new Date(now + 10_000)
  expect(await deliveries().begin(key, new Date(now), again)).toMatchObject({ attempt: 1 })
  expect(await deliveries().begin(key, new Date(now), again)).toBeUndefined()
  expect(await turn()).toBe(0)
  now += 10_000
  expect(await turn()).toBe(1)
  expect(await row(id)).toMatchObject({ state: 'delivered', attempts: 2 })
})

test('of a debt that is none any more nobody is told', async () => {
  const id = await notice()
  const { pool } = database()
  await createCostLedger(pool).pay(`c-${next}`, { kind: 'payment', number: `p-${next}`, amount: 2_000_000n }, 'olga', NOW)
  await createCostDecisions(pool).look(`c-${next}`, NOW)
  expect(await turn()).toBe(1)
  expect(got).toEqual([])
  expect(await row(id)).toMatchObject({ state: 'given-up', why: 'the notice ended: closed: its cause has ended' })
})

test.each([
  ['an address that is not allowed any more', { origins: new Set(['https://sms.example.cn']) }, /ORIGINS/],
  ['another secret of the station', { master: `${MASTER}!` }, /not the one/],
  ['no secret', { master: undefined }, /not set/],
])('with %s nothing leaves', async (_, settings, why) => {
  const id = await notice()
  expect(await turn(settings)).toBe(1)
  expect(got).toEqual([])
  expect(await row(id)).toMatchObject({ state: 'waiting', attempts: 1, why: expect.stringMatching(why) as string })
})

test('an endpoint gets what is written while it is there', async () => {
  const first = await notice()
  await createWebhookEndpoints(database().pool).end(endpoint.id, 'adam', new Date(now))
  const second = await notice()
  expect(await turn()).toBe(0)
  expect([await row(first), await row(second)]).toMatchObject([{ state: 'given-up', why: 'the endpoint was removed' }, undefined])
})

// Mutations seen failing: the notice without FOR SHARE, and the two updates of `end` as one statement.
test('an endpoint that ends while a notice for it is written leaves nothing that waits for ever', async () => {
  const { pool } = database()
  await notice()
  await pool.query('DELETE FROM cost_notice')
  // The rules hold their transaction open after the notice.
  const writing = await pool.connect()
  await writing.query('BEGIN')
  const held = { connect: async () => ({ query: (text: string, values?: unknown[]) => (['BEGIN', 'COMMIT'].includes(text) ? undefined : writing.query(text, values)), release: () => undefined }), query: pool.query.bind(pool) }
  await pool.query("UPDATE cost_account SET state = 'normal' WHERE account = $1", [`c-${next}`])
  await createCostDecisions(held as never).look(`c-${next}`, NOW)
  let ended = false
  const ending = createWebhookEndpoints(pool).end(endpoint.id, 'adam', new Date(NOW)).finally(() => { ended = true })
  const isWaiting = async (): Promise<boolean> => (await pool.query("SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'UPDATE webhook_endpoint%'")).rowCount === 1
  while (!ended && !await isWaiting()) await new Promise(setImmediate)
  await writing.query('COMMIT')
  writing.release()
  await ending
  expect((await deliveries().page({ limit: 9 })).map(({ state, why }) => [state, why])).toEqual([['given-up', 'the endpoint was removed']])
})

test('the vector in docs/analytics.md', () => {
  const docs = readFileSync(new URL('../../../../docs/analytics.md', import.meta.url), 'utf8')
  const body = '{"type":"cost-notice","id":17,"account":"c-1","kind":"alarm-2","balance":"-12.5000","createdAt":"2026-11-24T08:00:00.000Z"}'
  expect(docs).toContain(body)
  expect(docs).toContain(webhookSignature('zhuzhan-example-secret', 'cost-notice-17', 1_795_507_200, body))
})
