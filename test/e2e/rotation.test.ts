import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { connectCryptoMachine } from '@zhuzhan/crypto-client'
import type { CryptoMachineClient } from '@zhuzhan/crypto-client'
import { outcomeValue } from '@zhuzhan/contracts'
import type { MachineEvent } from '@zhuzhan/contracts'
import { createFleet, fleetRegistry, keysByAddress, memoryState, tcpDial } from '@zhuzhan/fleet'
import type { Fleet } from '@zhuzhan/fleet'
import { CONTROL, decodeApdu, encodeApdu, encodeConnectHeader } from '@zhuzhan/dlt698'
import type { ConnectHeader } from '@zhuzhan/dlt698'
import { createLogger } from '@zhuzhan/service-kit'
import { startStation } from '@zhuzhan/testing'
import type { TestStation } from '@zhuzhan/testing'
import { lossyLine } from './lossy-line.js'
import type { LossyLine } from './lossy-line.js'
import { until } from './wait.js'

/**
 * Rotation drill: 200 devices with sessions of their own get new keys while their line loses frames at every step of a change and
 * the crypto machine is killed twice. Nobody does anything but ask for it once. OSP-1 §7.8, attack "split key update" of §8.
 */

const TERMINALS = 8
const METERS = 24
const REGISTRY = [
  ...fleetRegistry({ terminals: TERMINALS / 2, meters: METERS, profile: 'sm-s', firstAddress: 500_000_001 }),
  ...fleetRegistry({ terminals: TERMINALS / 2, meters: METERS, profile: 'sm-f', firstAddress: 500_000_101 }),
]
/** Every fourth meter is of mode F. */
const modeOf = (address: string): 'S' | 'F' => (Number(address) % 4 === 0 ? 'F' : 'S')
const DEVICES = REGISTRY.flatMap(({ address, profile, meters }) => [
  { address, terminal: address, mode: profile === 'sm-f' ? ('F' as const) : ('S' as const) },
  ...meters.map((meter) => ({ address: meter, terminal: address, mode: modeOf(meter) })),
])
const OFFER: ConnectHeader = {
  version: 0x16, protocolConformance: 'FFFFFFFFC0000000', functionConformance: 'FFFEC400000000000000000000000000', sendSize: 1024, receiveSize: 2048, window: 1, apduSize: 8192, timeoutSeconds: 7200,
}
const PIID = { number: 1, priority: false, acd: false }

/** What happens to a device once, at which moment of its own change. */
type Injury = 'stage request lost' | 'stage answer lost' | 'cut after stage' | 'commit request lost' | 'commit answer lost' | 'cut after commit' | 'none'
const INJURIES: readonly Injury[] = ['none', 'stage answer lost', 'commit request lost', 'commit answer lost', 'cut after stage', 'cut after commit', 'stage request lost', 'none']
const injuryOf = (index: number): Injury => INJURIES[index % INJURIES.length] as Injury

interface StoredState { active?: { keyVersion: number }; pending?: { keyVersion: number } }

