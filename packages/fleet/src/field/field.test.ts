import type { PeerView } from '@zhuzhan/field-sessions'
import { VERBS } from '../control/verbs.js'
import { fleetRegistry } from '../run/registry.js'
import { startRig } from '../testing/rig.js'
import type { Rig } from '../testing/rig.js'
import { createBoundary } from './boundary.js'
import { wattsOf } from './things.js'

const M1 = '200000001001'
const registry = fleetRegistry({ terminals: 1, meters: 2, profile: 'plain' })
const running: Rig[] = []
afterEach(async () => {
  for (const rig of running.splice(0)) await rig.fleet.stop()
})

async function start(settings: object): Promise<Rig> {
  const rig = await startRig({ registry, settings: { reportSeconds: 0, fieldSeconds: 30, ...settings } })
  running.push(rig)
  return rig
}
/** Time passes and SM2 gets its real time, until it holds. */
async function until(rig: Rig, holds: () => boolean, mostMs = 600_000, step = 1_000): Promise<void> {
  for (let passed = 0; !holds(); passed += step) {
    if (passed > mostMs) throw new Error(`waited in vain: ${JSON.stringify(rig.fleet.counts)}`)
    await rig.pass(step)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
const peers = (rig: Rig, address = M1): PeerView[] => rig.fleet.device(address)?.field?.peers() ?? []
const peer = (rig: Rig, kind: string): PeerView => {
  const found = peers(rig).find((one) => one.kind === kind)
  if (!found) throw new Error(`no ${kind}`)
  return found
}

describe('devices at the boundaries of virtual meters', () => {
  it('are not there unless asked for', async () => {
    const rig = await start({})
    await rig.pass(60_000)
    expect([rig.fleet.field.meters.size, rig.fleet.counts.fieldMessages, rig.fleet.device(M1)?.field]).toEqual([0, 0, undefined])
  })

  it('pair or are enrolled, open sessions, and what they say stands in the meter and in the counters', async () => {
    const rig = await start({ fieldDevices: 7 })
    await until(rig, () => rig.fleet.counts.fieldSessions === 7)
    await until(rig, () => peers(rig).filter(({ values }) => values.length > 0).length === 4)
    expect(peers(rig).map(({ kind, session, substituted }) => [kind, session, substituted]).sort()).toEqual(
      [['appliance', true, false], ['breaker', true, false], ['charging-pile', true, false], ['phone', true, false], ['sensor', true, false]])
    expect(peers(rig, '200000001002')).toHaveLength(2)
    const { counts } = rig.fleet
    expect(counts).toMatchObject({ fieldPairings: 4, fieldSessions: 7, fieldSubstituted: 0, fieldFlagged: 0, fieldFiltered: 0, fieldRefused: 0 })
    expect(counts.fieldAccepted).toBe([...peers(rig), ...peers(rig, '200000001002')].reduce((sum, { accepted }) => sum + accepted, 0))
    // What a pile says fits what its meter measures.
    const power = peer(rig, 'charging-pile').values.find(({ object }) => object === 'pilePower')
    expect(power?.value).toBeLessThanOrEqual(wattsOf(rig.fleet.device(M1)!, power!.at * 1000) * 1.1 + 200)
  })

  it('go on through the ends of their sessions without a flag', async () => {
    const rig = await start({ fieldDevices: 5, fieldSeconds: 300 })
    await until(rig, () => rig.fleet.counts.fieldSessions === 5)
    // A device leaves its session of an hour a tenth earlier.
    await until(rig, () => rig.fleet.counts.fieldSessions >= 10, 90 * 60_000, 5_000)
    expect(rig.fleet.counts).toMatchObject({ fieldPairings: 3, fieldFlagged: 0, fieldFiltered: 0 })
    expect(peers(rig).every(({ session }) => session)).toBe(true)
    expect(rig.fleet.counts.fieldAccepted).toBeGreaterThan(100)
  }, 60_000)

  it('a meter commands its breaker and its pile, and the next report shows it', async () => {
    const rig = await start({ fieldDevices: 5 })
    await until(rig, () => rig.fleet.counts.fieldSessions === 5 && peer(rig, 'breaker').values.length > 0 && peer(rig, 'charging-pile').values.length > 0)
    const state = (kind: string, object: string) => peer(rig, kind).values.find((one) => one.object === object)?.value
    expect(state('breaker', 'breakerState')).toBe(1)
    await VERBS['field-command']!.run(rig.fleet, { address: M1, pid: peer(rig, 'breaker').pid, object: 'breakerSwitch', value: 0 })
    await VERBS['field-command']!.run(rig.fleet, { address: M1, pid: peer(rig, 'charging-pile').pid, object: 'pileLimit', value: 10 })
    await until(rig, () => state('breaker', 'breakerState') === 0 && state('charging-pile', 'pilePower') === 0)
    expect(state('breaker', 'breakerCurrent')).toBe(0)
    await expect(rig.fleet.field.command(M1, peer(rig, 'phone').pid, 'breakerSwitch', 0)).rejects.toMatchObject({ code: 'RIGHT_MISSING' })
    await expect(rig.fleet.field.command(M1, '00', 'breakerSwitch', 0)).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })

  it('lies are flagged and do not count, liars come into quarantine until somebody looks', async () => {
    const rig = await start({ fieldDevices: 5 })
    await until(rig, () => rig.fleet.counts.fieldSessions === 5 && peer(rig, 'sensor').values.length > 0)
    const truth = peer(rig, 'sensor').values
    rig.fleet.faults.set(M1, 'field-lies', true)
    await until(rig, () => peer(rig, 'sensor').quarantined)
    expect(peer(rig, 'sensor').values.find(({ object }) => object === 'temperature')).toEqual(truth.find(({ object }) => object === 'temperature'))
    expect(peer(rig, 'sensor').suspect.at(-1)?.flags.length).toBeGreaterThan(0)
    rig.fleet.faults.set(M1, 'field-lies', false)
    const before = peer(rig, 'sensor').accepted
    await rig.pass(120_000)
    expect(peer(rig, 'sensor').accepted).toBe(before)
    VERBS['field-release']!.run(rig.fleet, { address: M1, pid: peer(rig, 'sensor').pid })
    await until(rig, () => peer(rig, 'sensor').accepted > before)
  })

  it('what is said a second time by somebody else is refused and seen', async () => {
    const rig = await start({ fieldDevices: 5 })
    await until(rig, () => rig.fleet.counts.fieldSessions === 5)
    rig.fleet.faults.set(M1, 'field-replay', true)
    const { fieldAccepted, fieldRefused } = rig.fleet.counts
    await until(rig, () => rig.fleet.counts.fieldAccepted >= fieldAccepted + 20)
    expect(rig.fleet.counts.fieldRefused).toBeGreaterThan(fieldRefused + 5)
    expect(rig.fleet.counts.fieldFlagged).toBe(0)
    expect(rig.fleet.counts.fieldSessions).toBe(5)
  })

  it('a laboratory has handhelds, and each of their sessions is marked', async () => {
    const rig = await start({ fieldDevices: 6, labSubstitution: ['SM1'] })
    await until(rig, () => rig.fleet.counts.fieldSessions === 6)
    expect(rig.fleet.counts.fieldSubstituted).toBe(1)
    expect(peers(rig).filter(({ substituted }) => substituted).map(({ kind }) => kind)).toEqual(['handheld'])
  })

  it('the control port shows them', async () => {
    const rig = await start({ fieldDevices: 2 })
    await until(rig, () => rig.fleet.counts.fieldSessions === 2)
    expect(VERBS['field']!.run(rig.fleet, {})).toEqual({ meters: [M1] })
    const shown = VERBS['field']!.run(rig.fleet, { address: M1 }) as { address: string; devices: PeerView[] }
    expect(shown.address).toBe(M1)
    // They pair beside each other: who is done first stands first.
    expect(shown.devices.map(({ kind, session }) => [kind, session]).sort()).toEqual([['breaker', true], ['charging-pile', true]])
    expect(VERBS['field']!.run(rig.fleet, { address: '200000001002' })).toMatchObject({ devices: [] })
  })
})

it('a boundary carries copies of bytes, later, and nothing else', async () => {
  const seen: Buffer[] = []
  const boundary = createBoundary((bytes, from) => (from === 'device' && bytes[0] === 9 ? [] : [bytes]))
  boundary.meter.onBytes((bytes) => seen.push(bytes))
  const sent = Buffer.of(1, 2)
  boundary.device.send(sent)
  boundary.device.send(Buffer.of(9))
  sent.fill(0)
  expect(seen).toEqual([])
  await new Promise((resolve) => setImmediate(resolve))
  expect(seen).toEqual([Buffer.of(1, 2)])
})
