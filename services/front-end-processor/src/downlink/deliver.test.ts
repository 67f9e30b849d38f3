import { randomUUID } from 'node:crypto'
import { withPostgres } from '@zhuzhan/testing'
import { HesError, manualClock } from '@zhuzhan/core'
import type { Apdu } from '@zhuzhan/dlt698'
import { openDatabase } from '@zhuzhan/persistence'
import type { Database } from '@zhuzhan/persistence'
import { createRequestTable } from '../requests/request-table.js'
import { downlinkOn, queued, reaches } from '../test-support/downlink.js'
import { fakeMachine } from '../test-support/fake-machine.js'
import type { Downlink } from '../test-support/downlink.js'
import { relayMeter } from '../test-support/relay-meter.js'
import type { RelayMeter } from '../test-support/relay-meter.js'
import { METER, TERMINAL } from '../test-support/records.js'
import { SIGNATURES, testTicket } from '../test-support/tickets.js'
import { until } from '../test-support/until.js'

let database: Database
afterAll(() => database.close())
const server = withPostgres()
beforeAll(() => { database = openDatabase({ url: server.url, max: 12 }) })

let clock: ReturnType<typeof manualClock>
let meter: RelayMeter
let one: Downlink
const soon = (): Date => new Date(clock.now() + 120_000)

beforeEach(async () => {
  await database.pool.query(`UPDATE command SET state = 'expired' WHERE state NOT IN ('refused', 'expired', 'verified', 'rejected')`)
  clock = manualClock(Date.now())
  meter = relayMeter()
  one = downlinkOn(database.pool, clock, 'fep-1', 5_000)
})
afterEach(() => one.settler.stop())

test('sent, confirmed by the meter, verified by reading it back; every step is written down with who', async () => {
  one.connect(meter.answer)
  const { id } = await queued(one.store, 'trip', { expiresAt: soon() })
  await one.delivery.deliver(id)
  await reaches(one.store, id, 'verified')
  expect([meter.open, meter.received]).toEqual([true, ['80008100']])
  const { rows } = await database.pool.query(`SELECT state, who FROM command_step WHERE command_id = $1 ORDER BY id`, [id])
  expect(rows.slice(3)).toEqual([
    { state: 'queued', who: 'bert' }, { state: 'sent', who: 'front-end/fep-1' }, { state: 'confirmed', who: 'device/000000000011' }, { state: 'verified', who: 'device/000000000011' }])
  const audit = await database.pool.query(`SELECT actor FROM audit_entry WHERE object = $1 ORDER BY id`, [`command/${id}`])
  expect(audit.rows).toHaveLength(7)
})

test('however often and from wherever it is asked for, it leaves once', async () => {
  const terminal = one.connect(meter.answer)
  const { id } = await queued(one.store, 'trip', { expiresAt: soon() })
  await Promise.all([...Array.from({ length: 8 }, () => one.delivery.deliver(id)), one.delivery.sweep(), one.returns(terminal), one.delivery.sweep()])
  await reaches(one.store, id, 'verified')
  expect(meter.received).toHaveLength(1)
})

test('two front ends that both think they serve the terminal send it once', async () => {
  const two = downlinkOn(database.pool, clock, 'fep-2', 5_000)
  const ends = [one, two].map((downlink) => ({ downlink, terminal: downlink.connect(meter.answer) }))
  for (let round = 0; round < 5; round += 1) {
    const { id } = await queued(one.store, round % 2 === 0 ? 'trip' : 'close', { expiresAt: soon() })
    await Promise.all(ends.flatMap(({ downlink, terminal }) => [downlink.delivery.deliver(id), downlink.delivery.deliver(id), downlink.returns(terminal)]))
    await reaches(one.store, id, 'verified')
    expect(meter.received).toHaveLength(round + 1)
  }
  two.settler.stop()
})

