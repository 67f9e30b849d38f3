import { QUALITIES, toColumns } from '@zhuzhan/contracts'
import type { Quality, Source } from '@zhuzhan/contracts'
import { createPartitions, findMeter, storeReadings } from '@zhuzhan/persistence'
import { withPostgres } from '@zhuzhan/testing'
import { createTestApi } from '../fixtures/test-api.js'
import type { TestApi } from '../fixtures/test-api.js'

const postgres = withPostgres()
let api: TestApi
let token: string
let meterId: number

const METER = '000000200001'
const ENERGY = 0x00100201
const VOLTAGE = 0x20000201
/** Local midnight of the terminal, +06:00. */
const MIDNIGHT = Date.UTC(2026, 9, 4, 18)
const QUARTER = 900_000

const store = (time: number, item: number, value: string, quality: Quality = 'measured', occurredAt?: number, source: Source = 'poll') =>
  storeReadings(api.database.pool, createPartitions(api.database.pool, () => MIDNIGHT),
    [toColumns([{ meter: METER, item, time, value, quality, source, ...(occurredAt === undefined ? {} : { occurredAt }) }], MIDNIGHT)], new Map([[METER, meterId]]))
const get = (query: string, path = 'readings') => api.call('GET', `/api/v1/meters/${METER}/${path}?${query}`, { token })
const brief = (body: { items: { time: string; item: string; value: string; quality: string }[] }) => body.items.map(({ time, item, value, quality }) => [time, item, value, quality])

beforeAll(async () => {
  api = await createTestApi(postgres.url)
  token = await api.user('olga', 'operator')
  await api.call('POST', '/api/v1/terminals', { token, body: { address: '100001', securityProfile: 'plain', utcOffset: '+06:00' } })
  await api.call('POST', '/api/v1/meters', { token, body: { address: METER, terminal: '100001' } })
  meterId = (await findMeter(api.database.pool, METER))?.id as number
  for (let i = 0; i < 8; i++) {
    await store(MIDNIGHT + i * QUARTER, VOLTAGE, `23${i}.0`)
    await store(MIDNIGHT + i * QUARTER, ENERGY, `100${i}.50`, i === 3 ? 'recollected' : 'measured')
  }
  await store(MIDNIGHT + QUARTER, ENERGY, '999.99')
  await store(MIDNIGHT + QUARTER, ENERGY, '-5.00')
})
afterAll(() => api.close())

test('a reading has everything the design names', async () => {
  const { status, body } = await get('limit=1&item=00100201')
  expect(status).toBe(200)
  expect(body.items).toEqual([{
    meter: METER, item: '00100201', name: 'Forward active energy, total', time: '2026-10-05T00:00:00+06:00', value: '1000.50', unit: 'kWh', quality: 'measured', source: 'poll',
    receivedAt: '2026-10-05T00:00:00+06:00',
  }])
})

test('from is included, to excluded, order is time then item', async () => {
  const { body } = await get('from=2026-10-05T00:15:00%2B06:00&to=2026-10-05T00:45:00%2B06:00')
  expect(brief(body)).toEqual([
    ['2026-10-05T00:15:00+06:00', '00100201', '1001.50', 'measured'], ['2026-10-05T00:15:00+06:00', '20000201', '231.0', 'measured'],
    ['2026-10-05T00:30:00+06:00', '00100201', '1002.50', 'measured'], ['2026-10-05T00:30:00+06:00', '20000201', '232.0', 'measured'],
  ])
  expect(body.nextCursor).toBeNull()
})

test.each([
  ['UTC', 'from=2026-10-04T19:30:00Z'],
  ['a plus that was not escaped', 'from=2026-10-05T01:30:00+06:00'],
  ['another offset', 'from=2026-10-05T03:30:00%2B08:00'],
  ['local time of the terminal', 'from=2026-10-05T01:30'],
])('an instant in %s', async (_name, query) => {
  expect((await get(`${query}&item=20000201`)).body.items.map(({ value }: { value: string }) => value)).toEqual(['236.0', '237.0'])
})

test('a date is the local day of the terminal', async () => {
  expect((await get('from=2026-10-05&to=2026-10-06&item=20000201')).body.items).toHaveLength(8)
  expect((await get('from=2026-10-06')).body.items).toHaveLength(0)
})

