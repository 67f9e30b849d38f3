import { ROLES } from '@zhuzhan/contracts'
import type { Role } from '@zhuzhan/contracts'
import { withPostgres } from '@zhuzhan/testing'
import { createTestApi } from '../fixtures/test-api.js'
import type { TestApi } from '../fixtures/test-api.js'

const postgres = withPostgres()
let api: TestApi
const tokens = {} as Record<Role, string>

beforeAll(async () => {
  api = await createTestApi(postgres.url)
  for (const role of ROLES) tokens[role] = await api.user(`only-${role}`, role)
  await api.call('POST', '/api/v1/terminals', { token: tokens.operator, body: { address: '1', securityProfile: 'plain' } })
  await api.call('POST', '/api/v1/meters', { token: tokens.operator, body: { address: '2', terminal: '1' } })
  api.machine.place('000000000001')
})
afterAll(() => api.close())

const ALL: readonly Role[] = ROLES
const NONE = '00000000-0000-4000-8000-000000000000'
/** Every route, and who may use it. Anything but 401 and 403 means the guard let the caller through. */
const ROUTES: readonly [method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE', path: string, allowed: readonly Role[], body?: object][] = [
  ['GET', '/auth/me', ALL],
  ['POST', '/auth/password', ALL, {}],
  ['GET', '/users', ['admin']],
  ['GET', '/users/{user}', ['admin']],
  ['POST', '/users', ['admin'], {}],
  ['PATCH', '/users/{user}', ['admin'], {}],
  ['GET', '/mandates', ALL],
  ['GET', '/mandates/{mandate}', ALL],
  ['POST', '/mandates', ['dispatcher'], {}],
  ['POST', '/mandates/{mandate}/sign', ['dispatcher'], {}],
  ['POST', '/mandates/{mandate}/approve', ['approver'], {}],
  ['POST', '/mandates/{mandate}/reject', ['approver'], {}],
  ['POST', '/mandates/{mandate}/stop', ['operator', 'dispatcher']],
  ['GET', '/terminals', ALL],
  ['GET', '/terminals/{address}', ALL],
  ['GET', '/terminals/export', ALL],
  ['POST', '/terminals', ['operator', 'admin'], {}],
  ['POST', '/terminals/import', ['operator', 'admin']],
  ['PATCH', '/terminals/{address}', ['operator', 'admin'], {}],
  ['DELETE', '/terminals/{address}', ['operator', 'admin']],
  ['GET', '/meters', ALL],
  ['GET', '/meters/{address}', ALL],
  ['GET', '/meters/export', ALL],
  ['POST', '/meters', ['operator', 'admin'], {}],
  ['POST', '/meters/import', ['operator', 'admin']],
  ['PATCH', '/meters/{address}', ['operator', 'admin'], {}],
  ['DELETE', '/meters/{address}', ['operator', 'admin']],
  ['GET', '/meters/{address}/readings', ALL],
  ['GET', '/meters/{address}/readings/latest', ALL],
  ['GET', '/meters/{address}/completeness', ALL],
  ['GET', '/meters/{address}/daily-energy', ALL],
  ['GET', '/meters/{address}/audits', ALL],
  ['GET', '/meters/{address}/audits/{month}', ALL],
  ['POST', '/meters/{address}/audits/{month}', ['operator', 'dispatcher', 'admin']],
  ['GET', '/meters/{address}/validated-days', ALL],
  ['GET', '/meters/{address}/consumption', ALL],
  ['GET', '/meters/{address}/figure-changes', ALL],
  ['GET', '/meters/{address}/edits', ALL],
  ['POST', '/meters/{address}/edits', ['operator', 'admin'], {}],
  ['GET', '/meters/{address}/clock', ALL],
  ['GET', '/energy/clocks', ALL],
  ['GET', '/meter-exchanges', ALL],
  ['POST', '/meter-exchanges', ['operator', 'admin'], {}],
  ['POST', '/meter-exchanges/import', ['operator', 'admin']],
  ['POST', '/meter-exchanges/{exchange}/withdraw', ['operator', 'admin'], {}],
  ['GET', '/energy/gaps', ALL],
  ['GET', '/energy-sites', ALL],
  ['GET', '/energy-sites/{site}', ALL],
  ['POST', '/energy-sites/{site}', ['operator', 'admin'], {}],
  ['DELETE', '/energy-sites/{site}', ['operator', 'admin']],
  ['POST', '/energy-audits/runs', ['operator', 'dispatcher', 'admin'], {}],
  ['GET', '/energy-audits/runs', ALL],
  ['GET', '/energy-audits/runs/{id}', ALL],
  ['POST', '/energy-audits/runs/{id}/cancel', ['operator', 'dispatcher', 'admin']],
  ['GET', '/energy-audits/{level}/{subject}', ALL],
  ['GET', '/energy-audits/{level}/{subject}/{month}', ALL],
  ['GET', '/energy/thresholds', ALL],
  ['POST', '/energy/thresholds/{kind}/{of}', ['operator', 'admin'], {}],
  ['DELETE', '/energy/thresholds/{kind}/{of}', ['operator', 'admin']],
  ['POST', '/forecasts', ['operator', 'dispatcher', 'admin'], {}],
  ['GET', '/forecasts/{level}/{subject}', ALL],
  ['GET', '/forecasts/{level}/{subject}/{day}', ALL],
  ['GET', '/jobs', ALL],
  ['POST', '/jobs/{name}/stop', ['operator', 'dispatcher', 'admin']],
  ['GET', '/loss-areas', ALL],
  ['GET', '/loss-areas/topology', ALL],
  ['POST', '/loss-areas/topology', ['operator', 'admin'], {}],
  ['POST', '/loss-areas/compute', ['operator', 'dispatcher', 'admin']],
  ['GET', '/loss-areas/{area}/days', ALL],
  ['GET', '/loss-areas/{area}/days/{day}', ALL],
  ['GET', '/anomaly-scores', ALL],
  ['GET', '/anomaly-scores/runs', ALL],
  ['POST', '/anomaly-scores/runs', ['operator', 'dispatcher', 'admin'], {}],
  ['GET', '/theft-cases', ALL],
  ['GET', '/theft-cases/labels', ALL],
  ['GET', '/theft-cases/{id}', ALL],
  ['POST', '/theft-cases', ['operator', 'dispatcher', 'admin'], {}],
  ['POST', '/theft-cases/{id}/inspect', ['operator', 'dispatcher', 'admin'], {}],
  ['POST', '/theft-cases/{id}/confirm', ['approver'], {}],
  ['POST', '/theft-cases/{id}/clear', ['approver'], {}],
  ['GET', '/charging-sites', ALL],
  ['GET', '/charging-sites/{site}', ALL],
  ['PUT', '/charging-sites/{site}', ['operator', 'admin'], {}],
  ['DELETE', '/charging-sites/{site}', ['operator', 'admin']],
  ['GET', '/charging-sites/{site}/vehicles', ALL],
  ['POST', '/charging-sites/{site}/vehicles', ['operator', 'dispatcher', 'admin'], {}],
  ['POST', '/charging-sites/{site}/vehicles/import', ['operator', 'dispatcher', 'admin'], {}],
  ['POST', '/charging-vehicles/{id}/opt-out', ['operator', 'dispatcher', 'admin']],
  ['POST', '/charging-vehicles/{id}/withdraw', ['operator', 'dispatcher', 'admin']],
  ['POST', '/charging-sites/{site}/nights', ['dispatcher'], {}],
  ['GET', '/charging-sites/{site}/nights', ALL],
  ['GET', '/charging-nights/{id}', ALL],
  ['POST', '/charging-nights/{id}/abort', ['dispatcher'], {}],
  ['POST', '/charging-nights/{id}/resume', ['dispatcher'], {}],
  ['POST', '/charging-nights/{id}/cancel', ['dispatcher'], {}],
  ['POST', '/charging-nights/{id}/batches/{batch}/approve', ['approver'], {}],
  ['POST', '/charging-nights/{id}/batches/{batch}/reject', ['approver'], {}],
  ['GET', '/charging-nights/{id}/plans', ALL],
  ['GET', '/charging-nights/{id}/plans/{version}', ALL],
  ['GET', '/charging-nights/{id}/batches', ALL],
  ['GET', '/charging-nights/{id}/set-points', ALL],
  ['GET', '/charging-nights/{id}/log', ALL],
  ['GET', '/charging-nights/{id}/results', ALL],
  ['GET', '/charging-nights/{id}/picture', ALL],
  ['GET', '/charging-sites/{site}/events', ALL],
  ['POST', '/charging-sites/{site}/events', ['dispatcher'], {}],
  ['GET', '/demand-events/{id}', ALL],
  ['POST', '/demand-events/{id}/withdraw', ['dispatcher']],
  ['GET', '/collection/plans', ALL],
  ['PATCH', '/collection/plans/{plan}', ['operator', 'admin'], {}],
  ['GET', '/collection/gaps', ALL],
  ['POST', '/meters/{address}/commands', ['operator', 'dispatcher'], { action: 'read' }],
  ['GET', '/commands', ALL],
  ['GET', '/commands/{id}', ALL],
  ['POST', '/command-batches', ['dispatcher'], {}],
  ['GET', '/command-batches/{id}', ALL],
  ['POST', '/command-batches/{id}/sign', ['dispatcher'], {}],
  ['POST', '/command-batches/{id}/approve', ['approver'], { password: 'x' }],
  ['POST', '/command-batches/{id}/reject', ['approver'], {}],
  ['POST', '/commands/{id}/sign', ['dispatcher'], {}],
  ['POST', '/commands/{id}/approve', ['approver'], {}],
  ['POST', '/commands/{id}/reject', ['approver']],
  ['POST', '/keys/rotations', ['admin'], {}],
  ['POST', '/keys/rotations/{id}/signatures', ['admin'], {}],
  ['GET', '/keys/rotations', ALL],
  ['GET', '/keys/rotations/{id}', ALL],
  ['GET', '/meters/{address}/modules', ALL],
  ['GET', '/modules/suspect', ALL],
  ['POST', '/meters/{address}/modules/binding', ['admin'], {}],
  ['POST', '/meters/{address}/modules/signatures', ['admin'], {}],
  ['POST', '/cost-accounts', ['operator', 'admin'], {}],
  ['GET', '/cost-accounts', ALL],
  ['GET', '/cost-accounts/{account}', ALL],
  ['PUT', '/cost-accounts/{account}/contract', ['operator', 'admin'], {}],
  ['POST', '/cost-accounts/{account}/payments', ['operator', 'admin'], {}],
  ['POST', '/cost-accounts/{account}/adjustments', ['admin'], {}],
  ['GET', '/cost-accounts/{account}/ledger', ALL],
  ['GET', '/cost-accounts/{account}/statement', ALL],
  ['POST', '/cost-accounts/{account}/clear-fault', ['operator', 'dispatcher', 'admin']],
  ['GET', '/webhooks', ['admin']],
  ['POST', '/webhooks', ['admin'], {}],
  ['POST', '/webhooks/{webhook}/remove', ['admin']],
  ['GET', '/webhook-deliveries', ALL],
  ['GET', '/cost-notices', ALL],
  ['POST', '/cost-notices/{id}/outcome', ['operator', 'admin'], {}],
  ['GET', '/cost-protections', ALL],
  ['POST', '/cost-protections', ['operator', 'dispatcher', 'admin'], {}],
  ['POST', '/cost-protections/{id}/end', ['operator', 'dispatcher', 'admin']],
  ['GET', '/cost-proposals', ALL],
  ['POST', '/cost-proposals/order', ['dispatcher'], {}],
  ['GET', '/holiday-years', ALL],
  ['PUT', '/holiday-years/{year}', ['admin'], {}],
  ['GET', '/firmware/releases', ALL],
  ['POST', '/firmware/releases/{release}/file', ['admin'], {}],
  ['POST', '/firmware/releases/{release}/withdraw', ['admin'], {}],
  ['GET', '/firmware/transfers', ALL],
  ['GET', '/firmware/transfers/{id}', ALL],
  ['POST', '/firmware/transfers', ['operator', 'dispatcher'], {}],
  ['POST', '/firmware/transfers/{id}/sign', ALL, {}],
  ['GET', '/groups', ALL],
  ['GET', '/groups/{group}', ALL],
  ['POST', '/groups/{group}/clock', ['operator', 'dispatcher'], {}],
  ['GET', '/events', ALL],
  ['GET', '/events/history', ALL],
  ['GET', '/authority/people', ['admin']],
  ['POST', '/authority/orders', ['admin'], {}],
  ['POST', '/authority/orders/submit', ['admin'], {}],
  ['GET', '/policy', ALL],
  ['GET', '/audit-log', ['admin', 'approver']],
]

