import type { CryptoMachine, CryptoResult, OrderBody } from '@zhuzhan/contracts'
import { describeOrder, encodeOrder } from '@zhuzhan/osp1'
import { withPostgres } from '@zhuzhan/testing'
import { createTestApi } from '../fixtures/test-api.js'
import type { TestApi } from '../fixtures/test-api.js'

/** Modules as operators see them; what the crypto machine says is a value the tests change, orders are real bytes. */

const postgres = withPostgres()
const [TERMINAL, METER] = ['000000000001', '000000000011']
const SIGNERS = [{ person: '0000000000000001', password: 'first secret' }, { person: '0000000000000002', password: 'second secret' }]
const at = Date.UTC(2026, 10, 23)
type Modules = CryptoResult<'deviceModules'>
const module = (slot: number, more: Partial<Modules['modules'][number]> = {}): Modules['modules'][number] => ({
  slot, serial: `0${slot}`.repeat(8), model: Buffer.from('ZZ-MET-1').toString('hex').toUpperCase(), version: 0x10000, firmware: 'AB'.repeat(32), chip: slot !== 2,
  keyState: 1, keyVersion: 1, registered: true, state: slot === 2 ? 'declared' : 'proved', firstSeen: at, lastSeen: at, ...more,
})

let api: TestApi
let token: string
let known: Modules
let away: boolean
let refuses: string | undefined
let submitted: OrderBody[]
const bodies = new Map<string, OrderBody>()
const keyOf = (order: Uint8Array): string => Buffer.from(order).toString('base64')
const ok = <T>(value: T) => (away ? [{ ok: false as const, code: 'UNAVAILABLE' }] : [{ ok: true as const, value }])
const machine = {
  deviceModules: async ([{ address }]: [{ address: string }]) => (address === TERMINAL ? ok(known) : [{ ok: false as const, code: 'DEVICE_NOT_ENROLLED' }]),
  moduleStates: async ([request]: [{ addresses?: string[] }]) => {
    const devices = [{ address: TERMINAL, state: known.state, checkedAt: at }]
    return ok({ devices: devices.filter(({ address, state }) => request.addresses?.includes(address) ?? state === 'suspect') })
  },
  prepareOrder: async ([{ body }]: [{ body: OrderBody }]) => {
    const order = encodeOrder({ stationId: Buffer.alloc(8, 1), epoch: Buffer.alloc(8, 2), orderId: Buffer.alloc(16, bodies.size + 1), firstId: Buffer.alloc(8, 1), secondId: Buffer.alloc(8, 2), notBefore: 1, notAfter: 2, body })
    bodies.set(keyOf(order), body)
    return ok({ order, words: describeOrder(order) })
  },
  describe: async ([{ message }]: [{ message: Uint8Array }]) => ok(describeOrder(message)),
  signWithPassword: async () => ok({ signature: Buffer.alloc(64, 3) }),
  submitOrder: async ([{ order }]: [{ order: Uint8Array }]) => {
    if (refuses !== undefined) return [{ ok: false as const, code: 'ORDER_REFUSED', context: { reason: refuses } }]
    submitted.push(bodies.get(keyOf(order)) as OrderBody)
    return ok({ order: '00'.repeat(16), kind: 'bind-modules' })
  },
} as unknown as CryptoMachine

const get = (path: string) => api.call('GET', `/api/v1${path}`, { token })
const post = (path: string, body: unknown, who = token) => api.call('POST', `/api/v1${path}`, { token: who, body })

beforeAll(async () => {
  api = await createTestApi(postgres.url, { machine })
  token = await api.user('ada', 'operator', 'dispatcher', 'admin')
  await post('/terminals', { address: TERMINAL, securityProfile: 'sm', mode: 'S' })
  await post('/meters', { address: METER, terminal: TERMINAL })
})
afterAll(() => api.close())
beforeEach(() => {
  known = { address: TERMINAL, state: 'bound', checkedAt: at, modules: [module(0), module(1), module(2)], history: [{ at, slot: 0, kind: 'bound', serial: '00'.repeat(8), before: null, detail: 'key issue' }] }
  away = false
  refuses = undefined
  submitted = []
})

test('the modules of a device with slot, serial, model, version, firmware, chip, state, times and history', async () => {
  known.modules[1] = module(1, { model: '1B5B324A00000000' })
  const { status, body } = await get(`/meters/${TERMINAL}/modules`)
  expect({ status, body }).toMatchObject({
    status: 200,
    body: {
      state: 'bound', checkedAt: '2026-11-23T00:00:00.000Z', history: [{ kind: 'bound', at: '2026-11-23T00:00:00.000Z', detail: 'key issue' }],
      modules: [
        { slot: 0, serial: '0000000000000000', model: 'ZZ-MET-1', version: '00010000', firmware: 'AB'.repeat(32), chip: true, state: 'proved', firstSeen: '2026-11-23T00:00:00.000Z' },
        // What a module claims to be called is not let through to a terminal.
        { slot: 1, model: '1B5B324A00000000' },
        { slot: 2, chip: false, state: 'declared' },
      ],
    },
  })
  expect(await get('/meters/999999999999/modules')).toMatchObject({ status: 404, body: { code: 'NOT_FOUND' } })
})

