import { withPostgres } from '@zhuzhan/testing'
import { fromHex, toHex } from '@zhuzhan/core'
import { encodeApdu, setPointRequest } from '@zhuzhan/dlt698'
import { decodeTicket, dispersionOfNumber } from '@zhuzhan/osp1'
import { TEST_PASSWORD, createTestApi } from '../fixtures/test-api.js'
import type { TestApi } from '../fixtures/test-api.js'
import { createSweep } from './sweeper.js'
import type { Sweep } from './sweeper.js'

const postgres = withPostgres()
let api: TestApi
let sweep: Sweep
const tokens = { operator: '', dispatcher: '', approver: '', both: '', viewer: '' }

beforeAll(async () => {
  api = await createTestApi(postgres.url)
  sweep = createSweep({ pool: api.database.pool, store: api.store, delivery: api.delivery, clock: api.clock })
  tokens.operator = await api.user('olga', 'operator')
  tokens.dispatcher = await api.user('dora', 'dispatcher')
  tokens.approver = await api.user('anna', 'approver')
  tokens.both = await api.user('boss', 'dispatcher', 'approver', 'admin', 'operator', 'viewer')
  tokens.viewer = await api.user('vera', 'viewer')
  const post = (path: string, body: object) => api.call('POST', `/api/v1/${path}`, { token: tokens.operator, body })
  await post('terminals', { address: '1', securityProfile: 'plain' })
  await post('terminals', { address: '2', securityProfile: 'sm', mode: 'S' })
  await post('terminals', { address: '3', securityProfile: 'hardware' })
  await post('meters', { address: '11', terminal: '1' })
  await post('meters', { address: '12', terminal: '1', securityProfile: 'sm', mode: 'F' })
  await post('meters', { address: '21', terminal: '2' })
  await post('meters', { address: '31', terminal: '3' })
  await post('terminals', { address: '4', securityProfile: 'plain' })
  await post('meters', { address: '41', terminal: '4' })
  for (const address of ['1', '2', '3', '12']) api.machine.place(address.padStart(12, '0'))
})
afterAll(() => api.close())
beforeEach(() => {
  api.jobs.length = 0
  api.queueAway(false)
})

/** Control commands come signed by their requester, unless a test says otherwise. */
const ask = (body: object, token = tokens.dispatcher, meter = '11') => api.call('POST', `/api/v1/meters/${meter}/commands`, { token, body })
const submit = (body: Record<string, unknown>, token = tokens.dispatcher, meter = '11') =>
  ask(body['action'] === undefined || body['action'] === 'read' ? body : { password: TEST_PASSWORD, ...body }, token, meter)
const sign = (id: string, body: object, token = tokens.dispatcher) => api.call('POST', `/api/v1/commands/${id}/sign`, { token, body })
const decide = (id: string, decision: 'approve' | 'reject', token = tokens.approver, body: object = {}) =>
  api.call('POST', `/api/v1/commands/${id}/${decision}`, { token, body: decision === 'approve' ? { password: TEST_PASSWORD, ...body } : body })
const show = async (id: string) => (await api.call('GET', `/api/v1/commands/${id}`, { token: tokens.viewer })).body
const auditOf = async (id: string) => (await api.call('GET', `/api/v1/audit-log?object=command/${id}&limit=50`, { token: tokens.approver })).body.items.reverse()

test('a trip waits for a second person, then goes to the queue; every step tells who, when and why', async () => {
  const { status, body } = await submit({ action: 'trip', reason: 'fire in the house' })
  expect(status).toBe(202)
  expect(body).toMatchObject({ state: 'awaiting_approval', meter: '000000000011', terminal: '000000000001', action: 'trip', requestedBy: 'dora', decidedBy: null, reason: 'fire in the house' })
  expect(api.jobs).toEqual([])
  expect(await decide(body.id, 'approve', tokens.approver, { reason: 'called back' })).toMatchObject({ status: 200, body: { state: 'queued', decidedBy: 'anna' } })
  expect(api.jobs).toEqual([{ name: 'command.deliver', data: { commandId: body.id }, options: { jobId: `deliver-${body.id}` } }])
  const { steps } = await show(body.id)
  expect(steps.map(({ state, who, why }: Record<string, unknown>) => [state, who, why])).toEqual([
    ['accepted', 'dora', 'fire in the house'], ['awaiting_approval', 'dora', null], ['approved', 'anna', 'called back'], ['queued', 'operator-api', null],
  ])
  expect((await auditOf(body.id)).map(({ action, actor, reason }: Record<string, unknown>) => [action, actor, reason])).toEqual([
    ['command.accepted', 'dora', 'fire in the house'], ['command.awaiting_approval', 'dora', null], ['command.approved', 'anna', 'called back'], ['command.queued', 'operator-api', null],
  ])
})

