import { CONTROL, encodeApdu, epochToDateTimeS, tsaOf } from '@zhuzhan/dlt698'
import type { Apdu, Data, LinkAddress } from '@zhuzhan/dlt698'
import { FACTORY } from './association.js'
import { fleetRegistry } from '../run/registry.js'
import { memoryState } from '../run/state-journal.js'
import { startRig } from '../testing/rig.js'

const T1 = '000100000001'
const M1 = '200000001001'
const registry = fleetRegistry({ terminals: 1, meters: 2, profile: 'plain' })
const quiet = { reportSeconds: 0 }
const piid = { number: 5, priority: false, acd: false }
const get = (oad: string): Apdu => ({ apdu: 'get-request', choice: 'normal', piid, oad })
const TRIP: Data = { type: 'array', items: [{ type: 'structure', items: [
  { type: 'oad', oad: 'F2050201' }, { type: 'unsigned', value: 0 }, { type: 'long-unsigned', value: 0 }, { type: 'bool', value: false },
] }] }
const tripMeter: Apdu = { apdu: 'proxy-request', choice: 'action-list', piid, timeout: 10, targets: [{ tsa: tsaOf(M1), timeout: 0, actions: [{ omd: '80008100', parameter: TRIP }] }] }

describe('link', () => {
  it('logs in, keeps its heartbeat, says goodbye', async () => {
    const { station, fleet, pass } = await startRig({ registry, settings: { ...quiet, heartbeatSeconds: 30 } })
    expect(station.links(T1)).toEqual(['login'])
    await pass(120_000)
    expect(station.links(T1).filter((k) => k === 'heartbeat').length).toBeGreaterThanOrEqual(3)
    await fleet.stop()
    expect(station.links(T1).at(-1)).toBe('logout')
  })

  it('comes back with growing pauses while it is refused, and stays once it is taken', async () => {
    const { station, fleet, pass } = await startRig({ registry, settings: { ...quiet, instant: false }, before: (s) => { s.linkResult = 2 } })
    await pass(30_000)
    expect(station.connections).toBeGreaterThan(3)
    expect(station.connections).toBeLessThan(10)
    station.linkResult = 0
    await pass(60_000)
    const after = station.connections
    expect(fleet.counts.logins).toBe(1)
    await pass(60_000)
    expect(station.connections).toBe(after)
  })

  it('a station that does not answer heartbeats is left, a closed connection is replaced', async () => {
    const { station, fleet, pass } = await startRig({ registry, settings: { ...quiet, heartbeatSeconds: 10 } })
    station.linkResult = undefined
    await pass(45_000)
    expect(station.connections).toBeGreaterThan(1)
    station.linkResult = 0
    await pass(20_000)
    const logins = fleet.counts.logins
    station.hangUp()
    await pass(5_000)
    expect(fleet.counts.logins).toBe(logins + 1)
  })

  it('answers nothing before the login is accepted', async () => {
    const { station, pass } = await startRig({ registry, settings: quiet, before: (s) => { s.linkResult = undefined } })
    station.sendApdu(T1, get('40010200'))
    await pass(1_000)
    expect(station.answers(T1)).toEqual([])
  })
})