const filled = (path: string): string =>
  `/api/v1${path.replace('{address}', '999999999999').replace('{month}', '2026-10').replace('{plan}', 'none').replace('{id}', NONE).replace('{mandate}', 'AB'.repeat(16)).replace('{group}', '0'.repeat(16)).replace('{release}', '0'.repeat(16)).replace('{user}', 'nobody').replace('{account}', 'none').replace('{year}', '2026').replace('{site}', 'none').replace('{level}', 'plant').replace('{subject}', 'none').replace('{area}', 'none').replace('{day}', '2026-10-05').replace('{kind}', 'class').replace('{of}', 'unknown').replace('{name}', 'analysis.line-loss').replace('{webhook}', NONE)}`

describe.each(ROUTES)('%s %s', (method, path, allowed, body) => {
  const ask = (token?: string) => api.call(method, filled(path), { ...(token === undefined ? {} : { token }), ...(body ? { body } : {}) })

  test('is closed to strangers', async () => {
    expect(await ask()).toMatchObject({ status: 401, body: { code: 'NOT_AUTHENTICATED' } })
  })
  test.each(ROLES)('%s', async (role) => {
    const { status, body: answer } = await ask(tokens[role])
    if (allowed.includes(role)) expect([401, 403]).not.toContain(status)
    else expect({ status, code: (answer as { code: string }).code }).toEqual({ status: 403, code: 'RIGHT_MISSING' })
  })
})