test('lists show the state, of a plain meter that of its terminal; they go on while the machine is away', async () => {
  known.state = 'suspect'
  expect((await get('/terminals')).body.items).toMatchObject([{ address: TERMINAL, modules: 'suspect' }])
  expect((await get('/meters')).body.items).toMatchObject([{ address: METER, modules: 'suspect' }])
  expect((await get(`/meters/${METER}`)).body).toMatchObject({ modules: 'suspect' })
  expect((await get('/modules/suspect')).body).toEqual({ items: [{ address: TERMINAL, checkedAt: '2026-11-23T00:00:00.000Z' }], nextCursor: null })
  away = true
  expect(await get('/meters')).toMatchObject({ status: 200, body: { items: [{ modules: null }] } })
  expect((await get('/modules/suspect')).status).toBe(503)
})

// Seen failing without the question in commands/service.ts: two people signed what the machine refuses.
test('control of a suspect device is refused before anybody signs, a read is not', async () => {
  known.state = 'suspect'
  expect(await post(`/meters/${METER}/commands`, { action: 'trip' })).toMatchObject({ status: 409, body: { code: 'DEVICE_SUSPECT' } })
  expect((await post(`/meters/${METER}/commands`, { action: 'read' })).status).toBe(202)
})

test('two administrators bind the same modules again, or replaced ones', async () => {
  expect(await post(`/meters/${TERMINAL}/modules/binding`, { signers: SIGNERS })).toMatchObject({ status: 200, body: { carriedOut: true } })
  const changes = [{ slot: 1, serial: 'ab'.repeat(8), model: 'ZZ-MET-2' }, { slot: 2 }, { slot: 3, serial: 'cd'.repeat(8), model: 'ZZ-EXP-1', keyVersion: 4 }]
  await post(`/meters/${TERMINAL}/modules/binding`, { changes, signers: SIGNERS })
  const named = (slot: number, serial: string, model: string, keyVersion = 1) => ({ slot, serial, model: Buffer.from(model).toString('hex').toUpperCase(), chip: true, keyState: 1, keyVersion })
  expect(submitted).toMatchObject([
    { kind: 'bind-modules', address: TERMINAL, modules: [{ slot: 0 }, { slot: 1, serial: '0101010101010101' }, { slot: 2, chip: false }] },
    { modules: [named(0, '0000000000000000', 'ZZ-MET-1'), named(1, 'AB'.repeat(8), 'ZZ-MET-2'), named(3, 'CD'.repeat(8), 'ZZ-EXP-1', 4)] },
  ])
  const { body: log } = await get('/audit-log?action=modules.bind&outcome=ok')
  expect(log.items[0]).toMatchObject({ actor: 'ada', object: `device/${TERMINAL}` })
  expect(await post(`/meters/${TERMINAL}/modules/binding`, { changes: [{ slot: 9, serial: 'ef'.repeat(8) }], signers: SIGNERS })).toMatchObject({ status: 400 })
})

test('without passwords the order is given out to be signed elsewhere, and only such an order is taken back', async () => {
  const { body } = await post(`/meters/${TERMINAL}/modules/binding`, { signers: SIGNERS.map(({ person }) => ({ person })) })
  expect(body).toMatchObject({ carriedOut: false, words: { title: expect.stringContaining('Bind modules') } })
  expect(submitted).toEqual([])
  const signatures = { first: '01'.repeat(64), second: '02'.repeat(64) }
  expect((await post(`/meters/${TERMINAL}/modules/signatures`, { order: body.order, ...signatures })).status).toBe(200)
  expect(submitted).toHaveLength(1)
  const [other] = await machine.prepareOrder([{ first: '', second: '', body: { kind: 'suspect', addresses: [TERMINAL] } }])
  const order = other?.ok ? keyOf(other.value.order) : ''
  expect(await post(`/meters/${TERMINAL}/modules/signatures`, { order, ...signatures })).toMatchObject({ status: 400 })
  expect(await post(`/meters/${METER}/modules/signatures`, { order: body.order, ...signatures })).toMatchObject({ status: 400 })
  expect(submitted).toHaveLength(1)
})

test('what the machine refuses is told in words and audited; who is no administrator of users binds nothing', async () => {
  refuses = 'serial-bound-elsewhere'
  expect(await post(`/meters/${TERMINAL}/modules/binding`, { signers: SIGNERS })).toMatchObject({ status: 409, body: { code: 'ORDER_REFUSED', message: expect.stringContaining('another device') } })
  const other = await api.user('otto', 'operator', 'dispatcher')
  expect(await post(`/meters/${TERMINAL}/modules/binding`, { signers: SIGNERS }, other)).toMatchObject({ status: 403 })
  const { body: log } = await get('/audit-log?action=modules.bind&outcome=ORDER_REFUSED')
  expect(log.items[0]).toMatchObject({ actor: 'ada' })
})
