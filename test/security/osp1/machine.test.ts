/**
 * The rows of OSP-1 §8 that are decided in the crypto machine, against its running process on a real database, with virtual devices
 * at the other end: privilege misuse, delayed command, false time, invalid curve, stolen terminal, late answer, and one word for
 * every failure. Every reason of every refusal by itself: services/crypto-machine/src/conformance/ticket-attack-suite.ts.
 */
import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { CryptoMachineClient } from '@zhuzhan/crypto-client'
import { HesError } from '@zhuzhan/core'
import { CONTROL, decodeApdu, encodeApdu, encodeConnectHeader, encodeFrame } from '@zhuzhan/dlt698'
import type { Apdu, ConnectResponse, Data } from '@zhuzhan/dlt698'
import { SM2_CURVE, SM2_DEFAULT_ID, createEngine, intToBytes } from '@zhuzhan/gm-crypto'
import { recordResponse } from '@zhuzhan/osp1'
import { withPostgres } from '@zhuzhan/testing'
import { contextOf } from './adversary.js'
import { frontEndOf, machineHouse } from './machine-process.js'
import type { MachineHouse, MachineProcess } from './machine-process.js'
import { ADMINISTRATORS, SOUTH, ask, openOffice } from './office.js'
import type { Office, Person, Signed, TicketTerms } from './office.js'
import { GET_CLOCK, pipedDevice } from './piped-device.js'
import type { PipedDevice } from './piped-device.js'

const db = withPostgres()
const engine = createEngine('openssl')
let house: MachineHouse
let machine: MachineProcess
let port: CryptoMachineClient
let office: Office
let people: Record<'operator' | 'approver' | 'southerner', Person>
let modeS: PipedDevice
let modeF: PipedDevice

beforeAll(async () => {
  house = machineHouse(db.url, ADMINISTRATORS)
  machine = await house.process()
  machine.start()
  port = await frontEndOf(machine)
  office = openOffice(port, engine)
  people = { operator: await office.enter(['operator']), approver: await office.enter(['approver']), southerner: await office.enter(['operator'], SOUTH) }
  modeS = await pipedDevice(port, engine, '000000000101', 'S')
  modeF = await pipedDevice(port, engine, '000000000102', 'F')
  await office.place([modeS.address, modeF.address])
}, 120_000)
afterAll(async () => {
  await port?.stop()
  await machine?.stop()
  house?.close()
  engine.close()
}, 30_000)

const piid = { number: 1, priority: false, acd: false }
const RELAY: Data = { type: 'oad', oad: 'F2050201' }
const TRIP: Apdu = {
  apdu: 'action-request', choice: 'normal', piid, omd: '80008100', timeTag: undefined,
  parameter: { type: 'array', items: [{ type: 'structure', items: [RELAY, { type: 'unsigned', value: 0 }, { type: 'long-unsigned', value: 0 }, { type: 'bool', value: false }] }] },
}
const codeOf = async (work: Promise<unknown>): Promise<string> => {
  try {
    await work
    return 'accepted'
  } catch (error) {
    if (error instanceof HesError) return error.code
    throw error
  }
}
const seal = (handle: string, signed: Signed) => ask(port, 'sealTicket', { handle, ...signed, piid: 5 })
const ticket = (more: Partial<TicketTerms> = {}): Promise<Signed> =>
  office.ticket({ operator: people.operator, approver: people.approver, apdu: TRIP, devices: [modeS.address], ...more })

