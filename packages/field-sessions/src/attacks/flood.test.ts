import { randomBytes } from 'node:crypto'
import { createEngine } from '@zhuzhan/gm-crypto'
import { KINDS } from '../kinds.js'
import type { Kind } from '../kinds.js'
import { MAX_MESSAGE, messageOf } from '../message.js'
import type { MessageType } from '../message.js'
import { pidText, startRig } from '../testing/rig.js'
import type { Rig, RigDevice } from '../testing/rig.js'

const engine = createEngine('openssl')
afterAll(() => engine.close())
const kinds = Object.keys(KINDS) as Kind[]
const count = (rig: Rig, kind: string): number => rig.events.filter((event) => event.kind === kind).length
const headed = (device: RigDevice, type: MessageType, body: Buffer): Buffer =>
  messageOf({ kind: device.kind, pid: device.pid, mid: Buffer.from('0000200000001001', 'hex'), suite: undefined as never }, type, body)

// Mutations seen failing: a record that does not open ends the session; an answered AUTH drops the established one.
describe.each(kinds)('A15 session killing: %s', (kind) => {
  it('thousands of pieces of junk in its name leave the live session alone, at either side', async () => {
    const rig = await startRig({ engine })
    const device = await rig.device(kind)
    await rig.connect(device)
    const { boundary } = KINDS[kind]
    const types = ['pairRequest', 'hello', 'auth', 'recordUp'] as const
    for (let i = 0; i < 600; i++) for (const type of types) await rig.meter.receive(boundary, headed(device, type, randomBytes(i % 120)))
    for (let i = 0; i < 200; i++) for (const type of ['pairAnswer', 'challenge', 'accept', 'recordDown'] as const) await device.receive(headed(device, type, randomBytes(i % 120)))
    await rig.carry(device, await device.sync())
    expect([device.state, count(rig, 'connected'), count(rig, 'ended')]).toEqual(['connected', 1, 0])
    expect(device.events.at(-1)).toMatchObject({ kind: 'answered', result: 0 })
  }, 60_000)

  // Mutation seen failing: MAX_QUESTIONS of 1.
  it('a forged question that comes first does not keep the meter\'s own from being answered', async () => {
    const rig = await startRig({ engine })
    const device = await rig.device(kind)
    await rig.connect(device)
    const hello = device.hello()
    for (let i = 0; i < 3; i++) {
      const auth = await device.receive(headed(device, 'challenge', randomBytes(20)))
      expect(await rig.meter.receive(KINDS[kind].boundary, auth ?? Buffer.alloc(0))).toBeUndefined()
    }
    await rig.carry(device, hello)
    expect([count(rig, 'connected'), device.events.filter((event) => event.kind === 'connected').length]).toEqual([2, 2])
  })

  it('a new session nobody confirms does not end the old one', async () => {
    const rig = await startRig({ engine })
    const device = await rig.device(kind)
    await rig.connect(device)
    // The ACCEPT is withheld: the device goes on in its session.
    const auth = await device.receive((await rig.meter.receive(KINDS[kind].boundary, device.hello())) ?? Buffer.alloc(0))
    await rig.meter.receive(KINDS[kind].boundary, auth ?? Buffer.alloc(0))
    await rig.carry(device, await device.sync())
    expect(device.events.at(-1)).toMatchObject({ kind: 'answered', result: 0 })
    expect(rig.meter.peers()).toMatchObject([{ session: true }])
  })
})

describe('A16 floods of strangers', () => {
  // Mutation seen failing: hellos.take() taken away.
  it('HELLOs cost no memory, questions are limited, and the answer is no longer than the question', async () => {
    const rig = await startRig({ engine })
    const pile = await rig.device('charging-pile')
    await rig.connect(pile)
    let answered = 0
    for (let i = 0; i < 5_000; i++) {
      const hello = pile.hello()
      const question = await rig.meter.receive('hplc', hello)
      if (question) {
        answered++
        expect(question.length).toBeLessThanOrEqual(hello.length)
      }
    }
    expect(answered).toBeLessThanOrEqual(200)
    rig.clock.advance(1_000)
    await rig.carry(pile, pile.hello())
    expect(count(rig, 'connected')).toBe(2)
  })
  // Mutation seen failing: sm2.take() taken away.
  it('SM2 work for those who only claim to be known is limited, and live sessions need none', async () => {
    let verified = 0
    const counting = { ...engine, name: 'counting', verify: async (...args: Parameters<typeof engine.verify>) => (verified++, engine.verify(...args)) }
    const rig = await startRig({ engine: counting })
    const pile = await rig.device('charging-pile')
    await rig.connect(pile)
    const impostor = await rig.device('charging-pile', { pid: pile.pid, engine })
    rig.clock.advance(10_000)
    verified = 0
    for (let i = 0; i < 100; i++) await rig.carry(impostor, impostor.hello())
    expect(verified).toBe(10)
    await rig.carry(pile, await pile.sync())
    expect(pile.events.at(-1)).toMatchObject({ kind: 'answered' })
  })
  // Mutation seen failing: linkTagRight always true.
  it('a phone that was not paired makes the meter compute no SM2 at all', async () => {
    let verified = 0
    const counting = { ...engine, name: 'counting', verify: async (...args: Parameters<typeof engine.verify>) => (verified++, engine.verify(...args)) }
    const rig = await startRig({ engine: counting })
    const phone = await rig.device('phone', { engine })
    await rig.connect(phone)
    const impostor = await rig.device('phone', { engine, pid: phone.pid, belonging: { mid: Buffer.from('0000200000001001', 'hex'), meterKey: phone.options.identity?.publicKey ?? Buffer.alloc(0), link: randomBytes(32) } })
    verified = 0
    for (let i = 0; i < 5; i++) await rig.carry(impostor, impostor.hello())
    expect(verified).toBe(0)
  })
  // Mutation seen failing: roomFor taken away.
  it('an authentic device that opens session after session is slowed down', async () => {
    const rig = await startRig({ engine })
    const sensor = await rig.device('sensor')
    await rig.connect(sensor)
    for (let i = 0; i < 20; i++) await rig.carry(sensor, sensor.hello())
    expect(count(rig, 'connected')).toBe(8)
    rig.clock.advance(61_000)
    await rig.carry(sensor, sensor.hello())
    expect(count(rig, 'connected')).toBe(9)
  })
})