test.each(['approve', 'reject'] as const)('the requester cannot %s his own command, whatever his roles, and trying is in the audit log', async (decision) => {
  for (const token of [tokens.both, tokens.dispatcher]) {
    const { body } = await submit({ action: 'trip' }, token)
    expect(await decide(body.id, decision, token)).toMatchObject({ status: 403, body: { code: 'SAME_PERSON' } })
    expect(await show(body.id)).toMatchObject({ state: 'awaiting_approval', decidedBy: null })
    expect((await auditOf(body.id)).at(-1)).toMatchObject({ action: `command.${decision}`, actor: body.requestedBy, outcome: 'SAME_PERSON' })
  }
  expect(api.jobs).toEqual([])
})

test('another person without the duty cannot decide', async () => {
  const { body } = await submit({ action: 'close', approver: 'boss' })
  for (const token of [tokens.viewer, tokens.operator]) expect(await decide(body.id, 'approve', token)).toMatchObject({ status: 403, body: { code: 'RIGHT_MISSING' } })
  expect((await decide(body.id, 'approve', tokens.both)).status).toBe(200)
})

test('the body of a rejection may be missing, empty or wrong; an approval is a signature', async () => {
  const { body } = await submit({ action: 'trip' })
  expect((await decide(body.id, 'reject', tokens.approver, { why: 'x' })).status).toBe(400)
  const approve = (payload?: object) => api.call('POST', `/api/v1/commands/${body.id}/approve`, { token: tokens.approver, body: payload ?? {} })
  expect(await approve()).toMatchObject({ status: 400, body: { code: 'BODY_INVALID', message: expect.stringContaining('{password}') } })
  expect((await approve({ password: TEST_PASSWORD, signature: '00'.repeat(64) })).status).toBe(400)
  expect(await show(body.id)).toMatchObject({ state: 'awaiting_approval' })
  const empty = await api.app.inject({ method: 'POST', url: `/api/v1/commands/${body.id}/reject`, headers: { authorization: `Bearer ${tokens.approver}`, 'content-type': 'application/json' }, payload: '' })
  expect(empty.statusCode).toBe(200)
})