test('the table above names every route of the OpenAPI document', async () => {
  const { body } = await api.call('GET', '/openapi.json')
  const { paths } = body as { paths: Record<string, Record<string, unknown>> }
  const documented = Object.entries(paths).flatMap(([path, methods]) => Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`))
  expect(documented.sort()).toEqual(['POST /api/v1/auth/login', ...ROUTES.map(([method, path]) => `${method} /api/v1${path}`)].sort())
})

const SET_POINT = { id: 'b1', sequence: 1, watts: 7_000, from: 1, to: 2 }
test.each(['trip', 'close', 'allow-close', 'keep-power', 'release-power', 'set-power'])('%s is asked for by dispatchers only', async (action) => {
  const ask = async (role: Role) => (await api.call('POST', '/api/v1/meters/2/commands', { token: tokens[role], body: { action, ...(action === 'set-power' && { setPoint: SET_POINT }) } })).status
  expect(await Promise.all(ROLES.map(ask))).toEqual(ROLES.map((role) => (role === 'dispatcher' ? 202 : 403)))
})

test('a missing right is in the audit log with name, act and object', async () => {
  await api.call('POST', '/api/v1/terminals', { token: tokens.viewer, body: {} })
  const { body } = await api.call('GET', '/api/v1/audit-log?actor=only-viewer&outcome=RIGHT_MISSING&action=terminal.create', { token: tokens.approver })
  expect((body as { items: unknown[] }).items[0]).toMatchObject({ actor: 'only-viewer', action: 'terminal.create', object: '/api/v1/terminals', outcome: 'RIGHT_MISSING' })
})

test('knocking again and again does not fill the audit log', async () => {
  const count = async () => (await api.database.pool.query('SELECT 1 FROM audit_entry')).rowCount ?? 0
  const before = await count()
  for (let i = 0; i < 30; i++) await api.call('DELETE', '/api/v1/meters/77', { token: tokens.viewer })
  expect((await count()) - before).toBe(5)
  api.clock.advance(10_001)
  await api.call('DELETE', '/api/v1/meters/77', { token: tokens.viewer })
  const { rows } = await api.database.pool.query<{ detail: object }>('SELECT detail FROM audit_entry ORDER BY id DESC LIMIT 1')
  expect(rows[0]?.detail).toMatchObject({ leftOut: 25 })
})