describe('a rotation of keys under fire', () => {
  let station: TestStation
  let fleet: Fleet
  let line: LossyLine
  let machine: CryptoMachineClient
  const injured = new Map<Injury, number>()

  /** Watches what each device stores, and hurts its line at that moment. */
  function hurtingState() {
    const inner = memoryState()
    const before = new Map<string, StoredState>()
    const hurt = new Set<string>()
    return {
      ...inner,
      put: async (key: string, value: unknown): Promise<void> => {
        await inner.put(key, value)
        const at = DEVICES.findIndex(({ address }) => key === `osp1/${address}`)
        const device = DEVICES[at]
        if (!device) return
        const [was, now] = [before.get(key) ?? {}, value as StoredState]
        before.set(key, structuredClone(now))
        const staged = now.pending !== undefined && was.pending === undefined
        const committed = now.active !== undefined && now.active.keyVersion !== was.active?.keyVersion
        const injury = injuryOf(at)
        const due = injury.includes('stage request') ? false : injury.includes('stage') || injury === 'commit request lost' ? staged : committed
        if (!due || injury === 'none' || hurt.has(key)) return
        hurt.add(key)
        injured.set(injury, (injured.get(injury) ?? 0) + 1)
        if (injury.startsWith('cut')) line.cut(device.terminal)
        else if (injury === 'commit request lost') setTimeout(() => line.drop(device.terminal, 'to-device'), 5)
        else line.drop(device.terminal, 'to-station')
      },
    }
  }

  beforeAll(async () => {
    station = await startStation({ ZHUZHAN_REQUEST_SECONDS: '2', ZHUZHAN_PROXY_SECONDS: '1', ZHUZHAN_API_REQUESTS_PER_MINUTE: '100000' })
    const csv = (header: string, rows: string[]): string => [header, ...rows, ''].join('\n')
    const imported = async (what: string, text: string): Promise<void> => {
      const { status, body } = await station.rest.call('POST', `/api/v1/${what}/import`, text)
      expect({ status, refused: body.refused }).toEqual({ status: 200, refused: 0 })
    }
    await imported('terminals', csv('address,securityProfile,mode', DEVICES.filter((one) => one.address === one.terminal).map(({ address, mode }) => `${address},sm,${mode}`)))
    await imported('meters', csv('address,terminal,securityProfile,mode', DEVICES.filter((one) => one.address !== one.terminal).map(({ address, terminal, mode }) => `${address},${terminal},sm,${mode}`)))
    const { cryptoUrl, cryptoSecret } = JSON.parse(readFileSync(join(station.dataDir, 'run/supervisor.json'), 'utf8')) as { cryptoUrl: string; cryptoSecret: string }
    machine = await connectCryptoMachine({ url: cryptoUrl, secret: cryptoSecret, identity: 'drill', log: createLogger({ service: 'drill', level: 'silent' }) })
    const keys = (await machine.issueKeys(DEVICES.map(({ address, mode }) => ({ address, mode })))).map((outcome) => outcomeValue<'issueKeys'>(outcome))
    const [host, port] = station.endpoints().gateway4g.split(':') as [string, string]
    line = lossyLine(tcpDial({ host, port: Number(port) }))
    fleet = await createFleet({ registry: REGISTRY, keys: keysByAddress(keys), dial: line.dial, state: hurtingState(), settings: { instant: true, reportSeconds: 5, heartbeatSeconds: 60 } })
    fleet.start()
    await until('sessions of all terminals', 60, async () => [...fleet.terminals.values()].every(({ protection }) => protection.sessions > 0) || undefined)
  }, 240_000)
  afterAll(async () => {
    await machine?.stop()
    await fleet?.stop()
    await station?.stop()
  }, 60_000)

  const protectionOf = ({ address, terminal }: { address: string; terminal: string }) => {
    const by = fleet.terminals.get(terminal)
    const found = address === terminal ? by?.protection : by?.meterSessions.get(address)
    if (!found) throw new Error(`no virtual device ${address}`)
    return found
  }
  const versions = (): number[] => DEVICES.map((device) => protectionOf(device).keys()?.keyVersion ?? 0)

  test('brings all 200 devices to the new keys, through every cut', async () => {
    const startedAt = performance.now()
    const { administrators } = JSON.parse(readFileSync(join(station.dataDir, 'administrators.json'), 'utf8')) as { administrators: { person: string; password: string }[] }
    const signers = administrators.map(({ person, password }) => ({ person, password }))
    // Half right is refused whole, and leaves nothing behind.
    const wrong = await station.rest.call('POST', '/api/v1/keys/rotations', { all: true, signers: [signers[0], { ...signers[1], password: 'not the password' }] })
    expect(wrong).toMatchObject({ status: 409, body: { code: 'ORDER_REFUSED' } })
    // Before anything is sent to some devices, their line loses what comes.
    for (const [at, { terminal }] of DEVICES.entries()) if (injuryOf(at) === 'stage request lost' && at % 16 === 6) {
      line.drop(terminal, 'to-device')
      injured.set('stage request lost', (injured.get('stage request lost') ?? 0) + 1)
    }
    const asked = await station.rest.call('POST', '/api/v1/keys/rotations', { all: true, reason: 'rotation drill', signers })
    expect(asked).toMatchObject({ status: 201, body: { devices: DEVICES.length, keyVersion: 2, skipped: [] } })
    const { id } = asked.body as { id: string }

    // kill -9 of the machine, twice, while changes are under way.
    for (const share of [0.15, 0.5]) {
      await until(`${share * 100} % of the devices`, 120, async () => versions().filter((version) => version === 2).length > DEVICES.length * share || undefined)
      await station.restarted('crypto-machine', station.signal('crypto-machine', 'SIGKILL'))
    }
    const done = await until('the end of the rotation', 170, async () => {
      const { status, body } = await station.rest.call('GET', `/api/v1/keys/rotations/${id}?limit=1`)
      if (status !== 200) return undefined
      if (body.state !== 'done') throw new Error(JSON.stringify({ ...body, items: undefined, orders: undefined, now: [line.dropped, Object.fromEntries(injured)] }))
      return body
    })
    expect(done.progress).toMatchObject({ done: DEVICES.length })
    const seconds = (performance.now() - startedAt) / 1000
    process.stderr.write(`rotation drill: ${DEVICES.length} devices in ${seconds.toFixed(1)} s; injuries ${JSON.stringify(Object.fromEntries(injured))}, lost ${JSON.stringify(line.dropped)}\n`)
    expect([...injured.keys()].sort()).toEqual([...new Set(INJURIES.filter((one) => one !== 'none'))].sort())
  }, 240_000)

  test('no device holds a pending set, and none the old keys', () => {
    expect(DEVICES.map((device) => protectionOf(device).keys()).filter((keys) => keys?.keyVersion !== 2 || keys.pending !== undefined)).toEqual([])
  })

  test('reports are still opened and confirmed', async () => {
    const before = new Map([...fleet.terminals.values()].map((terminal) => [terminal.address, terminal.reports.acknowledged]))
    await until('a confirmed report of every terminal', 60, async () => [...fleet.terminals.values()].every((terminal) => terminal.reports.acknowledged > (before.get(terminal.address) ?? 0)) || undefined)
  }, 70_000)

  test('the audit tells the story of every device, and who ordered it', async () => {
    const events: MachineEvent[] = []
    for (let after = 0; ;) {
      const page = outcomeValue<'machineEvents'>((await machine.machineEvents([{ after, limit: 1_000 }]))[0]).events
      events.push(...page)
      after = page.at(-1)?.id ?? after
      if (page.length < 1_000) break
    }
    const wrong = DEVICES.filter(({ address }) => {
      const story = events.filter((event) => event.subject === address && event.kind.startsWith('key-update-')).map((event) => event.kind)
      // What a cut step leaves out is a line, never the order; and nothing is done twice.
      const steps = story.filter((kind) => ['key-update-staging', 'key-update-committing', 'key-update-done'].includes(kind))
      return steps.join() !== 'key-update-staging,key-update-committing,key-update-done'
    })
    expect(wrong).toEqual([])
    expect(events.filter((event) => event.kind === 'order-key-update')).toMatchObject([{ detail: { first: expect.any(String), second: expect.any(String) } }])
    const acts = (await station.rest.all('/api/v1/audit-log?limit=500')).filter((entry) => entry.action.startsWith('keys.'))
    expect(acts.map((entry) => `${entry.action} ${entry.outcome}`).sort()).toEqual(['keys.order ok', 'keys.order ok', 'keys.rotate ORDER_REFUSED', 'keys.rotate ok'])
  }, 60_000)

  test('every device is reachable: a new session under the new keys, and a read in it', async () => {
    const unreachable: string[] = []
    for (const device of DEVICES) {
      try {
        const protection = protectionOf(device)
        const address = { type: 'single', logical: 0, server: device.address, client: 0x55 } as const
        const receive = async (data: Buffer): Promise<Buffer> => {
          const answer = await protection.receive({ control: CONTROL.clientRequest, address, data }, async () => encodeApdu({ apdu: 'get-response', choice: 'normal', piid: PIID, result: { oad: '40010200', data: { type: 'null' } }, followReport: undefined, timeTag: undefined }))
          if (!answer) throw new Error('silence')
          return answer
        }
        const opened = outcomeValue<'connectOpen'>((await machine.connectOpen([{ address: device.address, clientAddress: 0x55, header: encodeConnectHeader(OFFER) }]))[0])
        const fields = { cipher: Buffer.from(opened.cipher), signature: Buffer.from(opened.signature) }
        const mechanism = opened.mechanism === 'S' ? { kind: 'symmetric' as const, ...fields } : { kind: 'signature' as const, ...fields }
        const response = decodeApdu(await receive(encodeApdu({ apdu: 'connect-request', piid: PIID, header: OFFER, mechanism, timeTag: undefined })))
        if (response.apdu !== 'connect-response' || !response.security) throw new Error('refused')
        const finished = outcomeValue<'connectFinish'>((await machine.connectFinish([{ exchange: opened.exchange, header2: encodeConnectHeader(response.header), result: response.result, rn: response.security.rn, signature: response.security.signature }]))[0])
        if (!('handle' in finished)) throw new Error('counter answer')
        const sealed = outcomeValue<'seal'>((await machine.seal([{ handle: finished.handle, apdu: encodeApdu({ apdu: 'get-request', choice: 'normal', piid: PIID, oad: '40010200', timeTag: undefined }) }]))[0])
        const read = outcomeValue<'open'>((await machine.open([{ handle: finished.handle, apdu: await receive(Buffer.from(sealed.apdu)) }]))[0])
        if (!('apdu' in read)) throw new Error('no answer')
      } catch (error) {
        unreachable.push(`${device.address}: ${String(error)}`)
      }
    }
    expect(unreachable).toEqual([])
  }, 60_000)
})
