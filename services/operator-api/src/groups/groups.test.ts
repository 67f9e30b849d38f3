import type { CryptoMachine, GroupState } from '@zhuzhan/contracts'
import { withPostgres } from '@zhuzhan/testing'
import { createTestApi } from '../fixtures/test-api.js'
import type { TestApi } from '../fixtures/test-api.js'

/** Groups as operators see them; the crypto machine is a row the tests fill. */

const postgres = withPostgres()
const GROUP = 'A00000000000000B'
let api: TestApi
let dispatcher: string
let state: GroupState
let refuses: string | undefined
let asked: unknown[]
const ok = <T>(value: T) => [{ ok: true as const, value }]
const machine = {
  groups: async () => ok({ groups: [state] }),
  groupMembers: async () => ok({ devices: ['000000000001', '000000000002'] }),
  sealGroupClock: async ([request]: [{ shiftSeconds: number }]) => {
    asked.push(request)
    if (refuses !== undefined) return [{ ok: false as const, code: refuses === 'gone' ? 'NOT_FOUND' : 'GROUP_REFUSED', context: { reason: refuses } }]
    return ok({ agseq: 20_781, at: 0, server: 'AA', clientAddress: 16, frames: [{ apdu: Buffer.from([0x10, 0]), devices: ['000000000001', '000000000002'] }] })
  },
} as unknown as CryptoMachine
const post = (body: object, token = dispatcher, group = GROUP.toLowerCase()) => api.call('POST', `/api/v1/groups/${group}/clock`, { token, body })

beforeAll(async () => {
  api = await createTestApi(postgres.url, { machine })
  dispatcher = await api.user('dora', 'dispatcher', 'approver')
})
afterAll(() => api.close())
beforeEach(() => {
  state = { group: GROUP, members: 2, agseq: 20_780, known: true, last: { agseq: 20_780, at: 1_760_000_000_000, shiftSeconds: 12 }, notBefore: 0, shiftedSeconds: 12 }
  refuses = undefined
  asked = []
})

test('a broadcast is sealed by the machine, kept, audited, and shown with its group', async () => {
  const { status, body } = await post({ shiftSeconds: -30, reason: 'drift' })
  expect({ status, body }).toMatchObject({ status: 201, body: { group: GROUP, agseq: 20_781, shiftSeconds: -30, requestedBy: 'dora', reason: 'drift', devices: 2, sent: 0 } })
  expect(asked).toEqual([{ group: GROUP, shiftSeconds: -30 }])
  state.notBefore = Date.now() + 3_600_000
  const one = await api.call('GET', `/api/v1/groups/${GROUP}`, { token: dispatcher })
  expect(one.body).toMatchObject({ group: GROUP, devices: ['000000000001', '000000000002'], lastAt: '2025-10-09T08:53:20.000Z', lastShiftSeconds: 12, clocks: [{ id: body.id }] })
  expect(one.body.nextFrom).toBe(new Date(state.notBefore).toISOString())
  expect((await api.call('GET', '/api/v1/groups', { token: dispatcher })).body.items).toHaveLength(1)
  const { body: log } = await api.call('GET', '/api/v1/audit-log?action=groups.clock&outcome=ok', { token: dispatcher })
  expect(log.items[0]).toMatchObject({ actor: 'dora', object: `group/${GROUP}`, outcome: 'ok', reason: 'drift', detail: { agseq: 20_781, devices: 2, shiftSeconds: -30 } })
})

test.each<[string, object, number, string]>([
  ['more than a minute', { shiftSeconds: 61 }, 400, 'BODY_INVALID'],
  ['a time of its own', { shiftSeconds: 1, time: '2026-01-01T00:00:00Z' }, 400, 'BODY_INVALID'],
  ['content of its own', { shiftSeconds: 1, apdu: '0701' }, 400, 'BODY_INVALID'],
])('%s never reaches the machine', async (_name, body, status, code) => {
  expect(await post(body)).toMatchObject({ status, body: { code } })
  expect(asked).toEqual([])
})

test('what the machine refuses is told in words and audited; nothing is kept', async () => {
  const count = async () => (await api.database.pool.query('SELECT 1 FROM group_clock')).rowCount
  const before = await count()
  refuses = 'once-in-24-hours'
  expect(await post({ shiftSeconds: 1 })).toMatchObject({ status: 409, body: { code: 'GROUP_REFUSED', message: expect.stringContaining('24 hours') } })
  refuses = 'gone'
  expect(await post({ shiftSeconds: 1 }, dispatcher, '0'.repeat(16))).toMatchObject({ status: 404 })
  expect(await count()).toBe(before)
  const { body: log } = await api.call('GET', '/api/v1/audit-log?action=groups.clock&outcome=GROUP_REFUSED', { token: dispatcher })
  expect(log.items[0]).toMatchObject({ actor: 'dora', object: `group/${GROUP}` })
  expect(await api.call('GET', `/api/v1/groups/${'F'.repeat(16)}`, { token: dispatcher })).toMatchObject({ status: 404 })
  expect(await api.call('GET', '/api/v1/groups/xyz', { token: dispatcher })).toMatchObject({ status: 400 })
})
