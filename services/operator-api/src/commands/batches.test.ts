import { withPostgres } from '@zhuzhan/testing'
import { fromHex, toHex } from '@zhuzhan/core'
import { decodeTicket, dispersionOfNumber } from '@zhuzhan/osp1'
import { TEST_PASSWORD, createTestApi } from '../fixtures/test-api.js'
import type { TestApi } from '../fixtures/test-api.js'

const postgres = withPostgres()
let api: TestApi
const tokens = { operator: '', dispatcher: '', approver: '', other: '' }
const OWN = Array.from({ length: 100 }, (_, i) => String(1001 + i).padStart(12, '0'))
const BEHIND = ['11', '12', '13'].map((address) => address.padStart(12, '0'))

beforeAll(async () => {
  api = await createTestApi(postgres.url)
  tokens.operator = await api.user('olga', 'operator')
  tokens.dispatcher = await api.user('dora', 'dispatcher')
  tokens.approver = await api.user('anna', 'approver')
  tokens.other = await api.user('boss', 'dispatcher', 'approver', 'operator')
  const post = async (path: string, body: object) => expect((await api.call('POST', `/api/v1/${path}`, { token: tokens.operator, body })).status).toBe(201)
  await post('terminals', { address: '1', securityProfile: 'sm', mode: 'S' })
  for (const address of BEHIND) await post('meters', { address, terminal: '1' })
  for (const address of OWN) await post('meters', { address, terminal: '1', securityProfile: 'sm', mode: 'S' })
  for (const address of ['000000000001', ...OWN]) api.machine.place(address)
})
afterAll(() => api.close())
beforeEach(() => { api.jobs.length = 0 })

const ask = (body: object, token = tokens.dispatcher) => api.call('POST', '/api/v1/command-batches', { token, body: { action: 'trip', reason: 'storm', ...body } })
const act = (id: string, what: 'sign' | 'approve' | 'reject', body: object, token: string) => api.call('POST', `/api/v1/command-batches/${id}/${what}`, { token, body })
const commands = async (id: string) => (await api.call('GET', `/api/v1/commands?batch=${id}&limit=1000`, { token: tokens.approver })).body.items as { id: string; state: string; meter: string }[]
const secret = { password: TEST_PASSWORD }

test('one ticket for all devices with keys of their own, one for each meter behind a terminal; two people decide once, each command has its own story', async () => {
  const { status, body } = await ask({ meters: [...OWN, ...BEHIND], ...secret })
  expect({ status, approver: body.approver, states: body.states, skipped: body.skipped }).toEqual({ status: 202, approver: 'anna', states: { awaiting_approval: 103 }, skipped: [] })
  const tickets = body.tickets.map(({ ticket, commands: count }: { ticket: string; commands: number }) => ({ ...decodeTicket(fromHex(ticket)), count }))
  expect(tickets.map(({ devices, count }: { devices: Uint8Array[]; count: number }) => [devices.length, count]).sort()).toEqual([[1, 1], [1, 1], [1, 1], [100, 100]])
  const shared = tickets.find(({ count }: { count: number }) => count === 100)
  expect(shared.devices.map((one: Uint8Array) => toHex(one))).toEqual(OWN.map((address) => toHex(dispersionOfNumber(address))))
  expect(body.tickets[0].words.title.zh).toBe('控制命令票')

  expect(await act(body.id, 'approve', secret, tokens.dispatcher)).toMatchObject({ status: 403, body: { code: 'SAME_PERSON' } })
  expect(await act(body.id, 'approve', secret, tokens.other)).toMatchObject({ status: 403, body: { message: expect.stringContaining('name anna') } })
  expect(api.jobs).toEqual([])
  expect(await act(body.id, 'approve', { ...secret, reason: 'seen' }, tokens.approver)).toMatchObject({ status: 200, body: { states: { queued: 103 } } })
  expect(new Set(api.jobs.map(({ data }) => (data as { commandId: string }).commandId)).size).toBe(103)

  const [one] = await commands(body.id)
  const { steps } = (await api.call('GET', `/api/v1/commands/${one?.id}`, { token: tokens.approver })).body
  expect(steps.map(({ state, who, why }: Record<string, unknown>) => [state, who, why])).toEqual([
    ['accepted', 'dora', 'storm'], ['awaiting_approval', 'dora', null], ['approved', 'anna', 'seen'], ['queued', 'operator-api', null],
  ])
  const audit = (await api.call('GET', `/api/v1/audit-log?object=command/${one?.id}&limit=50`, { token: tokens.approver })).body.items
  expect(audit.map(({ action }: { action: string }) => action).reverse()).toEqual(['command.accepted', 'command.awaiting_approval', 'command.approved', 'command.queued'])
  // What the front end takes to the crypto machine.
  const record = await api.store.find(one?.id ?? '')
  const ticket = await api.batches.ticket(record?.batchTicket ?? '')
  expect([ticket?.sigOperator?.length, ticket?.sigApprover?.length]).toEqual([64, 64])
})