describe('the ticket', () => {
  it('says in bytes and words what both people sign, and is signed with keys of their own', async () => {
    const { status, body } = await ask({ action: 'trip' })
    expect(status).toBe(202)
    expect(body).toMatchObject({ state: 'accepted', approver: 'anna' })
    const tkt = fromHex(body.ticket)
    const { task, service, notBefore, notAfter } = decodeTicket(tkt)
    expect({ task, service, seconds: notAfter - notBefore }).toEqual({ task: 8, service: 9, seconds: 300 })
    expect(body.words.lines.find(({ label }: { label: { en: string } }) => label.en === 'Action').value.zh).toContain('跳闸')
    expect(await decide(body.id, 'approve')).toMatchObject({ status: 409, body: { message: expect.stringContaining('its requester must sign it first') } })

    const keyOf = async (name: string) => {
      const { key, id } = await api.machine.person('another password')
      await api.database.pool.query('UPDATE app_user SET person = $2 WHERE username = $1', [name, id])
      return key
    }
    const before = (await api.database.pool.query<{ username: string; person: string }>("SELECT username, person FROM app_user WHERE username IN ('dora', 'anna')")).rows
    const [dora, anna] = [await keyOf('dora'), await keyOf('anna')]
    const mine = await ask({ action: 'trip' })
    const bytes = fromHex(mine.body.ticket)
    const sigOperator = await api.machine.sign(dora, bytes)
    expect(await sign(mine.body.id, { signature: toHex(await api.machine.sign(anna, bytes)) })).toMatchObject({ status: 409, body: { code: 'TICKET_REFUSED' } })
    expect(await sign(mine.body.id, { signature: toHex(sigOperator) })).toMatchObject({ status: 200, body: { state: 'awaiting_approval' } })
    const approve = (signature: Buffer) => api.call('POST', `/api/v1/commands/${mine.body.id}/approve`, { token: tokens.approver, body: { signature: toHex(signature) } })
    // The second signature is over the first one as well.
    expect((await approve(await api.machine.sign(anna, bytes))).status).toBe(409)
    expect(await approve(await api.machine.sign(anna, bytes, sigOperator))).toMatchObject({ status: 200, body: { state: 'queued' } })
    expect(await api.store.find(mine.body.id)).toMatchObject({ ticket: bytes, sigOperator })
    for (const { username, person } of before) await api.database.pool.query('UPDATE app_user SET person = $2 WHERE username = $1', [username, person])
  })

  it('names the terminal of a meter, or the meter itself when it has keys of its own', async () => {
    const devices = async (meter: string) => decodeTicket(fromHex((await ask({ action: 'trip' }, tokens.dispatcher, meter)).body.ticket)).devices.map((one) => toHex(one))
    expect(await devices('11')).toEqual([toHex(dispersionOfNumber('000000000001'))])
    expect(await devices('12')).toEqual([toHex(dispersionOfNumber('000000000012'))])
  })

  it('is signed by its requester alone, once, and never under a wrong password', async () => {
    const { body } = await ask({ action: 'trip' })
    expect(await sign(body.id, { password: TEST_PASSWORD }, tokens.approver)).toMatchObject({ status: 403, body: { code: 'RIGHT_MISSING' } })
    expect(await sign(body.id, { password: 'wrong' })).toMatchObject({ status: 401, body: { code: 'LOGIN_REFUSED' } })
    expect((await sign(body.id, {})).status).toBe(400)
    expect(await show(body.id)).toMatchObject({ state: 'accepted' })
    expect((await sign(body.id, { password: TEST_PASSWORD })).status).toBe(200)
    expect(await sign(body.id, { password: TEST_PASSWORD })).toMatchObject({ status: 409, body: { code: 'STATE_CONFLICT' } })
  })

  it('names its approver: nobody else approves it, and only somebody able can be named', async () => {
    const { body } = await submit({ action: 'trip', approver: 'boss' })
    expect(body).toMatchObject({ approver: 'boss' })
    expect(await decide(body.id, 'approve')).toMatchObject({ status: 403, body: { message: expect.stringContaining('names boss') } })
    expect((await decide(body.id, 'approve', tokens.both)).status).toBe(200)
    expect(await ask({ action: 'trip', approver: 'vera' })).toMatchObject({ status: 400, body: { message: expect.stringContaining('there are anna, boss') } })
    expect(await ask({ action: 'trip', approver: 'dora' })).toMatchObject({ status: 403, body: { code: 'SAME_PERSON' } })
    expect((await ask({ action: 'read', approver: 'anna' })).status).toBe(400)
  })

  it('waits 15 minutes at most, unless a policy entry says so', async () => {
    expect(await ask({ action: 'trip', expiresInSeconds: 901 })).toMatchObject({ status: 400, body: { message: expect.stringContaining('900 seconds') } })
    api.machine.allowSchedules()
    expect((await ask({ action: 'trip', expiresInSeconds: 901 })).status).toBe(202)
  })

  it('is not made for what the machine does not know', async () => {
    expect(await ask({ action: 'trip' }, tokens.dispatcher, '41')).toMatchObject({ status: 409, body: { code: 'TICKET_REFUSED', message: expect.stringContaining('does not know where') } })
    await api.database.pool.query("UPDATE app_user SET person = NULL WHERE username = 'boss'")
    expect(await ask({ action: 'trip' }, tokens.both)).toMatchObject({ status: 409, body: { message: expect.stringContaining('no signing key') } })
  })
})

test('while a command is on its way or in doubt, its meter keeps terminal and profile: they say how to read it back', async () => {
  const post = (path: string, body: object) => api.call('POST', `/api/v1/${path}`, { token: tokens.operator, body })
  await post('meters', { address: '15', terminal: '1' })
  const patch = (body: object) => api.call('PATCH', '/api/v1/meters/15', { token: tokens.operator, body })
  const { body } = await submit({ action: 'trip' }, tokens.dispatcher, '15')
  await decide(body.id, 'approve')
  for (const state of ['queued', 'sent', 'unknown'] as const) {
    if (state !== 'queued') await api.store.move(body.id, { from: [state === 'sent' ? 'queued' : 'sent'], to: state, who: 'fep-1' })
    // Seen failing without the look at commands: the terminal's word settled a command of a meter with keys of its own.
    expect(await patch({ terminal: '4' })).toMatchObject({ status: 409, body: { code: 'STATE_CONFLICT', message: expect.stringContaining(body.id) } })
    expect((await patch({ securityProfile: 'sm', mode: 'S' })).status).toBe(409)
    expect((await patch({ name: `still ${state}` })).status).toBe(200)
  }
  await api.store.move(body.id, { from: ['unknown'], to: 'verified', who: 'device' })
  expect((await patch({ terminal: '4' })).status).toBe(200)
})

