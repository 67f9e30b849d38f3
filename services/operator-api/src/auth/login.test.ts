import { withPostgres } from '@zhuzhan/testing'
import { TEST_PASSWORD, createTestApi, watchLog } from '../fixtures/test-api.js'
import type { TestApi } from '../fixtures/test-api.js'
import { createPasswords } from './passwords.js'

const postgres = withPostgres()
let api: TestApi
let admin: string

beforeAll(async () => {
  api = await createTestApi(postgres.url)
  admin = await api.user('root', 'admin')
})
afterAll(() => api.close())

const login = (username: string, password: string) => api.call('POST', '/api/v1/auth/login', { body: { username, password } })
const auditOf = async (object: string) =>
  (await api.database.pool.query<{ actor: string; action: string; outcome: string }>('SELECT actor, action, outcome FROM audit_entry WHERE object = $1 ORDER BY id', [object])).rows

test('the right password gives a token that says who I am', async () => {
  await api.user('eva', 'viewer', 'approver')
  const { status, body } = await login('eva', TEST_PASSWORD)
  expect(status).toBe(200)
  const { token } = body as { token: string }
  const me = await api.call('GET', '/api/v1/auth/me', { token })
  expect(me.body).toEqual({ username: 'eva', roles: ['viewer', 'approver'], rights: ['read', 'case.decide', 'command.decide', 'audit.read'] })
  expect(await auditOf('user/eva')).toContainEqual({ actor: 'eva', action: 'login', outcome: 'ok' })
})

test('wrong password, unknown user and disabled user get the same answer, and each is in the audit log', async () => {
  await api.user('otto', 'viewer')
  await api.call('PATCH', '/api/v1/users/otto', { token: admin, body: { disabled: true } })
  await api.user('anna', 'viewer')
  const answers = [await login('anna', 'wrong'), await login('nobody', 'wrong'), await login('otto', TEST_PASSWORD)]
  for (const { status, body } of answers) expect({ status, ...(body as object), requestId: '' }).toEqual({ status: 401, code: 'LOGIN_REFUSED', message: 'User name or password is wrong.', requestId: '' })
  for (const name of ['anna', 'nobody', 'otto']) expect(await auditOf(`user/${name}`)).toContainEqual({ actor: name, action: 'login', outcome: 'LOGIN_REFUSED' })
})

test('an unknown user costs as much work as a known one', async () => {
  const passwords = createPasswords()
  const stored = await passwords.hash('something')
  // CPU time of the process, threads included: a busy machine stretches the clock, not the work.
  const work = async (hash: string | undefined): Promise<number> => {
    const before = process.cpuUsage()
    expect(await passwords.verify('wrong', hash)).toBe(false)
    const { user, system } = process.cpuUsage(before)
    return user + system
  }
  const spent = { known: 0, unknown: 0 }
  for (let i = 0; i < 5; i++) {
    spent.known += await work(stored)
    spent.unknown += await work(undefined)
  }
  expect(spent.unknown / spent.known).toBeGreaterThan(0.6)
  expect(spent.unknown / spent.known).toBeLessThan(1.7)
})

test('ten wrong passwords block this name from this address, and only it', async () => {
  await api.user('ida', 'viewer')
  for (let i = 0; i < 10; i++) expect((await login('ida', 'wrong')).status).toBe(401)
  const blocked = await login('ida', TEST_PASSWORD)
  expect(blocked).toMatchObject({ status: 429, body: { code: 'TOO_MANY_REQUESTS' } })
  await login('ida', TEST_PASSWORD)
  expect((await auditOf('user/ida')).filter(({ outcome }) => outcome === 'TOO_MANY_REQUESTS')).toHaveLength(1)
  expect((await login('anna', TEST_PASSWORD)).status).toBe(200)
  api.clock.advance(5 * 60_000)
  expect((await login('ida', TEST_PASSWORD)).status).toBe(200)
})

test('guesses sent at once count like guesses one after another', async () => {
  await api.user('uwe', 'viewer')
  const statuses = (await Promise.all(Array.from({ length: 20 }, () => login('uwe', 'wrong')))).map(({ status }) => status)
  expect(statuses.filter((status) => status === 401)).toHaveLength(10)
})

test('a disabled user is out within seconds, and a token without its user is nothing', async () => {
  const token = await api.user('max', 'viewer')
  expect((await api.call('GET', '/api/v1/auth/me', { token })).status).toBe(200)
  // As if another replica had done it: no cache of ours is told.
  await api.database.pool.query("UPDATE app_user SET disabled = true WHERE username = 'max'")
  api.clock.advance(2_001)
  expect(await api.call('GET', '/api/v1/auth/me', { token })).toMatchObject({ status: 401, body: { code: 'NOT_AUTHENTICATED' } })
})

test('roles are taken from the user, not from the token', async () => {
  const token = await api.user('rosa', 'viewer')
  expect((await api.call('GET', '/api/v1/users', { token })).status).toBe(403)
  await api.call('PATCH', '/api/v1/users/rosa', { token: admin, body: { roles: ['admin'] } })
  expect((await api.call('GET', '/api/v1/users', { token })).status).toBe(200)
})

test('a new password ends the old tokens', async () => {
  const token = await api.user('pia', 'viewer')
  const next = 'a better one 10'
  expect((await api.call('POST', '/api/v1/auth/password', { token, body: { current: 'wrong', next } })).status).toBe(401)
  expect((await api.call('POST', '/api/v1/auth/password', { token, body: { current: TEST_PASSWORD, next } })).status).toBe(204)
  expect((await api.call('GET', '/api/v1/auth/me', { token })).status).toBe(401)
  expect((await login('pia', next)).status).toBe(200)
})

test.each([
  ['no header', undefined],
  ['another scheme', 'Basic cm9vdDp4'],
  ['not a token', 'Bearer abc'],
  ['signed by nobody', `Bearer ${Buffer.from('{"alg":"none"}').toString('base64url')}.${Buffer.from('{"sub":"x"}').toString('base64url')}.`],
])('%s is not authenticated', async (_name, authorization) => {
  const { status, body } = await api.call('GET', '/api/v1/meters', authorization === undefined ? {} : { headers: { authorization } })
  expect({ status, code: (body as { code: string }).code }).toEqual({ status: 401, code: 'NOT_AUTHENTICATED' })
})

test('a token of another secret is refused', async () => {
  const [header, payload] = admin.split('.')
  const forged = `${header}.${payload}.${Buffer.from('x'.repeat(32)).toString('base64url')}`
  expect((await api.call('GET', '/api/v1/users', { token: forged })).status).toBe(401)
})

test('an expired token is refused', async () => {
  const { id } = (await api.call('GET', '/api/v1/users/root', { token: admin })).body as { id: string }
  const expired = api.app.jwt.sign({ sub: id, pw: (api.app.jwt.decode<{ pw: string }>(admin))?.pw }, { expiresIn: '-1s' })
  expect((await api.call('GET', '/api/v1/users', { token: expired })).status).toBe(401)
})

test('no password and no token gets into the log', async () => {
  const lines: string[] = []
  watchLog((line) => { lines.push(line) })
  const { body } = await login('anna', TEST_PASSWORD)
  await login('anna', 'a wrong secret 77')
  await api.call('GET', `/api/v1/events?token=${(body as { token: string }).token}`)
  watchLog(undefined)
  expect(lines.join('\n')).not.toContain(TEST_PASSWORD)
  expect(lines.join('\n')).not.toContain('a wrong secret 77')
  expect(lines.join('\n')).not.toContain((body as { token: string }).token)
})