describe('requests to a plain terminal', () => {
  it('are answered with the same PIID, to the same client', async () => {
    const { station, pass } = await startRig({ registry, settings: quiet })
    station.sendApdu(T1, get('40010200'))
    await pass(50)
    expect(station.answers(T1)).toMatchObject([{ apdu: 'get-response', piid, result: { data: { hex: T1 } } }])
  })

  it('what does not parse gets ERROR 1, an unknown service ERROR 2, protection DAR 20', async () => {
    const { station, pass } = await startRig({ registry, settings: quiet })
    station.send(T1, Buffer.from('0501', 'hex'))
    station.sendApdu(T1, { apdu: 'get-request', choice: 'md5', piid, oad: '40010200' })
    station.sendApdu(T1, { apdu: 'security-request', form: 'plain', content: encodeApdu(get('40010200')), verification: { kind: 'rn', rn: Buffer.alloc(16) } })
    await pass(50)
    const answers = station.answers(T1)
    expect(answers).toHaveLength(3)
    for (const wanted of [{ apdu: 'error-response', type: 1 }, { apdu: 'error-response', type: 2 }, { form: 'dar', dar: 20 }]) {
      expect(answers).toContainEqual(expect.objectContaining(wanted))
    }
  })

  it('CONNECT agrees on the smaller sizes and they are kept: smaller frames, smaller blocks', async () => {
    const { station, pass } = await startRig({ registry, settings: quiet })
    const header = { version: 0x16, protocolConformance: 'FFFFFFFFC0000000', functionConformance: 'FFFEC400000000000000000000000000', sendSize: 200, receiveSize: 200, window: 1, apduSize: 400, timeoutSeconds: 60 }
    station.sendApdu(T1, { apdu: 'connect-request', piid, header, mechanism: { kind: 'null' } })
    await pass(50)
    expect(station.answers(T1)).toMatchObject([{ apdu: 'connect-response', result: 0, factory: FACTORY, header: { receiveSize: 200, apduSize: 400, timeoutSeconds: 60 } }])
    station.sendApdu(T1, { apdu: 'get-request', choice: 'normal-list', piid, oads: Array.from({ length: 30 }, () => '00100200') })
    await pass(50)
    expect(station.answers(T1)[1]).toMatchObject({ choice: 'next', last: false, block: 1 })
    expect(Math.max(...station.raw.map((b) => b.length))).toBeLessThanOrEqual(202)
  })

  it('a large answer is cut into segments and joins', async () => {
    const { station, pass } = await startRig({ registry, settings: { ...quiet, frameSize: 128, apduSize: 4096 } })
    station.sendApdu(T1, { apdu: 'get-request', choice: 'normal-list', piid, oads: Array.from({ length: 60 }, () => '00100200') })
    await pass(500)
    expect(station.answers(T1)).toHaveLength(1)
    expect((station.answers(T1)[0] as { results: unknown[] }).results).toHaveLength(60)
  })

  it.each([
    ['another device', { type: 'single', logical: 0, server: '999999999999', client: 0 }, 0],
    ['a wildcard that fits', { type: 'wildcard', logical: 0, server: '0001AAAAAAAA', client: 16 }, 1],
    ['a wildcard that does not', { type: 'wildcard', logical: 0, server: '0002AAAAAAAA', client: 16 }, 0],
    ['a group', { type: 'group', logical: 0, server: T1, client: 0 }, 0],
    ['everybody', { type: 'broadcast', logical: 0, server: 'AA', client: 0 }, 0],
  ] as [string, LinkAddress, number][])('to %s: %o gets %i answers', async (_, address, answers) => {
    const { station, pass } = await startRig({ registry, settings: quiet })
    station.send(T1, encodeApdu(get('40010200')), CONTROL.clientRequest, address)
    await pass(50)
    expect(station.answers(T1)).toHaveLength(answers)
  })

  it('a broadcast of the time is obeyed without an answer', async () => {
    const { station, fleet, pass, now } = await startRig({ registry, settings: quiet })
    fleet.device(T1)!.skew = 30_000
    const parameter: Data = { type: 'date-time-s', value: epochToDateTimeS(now(), 480) }
    station.send(T1, encodeApdu({ apdu: 'action-request', choice: 'normal', piid, omd: '40007F00', parameter }), CONTROL.clientRequest, { type: 'broadcast', logical: 0, server: 'AA', client: 0 })
    await pass(50)
    expect(station.answers(T1)).toHaveLength(0)
    expect(Math.abs(fleet.device(T1)!.skew)).toBeLessThan(1_000)
  })

  it('takes the times of a real line unless told to hurry', async () => {
    const { station, pass } = await startRig({ registry, settings: { ...quiet, instant: false } })
    station.sendApdu(T1, { apdu: 'proxy-request', choice: 'get-list', piid, timeout: 10, targets: [{ tsa: tsaOf(M1), timeout: 0, oads: ['00100200'] }] })
    await pass(5)
    expect(station.answers(T1)).toEqual([])
    await pass(100)
    expect(station.answers(T1)).toHaveLength(1)
  })
})