test('a set-point of a charging pile goes by a ticket of two people like all that moves power, and says exactly what they sign', async () => {
  const setPoint = { id: 'b1-P1-7', sequence: 7, watts: 7_000, from: 1_000, to: 2_000 }
  const { status, body } = await submit({ action: 'set-power', setPoint })
  expect({ status, state: body.state, parameters: body.parameters }).toEqual({ status: 202, state: 'awaiting_approval', parameters: { object: 'E001', setPoint } })
  const ticket = decodeTicket(fromHex(body.ticket))
  expect([ticket.task, ticket.service]).toEqual([5, 9])
  expect(toHex(ticket.param)).toContain(toHex(encodeApdu(setPointRequest('E001', setPoint, { terminal: '000000000001', meter: '000000000011' }, { number: 0, priority: false, acd: false }, 30)).subarray(3, -1)))
  expect((await decide(body.id, 'approve', tokens.dispatcher)).status).toBe(403)
  expect(await decide(body.id, 'approve')).toMatchObject({ status: 200, body: { state: 'queued' } })
  expect((await submit({ action: 'set-power', setPoint, load: 'appliance' })).body.parameters).toEqual({ object: 'E002', setPoint })
  expect((await submit({ action: 'set-power' })).status).toBe(400)
  expect((await submit({ action: 'read', load: 'appliance' })).status).toBe(400)
  expect((await submit({ action: 'trip', setPoint })).status).toBe(400)
  expect((await submit({ action: 'set-power', setPoint: { ...setPoint, to: 1_000 } })).status).toBe(400)
})

test('a rejected command is over', async () => {
  const { body } = await submit({ action: 'trip' })
  expect(await decide(body.id, 'reject', tokens.approver, { reason: 'wrong meter' })).toMatchObject({ status: 200, body: { state: 'rejected', decidedBy: 'anna' } })
  expect(await decide(body.id, 'approve')).toMatchObject({ status: 409, body: { code: 'STATE_CONFLICT', message: expect.stringContaining('rejected') } })
  expect(api.jobs).toEqual([])
})

test('of ten approvals at once one counts', async () => {
  const { body } = await submit({ action: 'trip' })
  const answers = await Promise.all(Array.from({ length: 10 }, () => decide(body.id, 'approve')))
  expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array<number>(9).fill(409)])
  expect(api.jobs).toHaveLength(1)
})

test('a read needs nobody else', async () => {
  const { status, body } = await submit({ action: 'read', oads: ['20000200', '001002ff'] }, tokens.operator)
  expect({ status, state: body.state, parameters: body.parameters }).toEqual({ status: 202, state: 'queued', parameters: { oads: ['20000200', '001002FF'] } })
  expect(api.jobs).toEqual([{ name: 'command.deliver', data: { commandId: body.id }, options: { jobId: `deliver-${body.id}` } }])
  expect((await submit({ action: 'read' }, tokens.operator, '21')).body).toMatchObject({ state: 'queued', parameters: { oads: ['00100200'] } })
})

test.each([['31', 'behind a terminal with hardware']])(
  'control of %s (%s) is refused, and that is in the audit log', async (meter) => {
    const before = (await api.database.pool.query('SELECT 1 FROM command')).rowCount
    expect(await submit({ action: 'trip' }, tokens.dispatcher, meter)).toMatchObject({ status: 409, body: { code: 'TICKET_REFUSED' } })
    expect((await api.database.pool.query('SELECT 1 FROM command')).rowCount).toBe(before)
    const { body } = await api.call('GET', `/api/v1/audit-log?object=meter/${meter.padStart(12, '0')}&outcome=TICKET_REFUSED`, { token: tokens.approver })
    expect(body.items).toMatchObject([{ actor: 'dora', action: 'command.submit' }])
  })

