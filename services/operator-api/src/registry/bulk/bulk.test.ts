import { readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { withPostgres } from '@zhuzhan/testing'
import { createTestApi } from '../../fixtures/test-api.js'
import type { TestApi } from '../../fixtures/test-api.js'

const postgres = withPostgres()
let api: TestApi
let token: string

beforeAll(async () => {
  api = await createTestApi(postgres.url)
  token = await api.user('olga', 'operator', 'approver')
})
afterAll(() => api.close())

const upload = (what: 'terminals' | 'meters', csv: string | Buffer, query = '') => api.call('POST', `/api/v1/${what}/import${query}`, { token, csv })
const count = async (table: string) => (await api.database.pool.query(`SELECT 1 FROM ${table}`)).rowCount

test('terminals: each row is created, known or refused on its own, and told so', async () => {
  const { status, body } = await upload('terminals', [
    'address,name,securityProfile,mode,area,utcOffset',
    '100001,First,plain,,North,',
    '100002,"Quoted, with comma",sm,F,North,+06:00',
    '100001,Again,plain,,,',
    '12 34,Blank,plain,,,',
    '100003,No mode,sm,,,',
    '100004,short row,plain',
    '',
    '1.0E+11,Spreadsheet,plain,,,',
  ].join('\n'))
  expect(status).toBe(200)
  expect(body).toMatchObject({ dryRun: false, rows: 7, created: 2, exists: 1, refused: 4 })
  expect(body.items.map(({ row, address, result, code }: Record<string, unknown>) => [row, address, result, code])).toEqual([
    [1, '000000100001', 'created', undefined],
    [2, '000000100002', 'created', undefined],
    [3, '000000100001', 'exists', 'EXISTS_ALREADY'],
    [4, '12 34', 'refused', 'BODY_INVALID'],
    [5, '100003', 'refused', 'BODY_INVALID'],
    [6, '100004', 'refused', 'BODY_INVALID'],
    [7, '1.0E+11', 'refused', 'BODY_INVALID'],
  ])
  expect(body.items[4].message).toContain('mode')
  expect((await api.call('GET', '/api/v1/terminals/100002', { token })).body).toMatchObject({ name: 'Quoted, with comma', mode: 'F', utcOffset: '+06:00' })
})

test('the same file again changes nothing', async () => {
  const before = await count('audit_entry')
  const { body } = await upload('terminals', 'address,securityProfile\n100001,plain\n100002,sm\n')
  expect(body).toMatchObject({ created: 0, exists: 1, refused: 1 })
  expect(await count('audit_entry')).toBe(before)
})

describe('meters', () => {
  test('Chinese headings in any order, as UTF-8 with a byte order mark', async () => {
    const { body } = await upload('meters', '\uFEFF终端地址,表号,名称,台区,CT变比\r\n100001,200001,王家,一号台区,60\r\n100001,200002,李家,,\r\n199999,200003,,,\r\n')
    expect(body).toMatchObject({ rows: 3, created: 2, refused: 1 })
    expect(body.items[2]).toMatchObject({ address: '000000200003', code: 'NOT_FOUND', message: expect.stringContaining('000000199999') })
    expect((await api.call('GET', '/api/v1/meters/200001', { token })).body).toMatchObject({ name: '王家', area: '一号台区', ctRatio: 60, ptRatio: 1 })
  })

  test('the same in GB 18030, as Chinese spreadsheets save it', async () => {
    // 表号,终端地址,名称 / 200005,100001,王
    const gb = Buffer.concat([Buffer.from('b1edbac52cd6d5b6cbb5d8d6b72cc3fbb3c60a', 'hex'), Buffer.from('200005,100001,'), Buffer.from('cdf50a', 'hex')])
    expect((await upload('meters', gb)).body).toMatchObject({ created: 1 })
    expect((await api.call('GET', '/api/v1/meters/200005', { token })).body).toMatchObject({ name: '王' })
  })

  test('a terminal registered as a meter takes its own row over', async () => {
    expect((await upload('meters', 'address,terminal\n100001,100001\n')).body).toMatchObject({ created: 1 })
  })
})

test('a dry run tells the same and stores nothing', async () => {
  const before = await count('meter')
  const rows = Array.from({ length: 1_200 }, (_, i) => `${300_000 + (i % 1_100)},100001`)
  const csv = ['address,terminal', ...rows].join('\n')
  const dry = await upload('meters', csv, '?dryRun=true')
  expect(dry.body).toMatchObject({ dryRun: true, rows: 1_200, created: 1_100, exists: 100 })
  expect(await count('meter')).toBe(before)
  const results = (body: { items: { address: string; result: string; code?: string }[] }) => body.items.map(({ address, result, code }) => [address, result, code])
  expect(results((await upload('meters', csv)).body)).toEqual(results(dry.body))
})

test('an import is in the audit log with the addresses it created and the digest of its file', async () => {
  await upload('meters', 'address,terminal\n400001,100001\n400002,100001\n')
  const { body } = await api.call('GET', '/api/v1/audit-log?action=meter.create&limit=1', { token })
  expect(body.items[0]).toMatchObject({ actor: 'olga', object: 'meter/*', detail: { count: 2, addresses: ['000000400001', '000000400002'], file: expect.stringMatching(/^[0-9a-f]{64}$/) } })
})

test.each([
  ['nothing', '', 'empty'],
  ['an unknown column', 'address,terminal,colour\n1,2,red', 'colour'],
  ['a doubled column', 'address,address,terminal\n1,1,2', 'twice'],
  ['a missing column', 'name,terminal\nx,2', 'address is missing'],
  ['rows without a header', '200009,100001\n200010,100001', '200009'],
])('a file with %s is refused as a whole', async (_name, csv, message) => {
  expect(await upload('meters', csv)).toMatchObject({ status: 400, body: { code: 'BODY_INVALID', details: [{ path: 'header' }], message: expect.stringContaining(message) } })
})

test('a quote that never closes ends the report, what came before stays', async () => {
  const good = Array.from({ length: 500 }, (_, i) => `${500_000 + i},100001,`).join('\n')
  const { status, body } = await upload('meters', `address,terminal,name\n${good}\n510000,100001,"open`)
  expect({ status, created: body.created, rows: body.rows, code: body.error.code }).toEqual({ status: 200, created: 500, rows: 500, code: 'BODY_INVALID' })
})

test('more than 50 MB is refused and nothing of it is stored', async () => {
  const before = await count('meter')
  const csv = Buffer.alloc(51 * 1024 * 1024, 'address,terminal\n600001,100001\n')
  expect(await upload('meters', csv)).toMatchObject({ status: 400, body: { code: 'BODY_INVALID' } })
  expect(await count('meter')).toBe(before)
})

test('no temporary file is left', () => {
  expect(readdirSync(tmpdir()).filter((name) => name.startsWith('zhuzhan-import-'))).toEqual([])
})

test('what is exported can be imported', async () => {
  await api.call('PATCH', '/api/v1/meters/200002', { token, body: { name: '=SUM(A1)', area: 'with "quotes", and comma' } })
  const terminals = await api.call('GET', '/api/v1/terminals/export', { token })
  const meters = await api.call('GET', '/api/v1/meters/export', { token })
  expect(meters.headers['content-type']).toContain('text/csv')
  expect(meters.text.split('\r\n')[0]).toBe('address,terminal,name,securityProfile,mode,area,ctRatio,ptRatio,tariff,createdAt,online')
  expect(meters.text).toContain("'=SUM(A1)")
  const { pool } = api.database
  const content = async () => (await pool.query("SELECT address, terminal_address, name, area, ct_ratio, security_profile, mode FROM meter WHERE kind = 'meter' ORDER BY address")).rows
  const before = await content()
  expect(before.length).toBeGreaterThan(1_000)
  await pool.query('DELETE FROM meter; DELETE FROM terminal')
  expect((await upload('terminals', terminals.text)).body).toMatchObject({ created: 2, refused: 0 })
  expect((await upload('meters', meters.text)).body).toMatchObject({ created: before.length, refused: 0 })
  expect(await content()).toEqual(before)
})

test('what the database refuses ends the report with a code, and an import of the rest goes on later', async () => {
  await api.database.pool.query('ALTER TABLE meter ADD CONSTRAINT away CHECK (address <> \'000000700500\')')
  const csv = ['address,terminal', ...Array.from({ length: 1_500 }, (_, i) => `${700_000 + i},100001`)].join('\n')
  const first = await upload('meters', csv)
  expect(first.body).toMatchObject({ rows: 500, created: 500, error: { code: 'INTERNAL' } })
  await api.database.pool.query('ALTER TABLE meter DROP CONSTRAINT away')
  expect((await upload('meters', csv)).body).toMatchObject({ created: 1_000, exists: 500, refused: 0 })
})
