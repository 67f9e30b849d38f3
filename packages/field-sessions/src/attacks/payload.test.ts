import { createEngine } from '@zhuzhan/gm-crypto'
import fc from 'fast-check'
import { MAX_ITEMS, RESULT, readDown, writeUp } from '../content.js'
import type { UpMessage } from '../content.js'
import { KINDS } from '../kinds.js'
import type { Kind } from '../kinds.js'
import { messageOf } from '../message.js'
import { ACCESS, OBJECTS, OBJECT_NAMES } from '../objects.js'
import { encodePairingCode } from '../pairing-code.js'
import { hostile, knownDevice } from '../testing/hostile.js'
import { MID, pidText, startRig } from '../testing/rig.js'
import type { Rig } from '../testing/rig.js'

const engine = createEngine('openssl')
afterAll(() => engine.close())
const kinds = Object.keys(KINDS) as Kind[]
const reasons = (rig: Rig) => rig.events.flatMap((event) => (event.kind === 'filtered' ? [event.reason] : []))
const resultOf = (content: Buffer | undefined): number | undefined => {
  const answer = content && readDown(content)
  return answer?.service === 'answer' ? answer.result : undefined
}

describe.each(kinds)('A18 malicious payload: %s', (kind) => {
  it('whatever stands behind a valid MAC, it is parsed or filtered, nothing else happens, and the meter goes on', async () => {
    const rig = await startRig({ engine, onFrame: async () => undefined })
    const { device, belonging } = await knownDevice(rig, kind)
    const say = await hostile(rig, engine, device, belonging)
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 300 }), async (content) => {
        rig.clock.advance(500)
        if (content[0] !== 0x0f) await say(content)
      }),
      { numRuns: 300 },
    )
    rig.clock.advance(10_000)
    expect(resultOf(await say(writeUp({ service: 'confirm', id: 1 })))).toBe(RESULT.done)
    expect(rig.events.filter((event) => event.kind === 'accepted')).toEqual([])
    // Random bytes now and then ask for something that exists: refused for the right that is missing.
    expect(reasons(rig).filter((reason) => !['schema', 'size', 'service', 'object'].includes(reason))).toEqual([])
  })
})

// Mutations seen failing: filter() without its size check; readUp of a cut content (schema).
it('A18 sizes, bytes left over and counts are looked at first', async () => {
  const rig = await startRig({ engine })
  const { device, belonging } = await knownDevice(rig, 'sensor')
  const say = await hostile(rig, engine, device, belonging)
  const report = writeUp({ service: 'report', id: 1, at: 1, items: [] })
  for (const content of [Buffer.concat([report, Buffer.alloc(300)]), Buffer.concat([report, Buffer.of(0)]), report.subarray(0, -1), Buffer.of(0x81)]) expect(await say(content)).toBeUndefined()
  const tooMany = Buffer.concat([report.subarray(0, -1), Buffer.of(MAX_ITEMS + 1), Buffer.alloc((MAX_ITEMS + 1) * 6)])
  expect(await say(tooMany)).toBeUndefined()
  expect(reasons(rig)).toEqual(['size', 'schema', 'schema', 'schema', 'schema'])
  expect(rig.meter.peers()).toMatchObject([{ filtered: 5, accepted: 0, flagged: 0 }])
})

/** Every service and object a kind has no right to. */
const forbidden = (kind: Kind): UpMessage[] => {
  const { reports, reads, frames, pairingCodes } = ACCESS[kind]
  const codes = (allowed: readonly string[]) => [...OBJECT_NAMES.filter((name) => !allowed.includes(name)).map((name) => OBJECTS[name].code), 0x7777]
  return [
    ...codes(reports).map((object): UpMessage => ({ service: 'report', id: 9, at: 1, items: [...reports.map((name) => ({ object: OBJECTS[name].code, value: 0 })), { object, value: 0 }] })),
    ...codes(reads).map((object): UpMessage => ({ service: 'read', id: 9, objects: [...reads.map((name) => OBJECTS[name].code), object] })),
    ...(frames ? [] : [{ service: 'frame', id: 9, frame: Buffer.of(0x68) } as const]),
    ...(pairingCodes.length > 0 ? [] : [{ service: 'pairing-code', id: 9, code: 'FSP1:A' } as const]),
  ]
}

