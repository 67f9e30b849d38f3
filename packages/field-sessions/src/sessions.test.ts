import { createEngine } from '@zhuzhan/gm-crypto'
import { KINDS } from './kinds.js'
import type { Kind } from './kinds.js'
import { encodePairingCode } from './pairing-code.js'
import { MID, pidText, startRig } from './testing/rig.js'
import type { Rig, RigDevice } from './testing/rig.js'
import { standInChip } from './testing/stand-in-chip.js'

const engine = createEngine('openssl')
afterAll(() => engine.close())
const kinds = Object.keys(KINDS) as Kind[]
const kindsOf = (rig: Rig) => rig.events.map(({ kind }) => kind)
const answers = (device: RigDevice) => device.events.filter((event) => event.kind === 'answered')

describe.each(kinds)('%s', (kind) => {
  it('gets to know its meter, opens a session and says goodbye', async () => {
    const rig = await startRig({ engine })
    const device = await rig.device(kind)
    await rig.connect(device)
    expect(device.state).toBe('connected')
    expect(kindsOf(rig)).toEqual([...(KINDS[kind].boundary === 'bluetooth' ? ['paired'] : []), 'connected', 'established'])
    // The first answer brought the meter's clock.
    expect(device.now()).toBe(Math.floor(rig.clock.now() / 1000))
    expect(rig.meter.peers()).toMatchObject([{ pid: pidText(device), kind, session: true, substituted: kind === 'handheld' }])
    await rig.carry(device, await device.bye())
    expect(rig.meter.peers()).toMatchObject([{ session: false }])
    expect(device.state).toBe('idle')
  })

  it('comes back under the same pairing, also after a power loss of either side', async () => {
    const rig = await startRig({ engine })
    const device = await rig.device(kind)
    await rig.connect(device)
    for (const away of [async () => device.powerLoss(), () => rig.restart()]) {
      await away()
      await rig.carry(device, device.hello())
      expect(device.state).toBe('connected')
    }
    expect(kindsOf(rig).filter((one) => one === 'paired').length).toBeLessThan(2)
  })
})

it('reports count, reads are answered, commands are carried out', async () => {
  const rig = await startRig({ engine })
  const [pile, phone, breaker] = [await rig.device('charging-pile'), await rig.device('phone'), await rig.device('breaker')]
  for (const device of [pile, phone, breaker]) await rig.connect(device)

  await rig.carry(pile, await pile.report([{ object: 'pileState', value: 2 }, { object: 'pilePower', value: 7000 }, { object: 'pileEnergy', value: 55 }]))
  expect(rig.meter.peers().find(({ kind }) => kind === 'charging-pile')).toMatchObject({ accepted: 3, flagged: 0, filtered: 0, values: [{ object: 'pileState', value: 2 }, { object: 'pilePower', value: 7000 }, { object: 'pileEnergy', value: 55 }] })
  expect(answers(pile).at(-1)).toMatchObject({ result: 0 })

  await rig.carry(phone, await phone.read(['forwardEnergy', 'voltage']))
  expect(answers(phone).at(-1)).toMatchObject({ result: 0, items: [{ object: 0x0601, value: 1234 }] })

  const { id, message } = await rig.meter.command(pidText(breaker), 'breakerSwitch', 0)
  await rig.carry(breaker, await breaker.receive(message))
  expect(breaker.events.at(-1)).toEqual({ kind: 'commanded', object: 'breakerSwitch', value: 0, result: 0 })
  expect(rig.events.at(-1)).toEqual({ kind: 'result', peer: 'breaker', pid: pidText(breaker), re: id, result: 0 })
})

it('a device that cannot obey says so', async () => {
  const rig = await startRig({ engine })
  const breaker = await rig.device('breaker', { act: () => false })
  await rig.connect(breaker)
  await rig.carry(breaker, await breaker.receive((await rig.meter.command(pidText(breaker), 'breakerSwitch', 0)).message))
  expect(rig.events.at(-1)).toMatchObject({ kind: 'result', result: 3 })
})

it('a modular terminal carries frames both ways', async () => {
  const frames: Buffer[] = []
  const rig = await startRig({ engine, onFrame: async (_pid, frame) => Buffer.concat([Buffer.of(0xaa), (frames.push(frame), frame)]) })
  const terminal = await rig.device('modular-terminal')
  await rig.connect(terminal)
  await rig.carry(terminal, await terminal.sendFrame(Buffer.alloc(2_000, 0x68)))
  expect(frames).toEqual([Buffer.alloc(2_000, 0x68)])
  expect(terminal.events.at(-1)).toEqual({ kind: 'frame', frame: Buffer.concat([Buffer.of(0xaa), Buffer.alloc(2_000, 0x68)]) })
  await terminal.receive(await rig.meter.sendFrame(pidText(terminal), Buffer.of(1)))
  expect(terminal.events.at(-1)).toEqual({ kind: 'frame', frame: Buffer.of(1) })
})

it('a handheld brings the label of a breaker, which then pairs', async () => {
  const rig = await startRig({ engine })
  const [handheld, breaker] = [await rig.device('handheld'), await rig.device('breaker')]
  await rig.connect(handheld)
  const label = { kind: 'breaker', shownBy: 'device', id: breaker.pid, secret: Buffer.alloc(16, 7), fingerprint: Buffer.alloc(16) } as const
  await rig.carry(handheld, await handheld.sendPairingCode(encodePairingCode(label)))
  expect(answers(handheld).at(-1)).toMatchObject({ result: 0 })
  await rig.carry(breaker, await breaker.pair(label, MID))
  await rig.carry(breaker, breaker.hello())
  expect(breaker.state).toBe('connected')
})

describe('with a chip for SM1', () => {
  it('a handheld runs on it, in production, unsubstituted, and no session leaves keys behind', async () => {
    const chip = standInChip()
    const rig = await startRig({ engine, chip })
    const handheld = await rig.device('handheld')
    const before = chip.alive
    await rig.connect(handheld)
    expect(rig.meter.peers()).toMatchObject([{ session: true, substituted: false }])
    await rig.carry(handheld, await handheld.read(['forwardEnergy']))
    expect(answers(handheld).at(-1)).toMatchObject({ items: [{ value: 1234 }] })
    await rig.carry(handheld, await handheld.bye())
    // What is left is the rig's own: the device key it handed to the meter.
    expect(chip.alive - before).toBe(1)
  })
})
