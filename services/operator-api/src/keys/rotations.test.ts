import type { CryptoMachine, KeyUpdateView } from '@zhuzhan/contracts'
import { withPostgres } from '@zhuzhan/testing'
import { createTestApi } from '../fixtures/test-api.js'
import type { TestApi } from '../fixtures/test-api.js'

/** Rotations as operators see them; the crypto machine is a table the tests fill. */

const postgres = withPostgres()
let api: TestApi
let admin: string
const A = '000000000101'
const B = '000000000102'
const C = '000000000103'
const PLAIN = '000000000104'
const people = ['A1', 'B2'].map((one) => one.repeat(8))
const signers = people.map((person) => ({ person, password: 'a laboratory password' }))

let devices: { address: string; keyState: number; keyVersion: number; suspect: boolean; updating: boolean }[]
let updates: KeyUpdateView[]
let submitted: string[]
let refuses: string | undefined
let orders = 0
const ok = <T>(value: T) => [{ ok: true as const, value }]
const machine = {
  keyDevices: async () => ok({ devices }),
  moduleStates: async () => ok({ devices: [] }),
  rootKeys: async () => ok({ versions: [{ keyState: 1, keyVersion: 1, status: 'active', devices: 3 }] }),
  prepareOrder: async (batch: { body: { kind: string } }[]) => batch.map(({ body }) => {
    const order = Buffer.alloc(80, (orders += 1))
    order.write(body.kind, 60)
    return { ok: true as const, value: { order, words: { title: { en: '', zh: '' }, lines: [] } } }
  }),
  signWithPassword: async ([{ password }]: [{ password: string }]) => (password === 'wrong' ? [{ ok: false as const, code: 'LOGIN_REFUSED' }] : ok({ signature: Buffer.alloc(64) })),
  submitOrder: async ([{ order }]: [{ order: Uint8Array }]) => {
    if (refuses !== undefined) return [{ ok: false as const, code: 'ORDER_REFUSED', context: { reason: refuses } }]
    submitted.push(Buffer.from(order).subarray(60, 75).toString().replace(/[^a-z-]/g, ''))
    return ok({ order: '', kind: '' })
  },
  keyUpdates: async ([{ order }]: [{ order: string }]) => ok({ updates: updates.map((one) => ({ ...one, order })) }),
} as unknown as CryptoMachine

const update = (address: string, more: Partial<KeyUpdateView> = {}): KeyUpdateView =>
  ({ address, order: '', update: '00'.repeat(8), state: 'done', keyState: 1, keyVersion: 2, changedAt: 0, unreachable: false, suspect: false, ...more })
const rotate = (body: object, token = admin) => api.call('POST', '/api/v1/keys/rotations', { token, body: { signers, ...body } })

beforeAll(async () => {
  api = await createTestApi(postgres.url, { machine })
  admin = await api.user('anna', 'admin')
  for (const [address, profile] of [[A, 'sm'], [B, 'sm'], [C, 'sm'], [PLAIN, 'plain']] as const)
    expect((await api.call('POST', '/api/v1/terminals', { token: admin, body: { address, securityProfile: profile, ...(profile === 'sm' && { mode: 'S' }), area: address === A ? 'North' : 'South' } })).status).toBe(201)
})
afterAll(() => api.close())
beforeEach(() => {
  devices = [A, B, C].map((address) => ({ address, keyState: 1, keyVersion: 1, suspect: false, updating: false }))
  updates = [A, B, C].map((address) => update(address))
  submitted = []
  refuses = undefined
  api.jobs.length = 0
})

test('orders new root keys, then the devices, and wakes the front ends', async () => {
  const { status, body } = await rotate({ all: true, reason: 'yearly' })
  expect({ status, body }).toMatchObject({ status: 201, body: { state: 'done', devices: 3, keyVersion: 2, requestedBy: 'anna', skipped: [] } })
  expect(submitted).toEqual(['root-keys', 'key-update'])
  expect(api.jobs.map(({ name }) => name)).toEqual(['keys.tick'])
  const { body: log } = await api.call('GET', '/api/v1/audit-log?action=keys.rotate', { token: admin })
  expect(log.items[0]).toMatchObject({ actor: 'anna', object: `rotation/${body.id}`, outcome: 'ok', reason: 'yearly' })
})

