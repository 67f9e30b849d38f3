import { withPostgres } from '@zhuzhan/testing'
import { createTestApi } from '../fixtures/test-api.js'
import type { TestApi } from '../fixtures/test-api.js'

const postgres = withPostgres()
let api: TestApi
let token: string

beforeAll(async () => {
  api = await createTestApi(postgres.url)
  token = await api.user('root', 'admin')
})
afterAll(() => api.close())

const post = (body: object) => api.call('POST', '/api/v1/users', { token, body })
const patch = (user: string, body: object) => api.call('PATCH', `/api/v1/users/${user}`, { token, body })

test('a user is created, listed and found by name or id; his password is never told', async () => {
  const { status, body, text } = await post({ username: 'eva', password: 'long enough', roles: ['viewer', 'approver'] })
  expect(status).toBe(201)
  expect(body).toEqual({ id: expect.any(String), username: 'eva', roles: ['viewer', 'approver'], disabled: false, person: null, createdAt: expect.any(String) })
  expect(text).not.toMatch(/long enough|scrypt/)
  for (const key of ['eva', body.id]) expect((await api.call('GET', `/api/v1/users/${key}`, { token })).body).toEqual(body)
  const list = await api.call('GET', '/api/v1/users', { token })
  expect(list.body.items.map(({ username }: { username: string }) => username)).toEqual(['eva', 'root'])
  expect(list.text).not.toContain('scrypt')
  const { rows } = await api.database.pool.query<{ detail: object }>("SELECT detail FROM audit_entry WHERE action = 'user.create'")
  expect(rows.map(({ detail }) => detail)).toEqual([{ roles: ['viewer', 'approver'] }])
})

test.each([['eva'], ['EVA']])('%s exists already', async (username) => {
  expect(await post({ username, password: 'long enough', roles: ['viewer'] })).toMatchObject({ status: 409, body: { code: 'EXISTS_ALREADY' } })
})

test.each([
  ['password', { username: 'x', password: 'short', roles: ['viewer'] }],
  ['roles', { username: 'x', password: 'long enough', roles: [] }],
  ['roles.0', { username: 'x', password: 'long enough', roles: ['king'] }],
  ['roles', { username: 'x', password: 'long enough', roles: ['viewer', 'viewer'] }],
  ['username', { username: 'a b', password: 'long enough', roles: ['viewer'] }],
  ['admin', { username: 'x', password: 'long enough', roles: ['viewer'], admin: true }],
])('a wrong %s is named', async (path, body) => {
  expect(await post(body)).toMatchObject({ status: 400, body: { code: 'BODY_INVALID', details: [{ path }] } })
})

test('the last administrator stays', async () => {
  for (const change of [{ disabled: true }, { roles: ['viewer'] }]) expect(await patch('root', change)).toMatchObject({ status: 409, body: { code: 'STATE_CONFLICT' } })
  await post({ username: 'root2', password: 'long enough', roles: ['admin'] })
  const both = await Promise.all([patch('root2', { disabled: true }), patch('root', { disabled: true })])
  expect(both.map(({ status }) => status).sort()).toEqual([200, 409])
})