test('items: one, several, in any case', async () => {
  expect((await get('item=20000201&limit=3')).body.items.map(({ item }: { item: string }) => item)).toEqual(['20000201', '20000201', '20000201'])
  expect((await get('item=00100201,20000201')).body.items).toHaveLength(16)
  expect((await get('item=200a0201')).body.items).toHaveLength(0)
})

test('quality: first values by default, all shows what contradicted them, a list filters', async () => {
  const at = 'from=2026-10-05T00:15&to=2026-10-05T00:30&item=00100201'
  expect(brief((await get(at)).body).map(([, , value]) => value)).toEqual(['1001.50'])
  expect(brief((await get(`${at}&quality=all`)).body).map(([, , value, quality]) => [value, quality])).toEqual([['1001.50', 'measured'], ['-5.00', 'conflict'], ['999.99', 'conflict']])
  expect(brief((await get('quality=conflict')).body).map(([, , value]) => value)).toEqual(['-5.00', '999.99'])
  expect(brief((await get('quality=recollected')).body).map(([, , value]) => value)).toEqual(['1003.50'])
  expect((await get('quality=recollected,conflict')).body.items).toHaveLength(3)
  expect((await get(`quality=${QUALITIES.join(',')}`)).body.items).toHaveLength(16)
})

test.each([1, 2, 3, 5, 7])('pages of %i give every reading once, in one order', async (limit) => {
  const whole = brief((await get('quality=all')).body)
  expect(whole).toHaveLength(18)
  const paged: unknown[] = []
  let cursor: string | null = ''
  while (cursor !== null) {
    const { body } = await get(`quality=all&limit=${limit}${cursor ? `&cursor=${cursor}` : ''}`)
    paged.push(...brief(body))
    cursor = body.nextCursor as string | null
  }
  expect(paged).toEqual(whole)
})

// Seen failing with other values ordered as texts: 10 before 9, and the page after it began behind both.
test('other values of one reading come by number, one page after the other', async () => {
  const time = MIDNIGHT + 5 * 86_400_000
  for (const value of ['5', '10', '9']) await store(time, ENERGY, value)
  const first = await get('from=2026-10-10&to=2026-10-11&quality=conflict&limit=1')
  expect(first.body.items.map(({ value }: { value: string }) => value)).toEqual(['9'])
  expect((await get(`from=2026-10-10&to=2026-10-11&quality=conflict&limit=1&cursor=${first.body.nextCursor}`)).body.items.map(({ value }: { value: string }) => value)).toEqual(['10'])
})

test('other values that came in different ways stand in one order by number', async () => {
  const time = MIDNIGHT + 8 * 86_400_000
  const values = ['5', '10', '9', '9007199254740992.5', '9007199254740993.5', '18014398509481985', '18014398509481984']
  for (const [n, value] of values.entries()) await store(time, ENERGY, value, 'measured', undefined, n % 2 === 0 ? 'poll' : 'report')
  expect((await get('from=2026-10-13&to=2026-10-14&quality=all')).body.items.map(({ value, source }: { value: string; source: string }) => [value, source])).toEqual([
    ['5', 'poll'], ['9', 'poll'], ['10', 'report'], ['9007199254740992.5', 'report'], ['9007199254740993.5', 'poll'], ['18014398509481984', 'poll'], ['18014398509481985', 'report'],
  ])
})

test('cursors stay true while readings are stored before and after them', async () => {
  const later = MIDNIGHT + 86_400_000
  for (let i = 0; i < 6; i++) await store(later + 2 * i * QUARTER, VOLTAGE, `24${i}.0`)
  const seen: string[] = []
  let cursor: string | null = ''
  let inserted = 0
  while (cursor !== null) {
    const { body } = await get(`from=2026-10-06&to=2026-10-07&limit=2${cursor ? `&cursor=${cursor}` : ''}`)
    seen.push(...body.items.map(({ value }: { value: string }) => value))
    cursor = body.nextCursor as string | null
    // Behind the cursor: must not shift the next page.
    await store(later + (2 * inserted + 1) * QUARTER, VOLTAGE, '999.0')
    inserted += 1
  }
  expect(seen.filter((value) => value !== '999.0')).toEqual(['240.0', '241.0', '242.0', '243.0', '244.0', '245.0'])
  expect(new Set(seen.filter((value) => value !== '999.0')).size).toBe(6)
})

