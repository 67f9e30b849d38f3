import { createAuditLog, verifyAudit } from '@zhuzhan/persistence'
import { withPostgres } from '@zhuzhan/testing'
import { createTestApi } from '../fixtures/test-api.js'
import type { TestApi } from '../fixtures/test-api.js'
import { signHeadOnce } from './head-signer.js'

const postgres = withPostgres()
let api: TestApi
let token: string

beforeAll(async () => {
  api = await createTestApi(postgres.url)
  token = await api.user('anna', 'approver')
})
afterAll(() => api.close())

const list = async (query: string) => (await api.call('GET', `/api/v1/audit-log?${query}`, { token })).body
const append = (action: string, object = 'x') => createAuditLog(api.database.pool).append({ actor: 'test', action, object, outcome: 'ok', detail: { b: 1, a: [{ d: 1, c: 2 }] } })

test('entries come youngest first, in pages, by filters', async () => {
  for (let i = 0; i < 5; i++) await append(`one.${i}`, `thing/${i}`)
  const first = await list('actor=test&limit=3')
  expect(first.items.map(({ action }: { action: string }) => action)).toEqual(['one.4', 'one.3', 'one.2'])
  expect((await list(`actor=test&limit=3&cursor=${first.nextCursor}`)).items.map(({ action }: { action: string }) => action)).toEqual(['one.1', 'one.0'])
  expect((await list('action=one.')).items).toHaveLength(5)
  expect((await list('action=one')).items).toHaveLength(0)
  expect((await list('object=thing/3')).items).toMatchObject([{ action: 'one.3', hash: expect.stringMatching(/^[0-9A-F]{64}$/), detail: { a: [{ c: 2, d: 1 }], b: 1 } }])
  expect((await list('to=2020-01-01')).items).toHaveLength(0)
})

test('what the API wrote is a chain without a break, also under many writers', async () => {
  await Promise.all(Array.from({ length: 40 }, (_, i) => append(`many.${i}`)))
  const verdict = await verifyAudit(api.database.pool)
  expect(verdict.broken).toBeUndefined()
  expect(verdict.entries).toBeGreaterThan(45)
})

test('nobody changes or removes an entry', async () => {
  await expect(api.database.pool.query("UPDATE audit_entry SET actor = 'x'")).rejects.toThrow('append-only')
  await expect(api.database.pool.query('DELETE FROM audit_entry')).rejects.toThrow('append-only')
})

test('the head is signed once for every state of the chain', async () => {
  const signed: { head: string; at: number }[] = []
  const deps = {
    pool: api.database.pool, clock: api.clock,
    sign: async (head: Buffer, at: Date) => { signed.push({ head: head.toString('hex'), at: at.getTime() }); return { keyId: 'audit-1', signature: Buffer.alloc(64, 7) } },
  }
  expect(await signHeadOnce(deps)).toBe(true)
  expect(await signHeadOnce(deps)).toBe(false)
  await append('again')
  expect(await signHeadOnce(deps)).toBe(true)
  const { heads } = await verifyAudit(api.database.pool)
  expect(heads.map(({ hash, signedAt, onChain }) => ({ head: hash.toString('hex'), at: signedAt.getTime(), onChain }))).toEqual(signed.map((one) => ({ ...one, onChain: true })))
})