test('leaves out whom an order could not bring along, and says why', async () => {
  devices = [{ ...devices[0]!, suspect: true }, { ...devices[1]!, updating: true }, devices[2]!]
  const { body } = await rotate({ all: true })
  expect(body.devices).toBe(1)
  expect(body.skipped.map((one: { address: string; why: string }) => [one.address, one.why.split(' ')[0]])).toEqual([[A, 'suspect:'], [B, 'another']])
  devices = []
  expect(await rotate({ area: 'North' })).toMatchObject({ status: 409, body: { code: 'STATE_CONFLICT', message: expect.stringContaining('no keys of it') } })
})

test.each<[string, object, number, string]>([
  ['no scope', {}, 400, 'BODY_INVALID'],
  ['two scopes', { all: true, devices: [A] }, 400, 'BODY_INVALID'],
  ['a device without keys of its own', { devices: [PLAIN] }, 404, 'NOT_FOUND'],
  ['an area without protected devices', { area: 'Nowhere' }, 409, 'STATE_CONFLICT'],
  ['a version the devices have', { all: true, keyVersion: 1 }, 409, 'STATE_CONFLICT'],
  ['one signer', { all: true, signers: [signers[0]] }, 400, 'BODY_INVALID'],
  ['a wrong password', { all: true, signers: [signers[0], { ...signers[1], password: 'wrong' }] }, 409, 'ORDER_REFUSED'],
])('refuses %s and notes nothing', async (_name, body, status, code) => {
  const count = async () => (await api.call('GET', '/api/v1/keys/rotations?limit=50', { token: admin })).body.items.length
  const before = await count()
  expect(await rotate(body)).toMatchObject({ status, body: { code } })
  expect([await count(), submitted]).toEqual([before, []])
})

test('without passwords it waits for signatures, which may be handed in again when an answer was lost', async () => {
  const { body: asked } = await rotate({ devices: [A], signers: people.map((person) => ({ person })) })
  expect([asked.state, submitted]).toEqual(['unsigned', []])
  const { body: detail } = await api.call('GET', `/api/v1/keys/rotations/${asked.id}`, { token: admin })
  expect(detail.orders.map((one: { kind: string; submitted: boolean }) => [one.kind, one.submitted])).toEqual([['root-keys', false], ['key-update', false]])
  const sign = (signatures: object[]) => api.call('POST', `/api/v1/keys/rotations/${asked.id}/signatures`, { token: admin, body: { signatures } })
  const pair = { first: '01'.repeat(64), second: '02'.repeat(64) }
  expect(await sign([pair])).toMatchObject({ status: 400, body: { code: 'BODY_INVALID' } })
  refuses = 'two-administrators'
  expect(await sign([pair, pair])).toMatchObject({ status: 409, body: { code: 'ORDER_REFUSED', message: 'This takes two different administrators.' } })
  // The machine did it, the answer was lost: the same signatures go on from there.
  refuses = 'carried-out-before'
  updates = [update(A, { state: 'staging' })]
  expect(await sign([pair, pair])).toMatchObject({ status: 200, body: { state: 'running', progress: { staging: 1 } } })
  expect(await sign([pair])).toMatchObject({ status: 400 })
})

test('shows each device, and what a person can do', async () => {
  updates = [update(A), update(B, { state: 'staging', unreachable: true }), update(C, { state: 'refused' })]
  const { body: asked } = await rotate({ all: true })
  expect(asked).toMatchObject({ state: 'attention', unreachable: 1, progress: { done: 1, staging: 1, refused: 1 } })
  const { body: first } = await api.call('GET', `/api/v1/keys/rotations/${asked.id}?limit=2`, { token: admin })
  expect(first.items.map((one: { address: string; state: string; advice: string | null }) => [one.address, one.state, one.advice !== null])).toEqual([[A, 'done', false], [B, 'staging', true]])
  const { body: second } = await api.call('GET', `/api/v1/keys/rotations/${asked.id}?limit=2&cursor=${first.nextCursor}`, { token: admin })
  expect([second.items[0].state, second.nextCursor]).toEqual(['refused', null])
  expect(await api.call('GET', '/api/v1/keys/rotations/nothing', { token: admin })).toMatchObject({ status: 404 })
})

test('is for administrators only', async () => {
  const operator = await api.user('otto', 'operator', 'dispatcher', 'approver')
  expect(await rotate({ all: true }, operator)).toMatchObject({ status: 403, body: { code: 'RIGHT_MISSING' } })
  expect((await api.call('GET', '/api/v1/keys/rotations', { token: operator })).status).toBe(200)
})
