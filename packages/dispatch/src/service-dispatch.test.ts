import { randomUUID } from 'node:crypto'
import { HesError, manualClock } from '@zhuzhan/core'
import type { CryptoMachine, CryptoOperation, Person, PolicyEntry } from '@zhuzhan/contracts'
import { createEngine } from '@zhuzhan/gm-crypto'
import { NOBODY, decodeTicket, describeTicket, dispersionOfNumber, encodeTicket, ticketContent } from '@zhuzhan/osp1'
import { createCommandStore, openDatabase } from '@zhuzhan/persistence'
import type { Database, SignedCommand } from '@zhuzhan/persistence'
import { createServiceIdentity, makeServiceKey, openServiceKey } from '@zhuzhan/service-identity'
import { createLogger } from '@zhuzhan/service-kit'
import { withPostgres } from '@zhuzhan/testing'
import { createDelivery } from './delivery.js'
import { createServiceDispatch, noServiceDispatch } from './service-dispatch.js'
import type { ServiceDispatch, SetPowerOrder } from './service-dispatch.js'

const server = withPostgres()
const METER = '000000000011'
const AREA = '4E4F525448000000'
const POLICY: PolicyEntry = { task: 5, service: 7, target: 'E0017F00', allows: 'service-alone' }
const engine = createEngine('noble')
const clock = manualClock(Date.now())

let database: Database
let jobs: unknown[] = []
let queueAway = false
let service: Person
let policies: PolicyEntry[]
let suspect = false
let place: string | undefined = AREA
/** Changes what the machine drafted, as one that was taken over might. */
let drafted = (tkt: Buffer): Buffer => tkt
let dispatch: ServiceDispatch

/** What dispatch asks of the crypto machine; rights are the machine's own business and judged there. */
const handlers: Record<string, (request: never) => unknown> = {
  people: () => ({ people: [service] }),
  policies: () => ({ policies }),
  place: ({ address }: { address: string }) => {
    if (place === undefined) throw new HesError('NOT_FOUND')
    return { address, area: place, profile: 'plain', offsetMinutes: 480, terminal: null }
  },
  moduleStates: ({ addresses }: { addresses: string[] }) => ({ devices: addresses.map((address) => ({ address, state: suspect ? 'suspect' : 'bound' })) }),
  prepareTicket: ({ operator, approver, mandate, area, validSeconds, apdu, devices }: { operator: string; approver: string | null; mandate?: string; area: string; validSeconds: number; apdu: Uint8Array; devices: string[] }) => {
    const notBefore = Math.floor(clock.now() / 1_000)
    const tkt = encodeTicket({
      stationId: Buffer.alloc(8, 1), epoch: Buffer.alloc(8, 2), ticketId: Buffer.alloc(16, 3), operatorId: Buffer.from(operator, 'hex'), approverId: mandate !== undefined ? Buffer.from(mandate.slice(0, 16), 'hex') : approver === null ? NOBODY : Buffer.from(approver, 'hex'),
      area: Buffer.from(area, 'hex'), notBefore, notAfter: notBefore + validSeconds, ...ticketContent(apdu), devices: devices.map(dispersionOfNumber),
    })
    return { tkt: drafted(tkt), ticket: '03'.repeat(16), words: describeTicket(tkt) }
  },
}
const machine = new Proxy({} as CryptoMachine, {
  get: (_target, name) => async (batch: readonly never[]) => batch.map((request) => {
    try {
      return { ok: true, value: handlers[name as CryptoOperation]?.(request) }
    } catch (error) {
      return { ok: false, code: (error as HesError).code }
    }
  }),
})

beforeAll(async () => {
  database = openDatabase({ url: server.url, max: 8 })
  const { pool } = database
  await pool.query("INSERT INTO terminal (address, security_profile) VALUES ('000000000001', 'plain')")
  await pool.query("INSERT INTO meter (address, terminal_address) VALUES ($1, '000000000001')", [METER])
  const signer = createServiceIdentity(engine, await openServiceKey(engine, JSON.stringify(await makeServiceKey(engine, 'a secret of the test')), 'a secret of the test'))
  service = { person: signer.person, name: 'station service', publicKey: signer.publicKey, roles: ['service'], areas: [AREA], state: 'active' }
  const store = createCommandStore(pool)
  const enqueue = async (name: string, data: unknown): Promise<string> => {
    if (queueAway) throw new Error('the queue is away')
    return String(jobs.push({ name, data }))
  }
  dispatch = createServiceDispatch({
    pool, store, delivery: createDelivery(store, enqueue as never, createLogger({ service: 'test', level: 'fatal' })), machine, signer, name: 'charging', loadObjects: { pile: 'E001', appliance: 'E002' }, proxySeconds: 30, clock,
  })
})
afterAll(() => database.close())
const entered = () => service
beforeEach(() => {
  jobs = []
  queueAway = false
  suspect = false
  place = AREA
  drafted = (tkt) => tkt
  policies = [POLICY]
  service = { ...entered(), roles: ['service'], areas: [AREA], state: 'active' }
})

const order = (more: Partial<SetPowerOrder> = {}): SetPowerOrder => ({ meter: METER, load: 'pile', setPoint: { id: 'night/1', sequence: 1, watts: 7_000, from: 1_000, to: 2_000 }, expiresInSeconds: 900, reason: 'plan 1', ...more })
const count = async (): Promise<number> => Number((await database.pool.query('SELECT count(*) AS count FROM command')).rows[0].count)