test('items sort as the hex people read, also above 7FFFFFFF', async () => {
  const time = MIDNIGHT + 3 * 86_400_000
  for (const [item, value] of [[0xf2010201, '3'], [0x80000301, '2'], [0x00100201, '1']] as const) await store(time, item, value)
  const first = await get('from=2026-10-08&to=2026-10-09&limit=2')
  expect(first.body.items.map(({ item }: { item: string }) => item)).toEqual(['00100201', '80000301'])
  expect((await get(`from=2026-10-08&to=2026-10-09&limit=2&cursor=${first.body.nextCursor}`)).body.items.map(({ item }: { item: string }) => item)).toEqual(['F2010201'])
})

test('only partitions of the range are touched', async () => {
  const plan = await api.database.pool.query<{ 'QUERY PLAN': string }>(
    'EXPLAIN SELECT 1 FROM reading WHERE meter_id = $1 AND time >= $2 AND time < $3', [meterId, new Date(MIDNIGHT), new Date(MIDNIGHT + 86_400_000)])
  const text = plan.rows.map((row) => row['QUERY PLAN']).join('\n')
  expect(text).toMatch(/reading_20261004/)
  expect(text).toMatch(/reading_20261005/)
  expect(text).not.toMatch(/reading_20261006|reading_20261007|reading_20261008/)
})

test('the moment of a maximum demand comes along', async () => {
  await store(MIDNIGHT + 4 * 86_400_000, 0x10100201, '3.2100', 'terminal', MIDNIGHT + 1_000)
  expect((await get('item=10100201')).body.items[0]).toMatchObject({ value: '3.2100', quality: 'terminal', occurredAt: '2026-10-05T00:00:01+06:00' })
})

test('latest: the youngest of every item, not of a clock gone wild', async () => {
  const now = Date.now()
  await store(now - 60_000, VOLTAGE, '221.1')
  await store(now - 120_000, VOLTAGE, '221.2')
  await store(now - 90_000, ENERGY, '2000.00')
  await store(now + 3 * 86_400_000, VOLTAGE, '1.0')
  const { body } = await get('', 'readings/latest')
  expect(body.items.filter(({ item }: { item: string }) => /^(00100201|20000201)$/.test(item)).map(({ item, value }: { item: string; value: string }) => [item, value])).toEqual([['00100201', '2000.00'], ['20000201', '221.1']])
  expect((await get('item=20000201', 'readings/latest')).body.items).toHaveLength(1)
})

test('CSV holds the whole range, whatever the limit of a page', async () => {
  const { text, headers } = await get('format=csv&from=2026-10-05&to=2026-10-06&quality=all&limit=2')
  expect(headers['content-type']).toContain('text/csv')
  const lines = text.trimEnd().split('\r\n')
  expect(lines[0]).toBe('meter,item,name,time,value,unit,quality,source,occurredAt,receivedAt')
  expect(lines).toHaveLength(1 + 18)
  expect(lines).toContain(`${METER},00100201,"Forward active energy, total",2026-10-05T00:15:00+06:00,-5.00,kWh,conflict,poll,,2026-10-05T00:00:00+06:00`)
})

test.each([
  ['from', 'from=yesterday'], ['from', 'from=2026-13-01'], ['to', 'to=2026-02-30T00:00:00Z'], ['item', 'item=0010020'], ['item', 'item='], ['quality', 'quality=good'],
  ['limit', 'limit=-1'], ['cursor', 'cursor=W10'], ['form', 'form=2026-10-05'], ['format', 'format=xml'],
])('a wrong %s is named: %s', async (path, query) => {
  const answer = await get(query)
  expect(answer).toMatchObject({ status: 400, body: { code: 'BODY_INVALID' } })
  expect(answer.body.details[0].path.split('.')[0]).toBe(path)
})

test('a limit beyond the largest is the largest', async () => {
  expect((await get('limit=1000000')).status).toBe(200)
})

test('an unknown meter is not found', async () => {
  expect(await api.call('GET', '/api/v1/meters/424242/readings', { token })).toMatchObject({ status: 404, body: { code: 'NOT_FOUND' } })
})