test.each([
  [400, { action: 'explode' }, '11'], [400, {}, '11'], [400, { action: 'trip', expiresInSeconds: 5 }, '11'], [400, { action: 'trip', oads: ['00100200'] }, '11'],
  [400, { action: 'read', oads: ['xyz'] }, '11'], [404, { action: 'read' }, '424242'], [409, { action: 'trip' }, '1'], [409, { action: 'trip' }, '2'],
])('%i for %j of meter %s', async (status, body, meter) => {
  expect((await submit(body, tokens.dispatcher, meter)).status).toBe(status)
})

test.each(['nonsense', '00000000-0000-4000-8000-000000000000', '11111111-1111-1111-1111-111111111111'])('unknown id %s is not found', async (id) => {
  expect((await api.call('GET', `/api/v1/commands/${id}`, { token: tokens.viewer })).status).toBe(404)
  expect((await decide(id, 'approve')).status).toBe(404)
})

test('while the queue is away a decision still counts; the sweeper hands it over later, once', async () => {
  api.queueAway(true)
  const { body } = await submit({ action: 'trip' })
  expect((await decide(body.id, 'approve')).body).toMatchObject({ state: 'queued' })
  api.queueAway(false)
  const handedOver = () => api.jobs.filter(({ data }) => (data as { commandId: string }).commandId === body.id)
  expect(handedOver()).toEqual([])
  api.clock.advance(6_000)
  await sweep.deliver()
  expect(handedOver()).toHaveLength(1)
})

test('a crash between approval and queue is finished by the sweeper', async () => {
  const { body } = await submit({ action: 'trip' })
  await api.store.move(body.id, { from: ['awaiting_approval'], to: 'approved', who: 'anna', decidedBy: 'anna' })
  api.clock.advance(6_000)
  await sweep.deliver()
  expect(await show(body.id)).toMatchObject({ state: 'queued', decidedBy: 'anna' })
  expect(api.jobs.map(({ data }) => (data as { commandId: string }).commandId)).toContain(body.id)
})

test('a command nobody decided on in time expires, and deciding too late is refused', async () => {
  const late = (await submit({ action: 'trip', expiresInSeconds: 10 })).body
  api.clock.advance(10_001)
  expect(await decide(late.id, 'approve')).toMatchObject({ status: 409, body: { code: 'COMMAND_EXPIRED' } })
  expect(await show(late.id)).toMatchObject({ state: 'expired', code: 'COMMAND_EXPIRED' })

  const forgotten = (await submit({ action: 'trip', expiresInSeconds: 10 })).body
  const queued = (await submit({ action: 'read', expiresInSeconds: 10 }, tokens.operator)).body
  api.clock.advance(10_001)
  await sweep.expire()
  expect(await show(forgotten.id)).toMatchObject({ state: 'expired' })
  expect(await show(queued.id)).toMatchObject({ state: 'expired', steps: expect.arrayContaining([expect.objectContaining({ state: 'expired', who: 'operator-api' })]) })
})

test('what was sent never expires here: only a read-back tells', async () => {
  const { body } = await submit({ action: 'read', expiresInSeconds: 10 }, tokens.operator)
  await api.store.move(body.id, { from: ['queued'], to: 'sent', who: 'fep-1' })
  api.clock.advance(10_001)
  await sweep.expire()
  expect(await show(body.id)).toMatchObject({ state: 'sent' })
})

test('the list: youngest first, in pages, by filters', async () => {
  const list = async (query: string) => (await api.call('GET', `/api/v1/commands?${query}`, { token: tokens.viewer })).body
  const all = (await list('limit=1000')).items.map(({ id }: { id: string }) => id)
  expect(all.length).toBeGreaterThan(10)
  const paged: string[] = []
  let cursor: string | null = ''
  while (cursor !== null) {
    const page: { items: { id: string }[]; nextCursor: string | null } = await list(`limit=3${cursor ? `&cursor=${cursor}` : ''}`)
    paged.push(...page.items.map(({ id }) => id))
    cursor = page.nextCursor
  }
  expect(paged).toEqual(all)
  expect((await list('state=rejected')).items.map(({ state }: { state: string }) => state)).toEqual(['rejected', 'rejected'])
  expect((await list('action=read&meter=21')).items).toHaveLength(1)
  expect((await list('requestedBy=olga&terminal=1')).items.every(({ requestedBy }: { requestedBy: string }) => requestedBy === 'olga')).toBe(true)
})