describe('privilege misuse', () => {
  test('a ticket of two people is sealed, carried out, and spent, also for the process after a kill -9', async () => {
    let handle = await modeS.connect()
    const signed = await ticket()
    const { apdu } = await seal(handle, signed)
    expect(decodeApdu((await modeS.receive(apdu))!)).toMatchObject({ apdu: 'security-response', form: 'cipher' })
    expect(modeS.acted).toEqual(['07'])
    expect(await codeOf(seal(handle, signed))).not.toBe('accepted')
    await machine.kill()
    machine.start()
    await port.stop()
    port = await frontEndOf(machine)
    office = openOffice(port, engine)
    modeS = Object.assign(await pipedDevice(port, engine, modeS.address, 'S'))
    modeF = Object.assign(await pipedDevice(port, engine, modeF.address, 'F'))
    handle = await modeS.connect()
    // Seen failing with useTicket of store/pg-tickets.ts that says true whatever is there.
    expect(await codeOf(seal(handle, signed))).toBe('TICKET_REFUSED')
  }, 60_000)

  const now = (): number => Math.floor(Date.now() / 1_000)
  /** Seen sealing with checks of tickets/judge.ts and tickets/signatures.ts taken out, one by one; see the conformance suite. */
  test.each<[string, () => Promise<Signed>]>([
    ['one signer', () => office.ticket({ operator: people.operator, apdu: TRIP, devices: [modeS.address] })],
    ['the same person twice', () => ticket({ approver: people.operator })],
    ['a signature of another than the one named', () => ticket({ approver: people.southerner, named: people.approver })],
    ['an expired ticket', () => ticket({ notBefore: now() - 60, validSeconds: 30 })],
    ['a ticket of tomorrow', () => ticket({ notBefore: now() + 3_600 })],
    ['an operator of another area', () => ticket({ operator: people.southerner })],
    ['another area than the device\'s', () => ticket({ area: SOUTH })],
    ['another device\'s ticket', () => ticket({ devices: [modeF.address] })],
    ['a ticket with one bit changed', async () => { const signed = await ticket(); const tkt = Buffer.from(signed.tkt); tkt[60]! ^= 1; return { ...signed, tkt } }],
  ])('%s: nothing is sealed', async (_what, signed) => {
    const handle = await modeS.connect()
    const before = modeS.acted.length
    expect(await codeOf(seal(handle, await signed()))).toBe('TICKET_REFUSED')
    expect(modeS.acted).toHaveLength(before)
  }, 30_000)

  const through = (command: Buffer): Apdu => ({
    apdu: 'proxy-request', choice: 'trans-command', piid, oad: 'F2010201', comdcb: { baud: 6, parity: 2, dataBits: 8, stopBits: 1, flow: 0 }, frameTimeout: 10, byteTimeout: 100, command, timeTag: undefined,
  })
  const trip = encodeApdu(TRIP)
  // Seen failing with `task !== READ` taken out of seal() in sessions/records.ts.
  test.each<[string, Buffer]>([
    ['as a request of task 3', trip],
    ['in a list', encodeApdu({ apdu: 'action-request', choice: 'normal-list', piid, items: [{ omd: 'F1000500', parameter: { type: 'null' } }, { omd: '80008100', parameter: { type: 'null' } }], timeTag: undefined })],
    ['in a PROXY', encodeApdu({ apdu: 'proxy-request', choice: 'action-list', piid, timeout: 5, targets: [{ tsa: { flag: 5, address: '000000000101' }, timeout: 5, actions: [{ omd: '80008100', parameter: { type: 'null' } }] }], timeTag: undefined })],
    ['in TransCommand', encodeApdu(through(encodeFrame({ control: CONTROL.clientRequest, address: { type: 'single', logical: 0, server: '000000000001', client: 0 }, data: trip })))],
    ['as DL/T 645', encodeApdu(through(Buffer.from('68010000000000681C00ED16', 'hex')))],
    ['behind a read', Buffer.concat([GET_CLOCK, trip])],
  ])('a trip %s goes to nobody without a ticket', async (_how, apdu) => {
    expect(await codeOf(ask(port, 'seal', { handle: await modeS.connect(), apdu }))).toBe('TICKET_REFUSED')
  }, 30_000)
})