// Mutation seen failing: filter() answering { message } for everything that parses.
describe.each(kinds)('A21 misuse of rights: %s', (kind) => {
  it('services and objects it has no right to are refused whole, and nothing of them counts', async () => {
    let asked = 0
    const rig = await startRig({ engine, read: () => asked++, onFrame: async () => void asked++ })
    const { device, belonging } = await knownDevice(rig, kind)
    const say = await hostile(rig, engine, device, belonging)
    for (const message of forbidden(kind)) {
      rig.clock.advance(1_000)
      expect([message.service, resultOf(await say(writeUp(message)))]).toEqual([message.service, RESULT.refused])
    }
    expect(asked).toBe(0)
    expect(rig.meter.peers()).toMatchObject([{ accepted: 0, flagged: 0 }])
    expect(new Set(reasons(rig)).size).toBeGreaterThan(0)
  })
  it('the meter commands it only what it may be commanded', async () => {
    const rig = await startRig({ engine })
    const { device } = await knownDevice(rig, kind)
    const pid = pidText(device)
    for (const name of OBJECT_NAMES.filter((one) => !ACCESS[kind].commands.includes(one))) await expect(rig.meter.command(pid, name, 0)).rejects.toMatchObject({ code: 'RIGHT_MISSING' })
    for (const name of ACCESS[kind].commands) for (const value of [-1, 1e9, 0.5]) await expect(rig.meter.command(pid, name, value)).rejects.toMatchObject({ code: 'BODY_INVALID' })
    if (!ACCESS[kind].frames) await expect(rig.meter.sendFrame(pid, Buffer.of(1))).rejects.toMatchObject({ code: 'RIGHT_MISSING' })
    await rig.carry(device, await device.bye())
    await expect(rig.meter.command(pid, 'breakerSwitch', 0)).rejects.toMatchObject({ code: 'SESSION_UNKNOWN' })
  })
})

it('A21 a handheld brings labels of breakers and sensors, and nothing else', async () => {
  const rig = await startRig({ engine })
  const { device, belonging } = await knownDevice(rig, 'handheld')
  const say = await hostile(rig, engine, device, belonging)
  const bring = async (kind: Kind, shownBy: 'meter' | 'device', id: Buffer): Promise<number | undefined> =>
    resultOf(await say(writeUp({ service: 'pairing-code', id: 1, code: encodePairingCode({ kind, shownBy, id, secret: Buffer.alloc(16, 3), fingerprint: Buffer.alloc(16) }) })))
  expect([await bring('breaker', 'device', Buffer.alloc(8, 1)), await bring('phone', 'device', Buffer.alloc(8, 1)), await bring('breaker', 'meter', MID), await bring('handheld', 'device', Buffer.alloc(8))])
    .toEqual([RESULT.done, RESULT.refused, RESULT.refused, RESULT.refused])
})

// Mutation seen failing: Book.enter taking flagged values for good.
it('A19 false data of an authentic pile moves nothing, is kept for people to see, and brings quarantine', async () => {
  const rig = await startRig({ engine, ownWatts: () => 3_000 })
  const { device, belonging } = await knownDevice(rig, 'charging-pile')
  const say = await hostile(rig, engine, device, belonging)
  const report = (values: Partial<Record<keyof typeof OBJECTS, number>>) => {
    rig.clock.advance(1_000)
    return say(writeUp({ service: 'report', id: 1, at: Math.floor(rig.clock.now() / 1000), items: Object.entries(values).map(([name, value]) => ({ object: OBJECTS[name as 'pilePower'].code, value })) }))
  }
  await report({ pileState: 2, pilePower: 2_900, pileEnergy: 100 })
  await report({ pileState: 2, pilePower: 50_000 })
  await report({ pileEnergy: 90 })
  expect(rig.meter.peers()).toMatchObject([{ accepted: 4, flagged: 2, quarantined: false, values: [{ object: 'pileState' }, { object: 'pilePower', value: 2_900 }, { object: 'pileEnergy', value: 100 }], suspect: [{ flags: ['above-meter'] }, { flags: ['fell'] }] }])
  for (let i = 0; i < 8; i++) await report({ pilePower: 50_000 })
  await report({ pilePower: 1_000 })
  expect(rig.events.filter((event) => event.kind === 'quarantined')).toHaveLength(1)
  expect(rig.meter.peers()).toMatchObject([{ accepted: 4, quarantined: true }])
  rig.meter.release(pidText(device))
  await report({ pilePower: 1_000 })
  expect(rig.meter.peers()).toMatchObject([{ accepted: 5, quarantined: false }])
})