test('one row, queued at once with the one signature; every step and the audit log say who', async () => {
  const command = await dispatch.setPower(order())
  expect(command).toMatchObject({ state: 'queued', action: 'set-power', requestedBy: 'service/charging', approver: null, sigApprover: null, decidedBy: null, reason: 'plan 1', parameters: { object: 'E001', setPoint: { watts: 7_000 } } })
  expect(command.expiresAt.getTime()).toBe(clock.now() + 900_000)
  expect(jobs).toEqual([{ name: 'command.deliver', data: { commandId: command.id } }])
  const ticket = decodeTicket(command.ticket as Buffer)
  expect([ticket.operatorId.toString('hex').toUpperCase(), ticket.approverId.equals(NOBODY), ticket.task, ticket.notAfter - ticket.notBefore]).toEqual([service.person, true, 5, 900])
  const steps = await database.pool.query('SELECT state, who, why, detail FROM command_step WHERE command_id = $1 ORDER BY id', [command.id])
  expect(steps.rows).toEqual([
    { state: 'accepted', who: 'service/charging', why: 'plan 1', detail: {} }, { state: 'queued', who: 'service/charging', why: null, detail: { service: service.person } }])
  const audit = await database.pool.query('SELECT action, actor FROM audit_entry WHERE object = $1 ORDER BY id', [`command/${command.id}`])
  expect(audit.rows).toEqual([{ action: 'command.accepted', actor: 'service/charging' }, { action: 'command.queued', actor: 'service/charging' }])
})

test('asked for again under the same id, also at once, it is the same command', async () => {
  const id = randomUUID()
  const before = await count()
  const made = await Promise.all(Array.from({ length: 8 }, () => dispatch.setPower(order({ id }))))
  expect(new Set(made.map((one) => one.id))).toEqual(new Set([id]))
  // Every caller has the one row, also in the signature that will be sent.
  expect(new Set(made.map((one) => one.sigOperator?.toString('hex'))).size).toBe(1)
  expect(await count()).toBe(before + 1)
  expect((await database.pool.query('SELECT count(*)::int AS count FROM command_step WHERE command_id = $1', [id])).rows[0].count).toBe(2)
})

test('the queue is away: the row stands, and its front end finds it', async () => {
  queueAway = true
  expect((await dispatch.setPower(order())).state).toBe('queued')
})

/** Each was seen making a row with its check taken out. */
test.each<[string, string, () => void, Partial<SetPowerOrder>]>([
  ['no policy entry', 'TICKET_REFUSED', () => { policies = [{ ...POLICY, allows: 'operator-alone' }] }, {}],
  ['a policy entry for another object', 'TICKET_REFUSED', () => { policies = [{ ...POLICY, target: 'E0027F00' }] }, {}],
  ['a suspended service', 'TICKET_REFUSED', () => { service = { ...service, state: 'suspended' } }, {}],
  ['a person who is no service', 'TICKET_REFUSED', () => { service = { ...service, roles: ['operator'] } }, {}],
  ['another area', 'TICKET_REFUSED', () => { place = '534F555448000000' }, {}],
  ['a device the machine does not know', 'TICKET_REFUSED', () => { place = undefined }, {}],
  ['a suspect device', 'DEVICE_SUSPECT', () => { suspect = true }, {}],
  ['a meter that is not registered', 'NOT_FOUND', () => undefined, { meter: '000000000099' }],
  ['a draft for another device', 'TICKET_REFUSED', () => { drafted = (tkt) => encodeTicket({ ...decodeTicket(tkt), devices: [dispersionOfNumber('000000000012')] }) }, {}],
])('no row with %s', async (_name, code, when, more) => {
  when()
  const before = await count()
  await expect(dispatch.setPower(order(more))).rejects.toMatchObject({ code })
  expect([await count(), jobs]).toEqual([before, []])
})

test('allowing to close goes to a meter of its own keys alone, under the mandate it names', async () => {
  const mandate = 'AB'.repeat(16)
  const inserted: SignedCommand[] = []
  const close = (meter: string) => dispatch.allowClose({ id: randomUUID(), meter, mandate, reason: 'paid' }, async (command) => { inserted.push(command); return undefined })
  // Seen ordering a PROXY, which the machine refuses, with the line taken out.
  await expect(close(METER)).rejects.toMatchObject({ code: 'TICKET_REFUSED', message: expect.stringContaining('no keys of its own') })
  await database.pool.query("INSERT INTO meter (address, terminal_address, security_profile, mode) VALUES ('000000000013', '000000000001', 'sm', 'S')")
  await close('000000000013')
  const ticket = decodeTicket(inserted[0]?.ticket as Buffer)
  expect([inserted.length, ticket.service, ticket.target.toString('hex'), ticket.devices.length, ticket.approverId.toString('hex').toUpperCase(), ticket.notAfter - ticket.notBefore]).toEqual([1, 7, '80008200', 1, 'AB'.repeat(8), 900])
  // Its caller found it no longer wanted: nothing is handed over.
  expect(jobs).toEqual([])
})

test('what is missing is said in words before anything is asked', async () => {
  expect(await dispatch.setPowerMissing('pile')).toBeUndefined()
  policies = []
  expect(await dispatch.setPowerMissing('pile')).toContain('E0017F00')
  expect(await dispatch.setPowerMissing('appliance')).toContain('E0027F00')
  await expect(noServiceDispatch().setPower(order())).rejects.toMatchObject({ code: 'NOT_CONFIGURED', message: expect.stringContaining('ZHUZHAN_SERVICE_KEY_FILE') })
})