test('with one signature a command leaves only where its row names no approver: a service signed alone, and the machine judges it', async () => {
  const seen: (Uint8Array | undefined)[] = []
  one.connect(meter.answer, { machine: fakeMachine({ releasePlain: ({ sigApprover }) => { seen.push(sigApprover); throw new HesError('TICKET_REFUSED') } }) })
  const bare = { meterAddress: METER, terminalAddress: TERMINAL, action: 'trip' as const, parameters: {}, requestedBy: 'service/test', expiresAt: soon(), ticket: testTicket('trip'), sigOperator: SIGNATURES.sigOperator }
  const { id } = await one.store.createQueued({ id: randomUUID(), ...bare }, {})
  await one.delivery.deliver(id)
  expect(await reaches(one.store, id, 'refused')).toMatchObject({ code: 'TICKET_REFUSED' })
  expect(seen).toEqual([undefined])
  // Seen asking the machine with the approver left out of the condition.
  const { id: unapproved } = await one.store.createQueued({ id: randomUUID(), ...bare }, {})
  await database.pool.query("UPDATE command SET approver = 'bert' WHERE id = $1", [unapproved])
  await one.delivery.deliver(unapproved)
  expect(await reaches(one.store, unapproved, 'refused')).toMatchObject({ code: 'TICKET_REFUSED', sentAt: null })
  expect(seen).toHaveLength(1)
})

test('a terminal that is away gets it at its return', async () => {
  const { id } = await queued(one.store, 'trip', { expiresAt: soon() })
  await one.delivery.deliver(id)
  await one.delivery.sweep()
  expect((await one.store.find(id))?.state).toBe('queued')
  await one.returns(one.connect(meter.answer))
  await reaches(one.store, id, 'verified')
})

test('what the device refuses is refused, with its code', async () => {
  meter.behaviour = { dar: 3, obeys: false }
  one.connect(meter.answer)
  const { id } = await queued(one.store, 'trip', { expiresAt: soon() })
  await one.delivery.deliver(id)
  expect(await reaches(one.store, id, 'refused')).toMatchObject({ code: 'DEVICE_REFUSED', dar: 3 })
})

test.each(['TICKET_REFUSED', 'BUSY', 'SESSION_UNKNOWN', 'PROFILE_REFUSED'] as const)('the crypto machine answers %s: refused, and certain', async (code) => {
  one.connect(meter.answer, { machine: fakeMachine({ releasePlain: () => { throw new HesError(code) } }) })
  const { id } = await queued(one.store, 'trip', { expiresAt: soon() })
  await one.delivery.deliver(id)
  expect(await reaches(one.store, id, 'refused')).toMatchObject({ code, dar: null })
  expect(meter.received).toEqual([])
})

test('the crypto machine dies while it judges: nobody knows whether the ticket is spent, so nobody says refused', async () => {
  const terminal = one.connect(meter.answer, { machine: fakeMachine({ releasePlain: () => { throw new Error('the connection to the crypto machine ended') } }) })
  const { id } = await queued(one.store, 'trip', { expiresAt: soon() })
  await one.delivery.deliver(id)
  await reaches(one.store, id, 'unknown')
  await one.returns(terminal)
  await one.delivery.sweep()
  expect(meter.received).toEqual([])
})

test('the device refuses the record authentically: refused, and certain', async () => {
  const error = new HesError('DEVICE_REFUSED', undefined, { dar: 20 })
  one.connect(meter.answer, { terminal: (made) => Object.assign(made, { requests: createRequestTable(async () => { throw error }, clock) }) })
  const { id } = await queued(one.store, 'trip', { expiresAt: soon() })
  await one.delivery.deliver(id)
  expect(await reaches(one.store, id, 'refused')).toMatchObject({ code: 'DEVICE_REFUSED', dar: 20 })
})

test('without a ticket, or with one signature, nothing is sent, not even to a plain device', async () => {
  one.connect(meter.answer)
  for (const missing of ['ticket', 'sig_operator', 'sig_approver']) {
    const { id } = await queued(one.store, 'trip', { expiresAt: soon() })
    await database.pool.query(`UPDATE command SET ${missing} = NULL WHERE id = $1`, [id])
    await one.delivery.deliver(id)
    // Seen failing with the frame made from the command's row: it left.
    expect(await reaches(one.store, id, 'refused')).toMatchObject({ code: 'TICKET_REFUSED' })
  }
  expect(meter.received).toEqual([])
})