// Mutation seen failing: filter() without the rate.
it('A20 what an authentic device says too often does not count', async () => {
  const rig = await startRig({ engine })
  const sensor = await rig.device('sensor')
  await rig.connect(sensor)
  const at = Math.floor(rig.clock.now() / 1000)
  for (let i = 0; i < 100; i++) await rig.carry(sensor, await sensor.report([{ object: 'temperature', value: 200 }], at - 100 + i))
  // The first record of the session was one of the ten.
  expect(rig.meter.peers()).toMatchObject([{ accepted: 9, filtered: 91, quarantined: false }])
  rig.clock.advance(2_000)
  await rig.carry(sensor, await sensor.report([{ object: 'temperature', value: 201 }]))
  expect(rig.meter.peers()).toMatchObject([{ accepted: 10 }])
})

// Mutations seen failing: no check of the boundary; no check of the length.
it('A25 a device at the wrong boundary, junk and overlong messages are not even looked at', async () => {
  const rig = await startRig({ engine })
  const [pile, phone] = [await rig.device('charging-pile'), await rig.device('phone')]
  await rig.connect(pile)
  await rig.connect(phone)
  rig.events.length = 0
  expect(await rig.meter.receive('bluetooth', pile.hello())).toBeUndefined()
  expect(await rig.meter.receive('hplc', phone.hello())).toBeUndefined()
  expect(await rig.meter.receive('hplc', Buffer.concat([pile.hello(), Buffer.alloc(MAX_MESSAGE)]))).toBeUndefined()
  expect(await rig.meter.receive('hplc', Buffer.from('68160043'))).toBeUndefined()
  expect(rig.events).toEqual([{ kind: 'ignored', reason: 'boundary' }, { kind: 'ignored', reason: 'boundary' }, { kind: 'ignored', reason: 'limit' }, { kind: 'ignored', reason: 'form' }])
})

// Mutation seen failing: Peers.add without MAX_PEERS.
it('a meter keeps no more devices than it may', async () => {
  const rig = await startRig({ engine })
  const { publicKey } = await engine.generateKeyPair()
  const enrol = (i: number) => rig.meter.enrol({ kind: 'appliance', pid: Buffer.from(i.toString(16).padStart(16, '0'), 'hex'), publicKey, testReport: 'x' })
  for (let i = 0; i < 64; i++) await enrol(i)
  await expect(enrol(64)).rejects.toMatchObject({ code: 'LIMIT' })
  await rig.meter.remove('0000000000000003')
  await enrol(64)
  expect(rig.meter.peers().map(({ pid }) => pid)).not.toContain('0000000000000003')
})

// Mutation seen failing: PairingWindows.repeated not asked.
it('A23 lost answers: every step of a handshake can be asked for again', async () => {
  for (const kind of ['phone', 'breaker', 'charging-pile'] as const) {
    const rig = await startRig({ engine })
    const device = await rig.device(kind)
    const { boundary } = KINDS[kind]
    /** The first answer is lost, the second try gets through. */
    const twice = async (message: Buffer): Promise<Buffer> => {
      const lost = await rig.meter.receive(boundary, message)
      const again = await rig.meter.receive(boundary, device.again() ?? Buffer.alloc(0))
      expect(again).toEqual(lost)
      return again ?? Buffer.alloc(0)
    }
    if (boundary === 'bluetooth') await device.receive(await twice(await device.pair(rig.meter.showPairingCode(kind))))
    else await rig.meter.enrol({ kind, pid: device.pid, publicKey: device.options.identity?.publicKey ?? Buffer.alloc(0), testReport: 'x' })
    const auth = await device.receive(await twice(device.hello()))
    await rig.carry(device, await device.receive(await twice(auth ?? Buffer.alloc(0))))
    expect([device.state, device.again(), count(rig, 'connected')]).toEqual(['connected', undefined, 1])
    expect(rig.meter.peers()).toMatchObject([{ pid: pidText(device), session: true }])
  }
})