describe('faults', () => {
  it('silent: nothing is answered, the heartbeat goes on; a silent meter is DAR 33', async () => {
    const { station, fleet, pass } = await startRig({ registry, settings: { ...quiet, heartbeatSeconds: 10 } })
    fleet.faults.set(M1, 'silent', true)
    station.sendApdu(T1, { apdu: 'proxy-request', choice: 'get-list', piid, timeout: 10, targets: [{ tsa: tsaOf(M1), timeout: 0, oads: ['00100200'] }] })
    await pass(100)
    expect(station.answers(T1)).toMatchObject([{ targets: [{ results: [{ dar: 33 }] }] }])
    fleet.faults.set(T1, 'silent', true)
    station.sendApdu(T1, get('40010200'))
    await pass(60_000)
    expect(station.answers(T1)).toHaveLength(1)
    expect(station.links(T1).filter((k) => k === 'heartbeat').length).toBeGreaterThan(3)
    fleet.faults.set(T1, 'silent', false)
    station.sendApdu(T1, get('40010200'))
    await pass(100)
    expect(station.answers(T1)).toHaveLength(2)
  })

  it('slow: the answer comes so much later', async () => {
    const { station, fleet, pass } = await startRig({ registry, settings: quiet })
    fleet.faults.set(T1, 'slow', true, { ms: 3_000 })
    station.sendApdu(T1, get('40010200'))
    await pass(2_900)
    expect(station.answers(T1)).toHaveLength(0)
    await pass(200)
    expect(station.answers(T1)).toHaveLength(1)
  })

  it('an answer of an old connection is not given on a new one', async () => {
    const { station, fleet, pass } = await startRig({ registry, settings: quiet })
    fleet.faults.set(T1, 'slow', true, { ms: 3_000 })
    station.sendApdu(T1, get('40010200'))
    await pass(100)
    station.hangUp()
    await pass(10_000)
    expect(fleet.terminals.get(T1)!.link.ready).toBe(true)
    expect(station.answers(T1)).toHaveLength(0)
  })

  it('clock-off: the clock shows it, and SET of the clock mends it', async () => {
    const { station, fleet, pass, now } = await startRig({ registry, settings: quiet })
    fleet.faults.set(T1, 'clock-off', true, { ms: -7_200_000 })
    expect(fleet.device(T1)!.skew).toBe(-7_200_000)
    station.sendApdu(T1, { apdu: 'set-request', choice: 'normal', piid, oad: '40000200', data: { type: 'date-time-s', value: epochToDateTimeS(now(), 480) } })
    await pass(50)
    expect(Math.abs(fleet.device(T1)!.skew)).toBeLessThan(1_000)
  })

  it('reconnect-storm: in and out until it is over', async () => {
    const { station, fleet, pass } = await startRig({ registry, settings: quiet })
    fleet.faults.set(T1, 'reconnect-storm', true, { ms: 200 })
    await pass(4_000)
    expect(fleet.counts.logins).toBeGreaterThan(10)
    fleet.faults.set(T1, 'reconnect-storm', false)
    await pass(1_000)
    const { connections } = station
    await pass(4_000)
    expect(station.connections).toBe(connections)
  })

  it.each([1, 0])('die-after-receive (acted %i): no answer, gone, back after the time, once', async (acted) => {
    const { station, fleet, pass, now } = await startRig({ registry, settings: quiet })
    fleet.faults.set(T1, 'die-after-receive', true, { seconds: 4, acted })
    station.sendApdu(T1, get('40010200'))
    await pass(50)
    expect(station.answers(T1)).toHaveLength(1)
    station.sendApdu(T1, tripMeter)
    await pass(3_000)
    expect(station.answers(T1)).toHaveLength(1)
    expect(fleet.terminals.get(T1)!.link.state).toBe('waiting')
    expect(fleet.device(M1)!.meter.relay.isOpen(now())).toBe(acted === 1)
    await pass(2_000)
    expect(fleet.terminals.get(T1)!.link.ready).toBe(true)
    station.sendApdu(T1, tripMeter)
    await pass(50)
    expect(station.answers(T1)).toHaveLength(2)
    expect(fleet.device(M1)!.meter.relay.isOpen(now())).toBe(true)
    expect(fleet.counts.deaths).toBe(1)
  })

  it('wrong-mac of a plain terminal: the FCS is wrong, the frame is thrown away', async () => {
    const { station, fleet, pass } = await startRig({ registry, settings: quiet })
    fleet.faults.set(T1, 'wrong-mac', true, { every: 2 })
    for (let i = 0; i < 4; i++) {
      station.sendApdu(T1, get('40010200'))
      await pass(100)
    }
    expect(station.answers(T1)).toHaveLength(2)
    expect(station.rejected).toBeGreaterThan(0)
  })
})

describe('state', () => {
  it('a relay that was tripped is open after a restart', async () => {
    const state = memoryState()
    const first = await startRig({ registry, settings: quiet, state })
    first.station.sendApdu(T1, tripMeter)
    await first.pass(50)
    expect(first.station.answers(T1)).toMatchObject([{ targets: [{ results: [{ dar: 0 }] }] }])
    await first.fleet.stop()
    const second = await startRig({ registry, settings: quiet, state })
    expect(second.fleet.device(M1)!.meter.relay.intervals).toHaveLength(1)
    expect(second.fleet.device(M1)!.meter.relay.isOpen(first.now())).toBe(true)
  })
})