test('what leaves is what the ticket says, whatever the row says', async () => {
  one.connect(meter.answer)
  const { id } = await queued(one.store, 'trip', { expiresAt: soon() })
  await database.pool.query(`UPDATE command SET ticket = $2 WHERE id = $1`, [id, testTicket('close')])
  await one.delivery.deliver(id)
  await until(() => meter.received.length === 1)
  expect(meter.received).toEqual(['80008200'])
})

test('past its expiry it is not sent, neither by the queue nor by the sweep', async () => {
  one.connect(meter.answer)
  const late = await queued(one.store, 'trip', { expiresAt: new Date(clock.now() - 1) })
  await one.delivery.deliver(late.id)
  await reaches(one.store, late.id, 'expired')
  const forgotten = await queued(one.store, 'trip', { expiresAt: new Date(clock.now() - 1) })
  await one.delivery.sweep()
  expect(await reaches(one.store, forgotten.id, 'expired')).toMatchObject({ code: 'COMMAND_EXPIRED' })
  expect(meter.received).toEqual([])
})

test('what waited for its turn behind other requests until its expiry is not sent any more', async () => {
  const terminal = one.connect(() => undefined)
  const ahead = Array.from({ length: 4 }, () => terminal.requests.ask({
    lane: 'command', timeoutMs: 300, build: (piid): Apdu => ({ apdu: 'get-request', choice: 'normal', piid, oad: '00100200', timeTag: undefined }),
  }).catch(() => undefined))
  const { id } = await queued(one.store, 'trip', { expiresAt: soon() })
  await one.delivery.deliver(id)
  clock.advance(120_001)
  await Promise.all(ahead)
  await reaches(one.store, id, 'expired')
  expect(meter.received).toEqual([])
  const { rows } = await database.pool.query(`SELECT state FROM command_step WHERE command_id = $1 AND state = 'sent'`, [id])
  expect(rows).toEqual([])
})

test('a read brings its values as readings and as its result', async () => {
  one.connect(meter.answer)
  const { id } = await queued(one.store, 'read', { expiresAt: soon(), parameters: { oads: ['00100200', '20000200'] } })
  await one.delivery.deliver(id)
  expect((await reaches(one.store, id, 'confirmed')).result).toEqual({
    readings: [{ item: '00100201', name: expect.any(String), value: '1234.56', unit: 'kWh', time: new Date(clock.now()).toISOString(), quality: 'received-time' }],
    attributes: [{ oad: '00100200', data: { type: 'array', items: [{ type: 'double-long-unsigned', value: 123_456 }] } }, { oad: '20000200', dar: 4 }],
  })
  expect(one.published).toMatchObject([{ meter: '000000000011', item: 0x00100201, value: '1234.56', source: 'poll' }])
})

test('a read that gets no answer expires: nothing can have moved', async () => {
  one = downlinkOn(database.pool, clock, 'fep-1', 50)
  one.connect(() => undefined)
  const { id } = await queued(one.store, 'read', { expiresAt: soon() })
  await one.delivery.deliver(id)
  expect(await reaches(one.store, id, 'expired')).toMatchObject({ code: 'TERMINAL_TIMEOUT' })
})

test('a database that fails at the claim keeps the frame in', async () => {
  one.connect(meter.answer)
  const { id } = await queued(one.store, 'trip', { expiresAt: soon() })
  await database.pool.query(`ALTER TABLE event ADD CONSTRAINT no_more CHECK (detail->>'state' <> 'sent') NOT VALID`)
  await one.delivery.deliver(id)
  await new Promise((resolve) => setTimeout(resolve, 100))
  await database.pool.query('ALTER TABLE event DROP CONSTRAINT no_more')
  expect([(await one.store.find(id))?.state, meter.received]).toEqual(['queued', []])
  await one.delivery.sweep()
  await reaches(one.store, id, 'verified')
  expect(meter.received).toHaveLength(1)
})