test('signatures made elsewhere: one over each ticket, or none counts', async () => {
  const keyOf = async (name: string) => {
    const { key, id } = await api.machine.person('another password')
    await api.database.pool.query('UPDATE app_user SET person = $2 WHERE username = $1', [name, id])
    return key
  }
  const [dora, anna] = [await keyOf('dora'), await keyOf('anna')]
  const { body } = await ask({ meters: BEHIND })
  expect(body.states).toEqual({ accepted: 3 })
  const over = async (key: typeof dora, second: boolean) => Promise.all((await api.call('GET', `/api/v1/command-batches/${body.id}`, { token: tokens.approver })).body.tickets.map(
    async ({ id, ticket, sigOperator }: Record<string, string>) => ({ ticket: id, signature: toHex(await api.machine.sign(key, fromHex(ticket ?? ''), second ? fromHex(sigOperator ?? '') : undefined)) })))
  const first = await over(dora, false)
  expect(await act(body.id, 'sign', { signatures: first.slice(1) }, tokens.dispatcher)).toMatchObject({ status: 400, body: { message: expect.stringContaining('missing for 1 of 3') } })
  expect(await act(body.id, 'sign', { signatures: [...first.slice(1), { ...first[0], signature: first[1]?.signature }] }, tokens.dispatcher)).toMatchObject({ status: 409, body: { code: 'TICKET_REFUSED' } })
  expect((await commands(body.id)).map(({ state }) => state)).toEqual(['accepted', 'accepted', 'accepted'])
  expect(await act(body.id, 'approve', { signatures: first }, tokens.approver)).toMatchObject({ status: 409, body: { message: expect.stringContaining('requester must sign first') } })
  expect(await act(body.id, 'sign', { signatures: first }, tokens.dispatcher)).toMatchObject({ status: 200, body: { states: { awaiting_approval: 3 } } })
  // The second signature is over the first one as well.
  expect((await act(body.id, 'approve', { signatures: await over(anna, false) }, tokens.approver)).status).toBe(409)
  expect(await act(body.id, 'approve', { signatures: await over(anna, true) }, tokens.approver)).toMatchObject({ status: 200, body: { states: { queued: 3 } } })
})

test('what cannot take it is left out by name; a command of a batch is decided with it alone', async () => {
  const { body } = await ask({ meters: ['11', '1', '424242'] })
  expect(body.skipped).toEqual([
    { meter: '000000000001', code: 'STATE_CONFLICT', message: expect.stringContaining('is a terminal') },
    { meter: '000000424242', code: 'NOT_FOUND', message: 'There is no such meter.' },
  ])
  const [one] = await commands(body.id)
  expect(await api.call('POST', `/api/v1/commands/${one?.id}/sign`, { token: tokens.dispatcher, body: secret })).toMatchObject({ status: 409, body: { message: expect.stringContaining(body.id) } })
  expect(await act(body.id, 'reject', {}, tokens.dispatcher)).toMatchObject({ status: 403, body: { code: 'SAME_PERSON' } })
  expect(await act(body.id, 'reject', { reason: 'no' }, tokens.approver)).toMatchObject({ status: 200, body: { states: { rejected: 1 } } })
  expect((await act(body.id, 'reject', {}, tokens.approver)).status).toBe(409)
})

test.each([
  [404, { meters: ['424242'] }], [400, { meters: [] }], [400, { meters: ['11'], action: 'read' }], [400, { meters: ['11'], oads: ['00100200'] }], [400, { meters: ['11'], approver: 'nobody' }],
])('%i for %j', async (status, body) => {
  expect((await ask(body)).status).toBe(status)
})

test('more tickets than a batch may have is said, with what to do', async () => {
  for (let i = 0; i < 65; i += 1) await api.call('POST', '/api/v1/meters', { token: tokens.operator, body: { address: String(2001 + i), terminal: '1' } })
  expect(await ask({ meters: Array.from({ length: 65 }, (_, i) => String(2001 + i)) })).toMatchObject({ body: { code: 'LIMIT', message: expect.stringContaining('Split the list') } })
})

test('a batch past its time is not signed any more', async () => {
  const { body } = await ask({ meters: ['11'], expiresInSeconds: 10 })
  api.clock.advance(10_001)
  expect(await act(body.id, 'sign', secret, tokens.dispatcher)).toMatchObject({ body: { code: 'COMMAND_EXPIRED' } })
})