test('stolen terminal: a trip of a meter with a session of its own is not sealed for the terminal before it, ticket or not', async () => {
  // Seen failing with `meter-has-its-own-session` taken out of tickets/judge.ts.
  await office.order({ kind: 'place', area: '4E4F525448000000', profile: 'sm', offsetMinutes: 480, terminal: modeS.address, addresses: [modeF.address] })
  const handle = await modeS.connect()
  const proxied: Apdu = { apdu: 'proxy-request', choice: 'action-list', piid, timeout: 30, targets: [{ tsa: { flag: 5, address: modeF.address }, timeout: 30, actions: [{ omd: '80008100', parameter: { type: 'null' } }] }], timeTag: undefined }
  expect(await codeOf(seal(handle, await ticket({ apdu: proxied })))).toBe('TICKET_REFUSED')
  await office.place([modeF.address])
}, 30_000)

test('delayed command: what was held while the station read back is refused when it comes at last', async () => {
  // Seen failing with `parts.seq <= session.lastSeq` taken out of packages/osp1/src/device/records.ts.
  const handle = await modeS.connect()
  const before = modeS.acted.length
  const held = await seal(handle, await ticket())
  await ask(port, 'giveUp', { handle, seq: held.seq })
  expect(await modeS.exchange(handle)).toMatchObject({ seq: held.seq + 1 })
  expect(decodeApdu((await modeS.receive(held.apdu))!)).toEqual({ apdu: 'security-response', form: 'dar', dar: 23 })
  expect(modeS.acted).toHaveLength(before)
}, 30_000)

describe('false time', () => {
  test('a meter whose clock is five minutes off gets no trip', async () => {
    // Seen failing with `device-clock` taken out of tickets/judge.ts.
    modeS.skew = 300_000
    const handle = await modeS.connect()
    expect(await codeOf(seal(handle, await ticket()))).toBe('TICKET_REFUSED')
    modeS.skew = 0
  }, 30_000)

  test('a command that comes after its delay gets DAR 32 and does nothing', async () => {
    // Seen failing with timeTagValid of packages/osp1/src/time-tag.ts that is always true.
    const handle = await modeS.connect()
    const before = modeS.acted.length
    const late = await seal(handle, await ticket({ validSeconds: 20 }))
    modeS.skew = 30_000
    const answer = await ask(port, 'open', { handle, apdu: (await modeS.receive(late.apdu))! })
    modeS.skew = 0
    expect(answer).toEqual({ dar: 32, seq: late.seq })
    expect(modeS.acted).toHaveLength(before)
  }, 30_000)
})

test('invalid curve: an ephemeral point off the curve, beyond p, of order two or nowhere is refused though the device signed it', async () => {
  // Two defences, isCurvePoint in mode-f.ts and the engine's own; that the signatures here are good is shown by the last line.
  const { p } = SM2_CURVE
  const { exchange, request } = await modeF.open()
  const response = decodeApdu((await modeF.receive(request))!) as ConnectResponse
  const { rn } = response.security!
  const mechanism = (decodeApdu(request) as Extract<Apdu, { apdu: 'connect-request' }>).mechanism as { cipher: Buffer; signature: Buffer }
  const lp = (bytes: Uint8Array): Buffer => Buffer.concat([Buffer.of(bytes.length >> 8, bytes.length & 0xff), bytes])
  const signedBy = async (point: Buffer): Promise<ConnectResponse> => {
    const changed = Buffer.concat([rn.subarray(0, 5), point, rn.subarray(69)])
    const c = contextOf(modeF.keys)
    // T2 of §7.3, written out: the signature is genuine, the point is not.
    const t2 = Buffer.concat([
      Buffer.from('OSP1-F-2'), Buffer.of(c.clientAddress), c.ad, lp(Buffer.from(c.stationId)), lp(c.dispersion), c.header1, encodeConnectHeader(response.header), mechanism.cipher, mechanism.signature, changed,
    ])
    return { ...response, security: { rn: changed, signature: await engine.sign(modeF.keys.sm2!.privateKey, SM2_DEFAULT_ID, t2) } }
  }
  const true_ = rn.subarray(5, 69)
  const off = Buffer.from(true_)
  off[63]! ^= 1
  const points = { off, 'x beyond p': Buffer.concat([intToBytes(p + 1n), true_.subarray(32)]), 'order two': Buffer.concat([true_.subarray(0, 32), Buffer.alloc(32)]), zero: Buffer.alloc(64), 'all ones': Buffer.alloc(64, 0xff) }
  for (const [what, point] of Object.entries(points)) expect([what, await codeOf(modeF.finish(exchange, await signedBy(point)))]).toEqual([what, 'AUTH_FAILED'])
  // The same way of signing, with the true point, is taken: the refusals above were for the points.
  expect(await modeF.finish(exchange, await signedBy(Buffer.from(true_)))).toHaveProperty('handle')
}, 30_000)