describe('A22 delayed command', () => {
  // Mutation seen failing: `late` always false at the device.
  it('a trip that was held back is not carried out', async () => {
    const rig = await startRig({ engine })
    const { device } = await knownDevice(rig, 'breaker')
    const { message } = await rig.meter.command(pidText(device), 'breakerSwitch', 0)
    rig.clock.advance(31_000)
    await rig.carry(device, await device.receive(message))
    expect(device.events.filter(({ kind }) => kind === 'commanded')).toEqual([])
    expect(rig.events.at(-1)).toMatchObject({ kind: 'result', result: RESULT.refused })
  })
  // Mutation seen failing: MAX_ROUND_TRIP_MS of an hour.
  it('nor does holding back the clock first help', async () => {
    const rig = await startRig({ engine })
    const { device } = await knownDevice(rig, 'breaker')
    const answer = (await rig.meter.receive('bluetooth', await device.sync())) ?? Buffer.alloc(0)
    const { message } = await rig.meter.command(pidText(device), 'breakerSwitch', 0)
    rig.clock.advance(60_000)
    await device.receive(answer)
    await device.receive(message)
    expect(device.events.filter(({ kind }) => kind === 'commanded')).toEqual([])
  })
  it('a device that never heard the time obeys nothing and reports nothing', async () => {
    const rig = await startRig({ engine })
    const { device } = await knownDevice(rig, 'breaker')
    const auth = await device.receive((await rig.meter.receive('bluetooth', device.hello())) ?? Buffer.alloc(0))
    device.powerLoss()
    expect(device.now()).toBeUndefined()
    expect(await device.receive((await rig.meter.receive('bluetooth', auth ?? Buffer.alloc(0))) ?? Buffer.alloc(0))).toBeUndefined()
    const confirm = await device.receive((await rig.meter.receive('bluetooth', (await device.receive((await rig.meter.receive('bluetooth', device.hello())) ?? Buffer.alloc(0))) ?? Buffer.alloc(0))) ?? Buffer.alloc(0))
    await rig.meter.receive('bluetooth', confirm ?? Buffer.alloc(0))
    await device.receive((await rig.meter.command(pidText(device), 'breakerSwitch', 0)).message)
    expect(device.events.filter(({ kind }) => kind === 'commanded')).toEqual([])
    await expect(device.report([{ object: 'breakerState', value: 1 }])).rejects.toMatchObject({ code: 'STATE_CONFLICT' })
  })
})

// Mutation seen failing: the device taking the body of a record for its content.
it('A26 forged refusal: nothing without a MAC is an answer', async () => {
  const rig = await startRig({ engine })
  const { device } = await knownDevice(rig, 'breaker')
  const { suite } = { suite: undefined as never }
  for (const type of ['challenge', 'accept', 'pairAnswer', 'recordDown'] as const) await device.receive(messageOf({ kind: 'breaker', pid: device.pid, mid: MID, suite }, type, Buffer.of(0x81, 0, 0, 0, 9, 2)))
  expect([device.state, device.events.flatMap((event) => (event.kind === 'answered' ? [event.re] : []))]).toEqual(['connected', [1]])
  await rig.meter.receive('bluetooth', messageOf({ kind: 'breaker', pid: device.pid, mid: MID, suite }, 'recordUp', Buffer.of(3, 0, 0, 0, 1, 2)))
  expect(rig.events.filter(({ kind }) => kind === 'result')).toEqual([])
})