test('late answer: it is taken for its own request after the time was over, and only for the last three', async () => {
  // Seen failing with MAX_UNANSWERED of sessions/records.ts as 4.
  const handle = await modeS.connect()
  const late: { seq: number; answer: Buffer }[] = []
  for (let n = 0; n < 4; n += 1) {
    const { seq, apdu } = await ask(port, 'seal', { handle, apdu: GET_CLOCK })
    late.push({ seq, answer: (await modeS.receive(apdu))! })
    await ask(port, 'giveUp', { handle, seq })
  }
  for (const { seq, answer } of late.slice(1).reverse()) expect(await ask(port, 'open', { handle, apdu: answer })).toMatchObject({ seq })
  expect(await codeOf(ask(port, 'open', { handle, apdu: late[0]!.answer }))).toBe('AUTH_FAILED')
  expect(await codeOf(ask(port, 'open', { handle, apdu: late[1]!.answer }))).toBe('AUTH_FAILED')
}, 30_000)

test('every failure of an answer is one word, and takes about as long as every other', async () => {
  // Seen failing with 3 ms of work for every odd MAC in open() of sessions/records.ts.
  const handle = await modeS.connect()
  const { apdu } = await ask(port, 'seal', { handle, apdu: GET_CLOCK })
  const good = (await modeS.receive(apdu))!
  const content = (decodeApdu(good) as { content: Buffer }).content
  const flip = (bytes: Buffer, at: number): Buffer => { const out = Buffer.from(bytes); out[at]! ^= 1; return out }
  const kinds = {
    mac: () => flip(good, good.length - 1), 'first byte': () => flip(good, 3), 'last byte': () => flip(good, 3 + content.length - 1), 'all of it': () => recordResponse(1, { data: randomBytes(content.length), mac: randomBytes(8) }),
  }
  const times = new Map(Object.keys(kinds).map((kind) => [kind, [] as number[]]))
  const words = new Set<string>()
  for (let round = 0; round < 300; round += 1) {
    for (const [kind, make] of Object.entries(kinds)) {
      const bytes = make()
      const since = performance.now()
      const [outcome] = await port.open([{ handle, apdu: bytes }])
      times.get(kind)!.push(performance.now() - since)
      words.add(JSON.stringify(outcome))
    }
    if (round % 50 === 0) await sleep(1)
  }
  expect([...words]).toEqual([JSON.stringify({ ok: false, code: 'AUTH_FAILED' })])
  // Coarse: the lower quartile over a pipe, within a factor that a busy machine does not reach and a second look at the key would.
  const quartiles = [...times].map(([kind, all]) => [kind, [...all].sort((a, b) => a - b)[all.length >> 2]!] as const)
  process.stderr.write(`refusals, lower quartile: ${quartiles.map(([kind, ms]) => `${kind} ${(ms * 1_000).toFixed(0)} us`).join(', ')}\n`)
  const values = quartiles.map(([, ms]) => ms)
  expect(Math.max(...values) / Math.min(...values)).toBeLessThan(2)
  expect(await ask(port, 'open', { handle, apdu: good })).toMatchObject({ seq: expect.any(Number) })
}, 60_000)
