import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { outcomeValue } from '@zhuzhan/contracts'
import type { CryptoMachine, OrderBody } from '@zhuzhan/contracts'
import type { ErrorCode } from '@zhuzhan/core'
import { connectCryptoMachine } from '@zhuzhan/crypto-client'
import { createFleet, fleetRegistry, keysByAddress } from '@zhuzhan/fleet'
import type { Fleet, RegistryEntry } from '@zhuzhan/fleet'
import type { Sm2Engine } from '@zhuzhan/gm-crypto'
import type { DeviceKeys } from '@zhuzhan/osp1'
import { createLogger } from '@zhuzhan/service-kit'
import { startStation } from '@zhuzhan/testing'
import type { Json, StationRest, TestStation } from '@zhuzhan/testing'
import { until } from '../e2e/wait.js'
import { startWireTap } from './wire-tap.js'
import type { WireTap } from './wire-tap.js'

/** A running station, three virtual terminals behind the tap, and one registered address that only raw sockets use. */
export interface Field {
  station: TestStation
  tap: WireTap
  fleet: Fleet
  plain: RegistryEntry
  modeS: RegistryEntry
  modeF: RegistryEntry
  bench: RegistryEntry
  /** A meter with keys of its own behind `plain`, and one behind `modeS`: their terminals' addresses. */
  ownS: Route
  ownF: Route
  /** Who asks for control commands, and who approves them. */
  people: Record<'dispatcher' | 'approver', StationRest & { readonly password: string }>
  /** Vendors whose firmware the protected ones take, by name; a test enters its own. */
  vendors: Map<string, Buffer>
  /** Laboratory keys of the protected ones, by address. */
  keys: ReadonlyMap<string, DeviceKeys>
  /** Passes when the attack is refused with this code so many times: in the metrics and in the audit log under this object. */
  refused(code: ErrorCode, object: string, attack: () => unknown, times?: number): Promise<void>
  /** The sum of a counter or gauge, over all services or of one; `labels` as on the page. */
  metric(name: string, labels?: string, service?: string): Promise<number>
  /** A read through the terminal comes back with its value: what it says passed the open session. */
  read(terminal: RegistryEntry): Promise<void>
  /** Makes one report now; it may stay unconfirmed. */
  report(terminal: RegistryEntry): void
  /** All reports of the terminal have their confirmation. */
  confirmed(terminal: RegistryEntry): Promise<void>
  /** How many reports of the terminal's meter are in the station's readings, conflicts included. */
  stored(terminal: RegistryEntry): Promise<number>
  /** Mode of the secured session the session table shows. */
  security(terminal: RegistryEntry): Promise<string | undefined>
  close(): Promise<void>
}

/** A terminal and the meter behind it that a test means. */
type Route = Pick<RegistryEntry, 'address' | 'meters'>

const REFUSALS = 'zhuzhan_(?:fep|gateway)_refusals_total'
const ENERGY = '00100201'

export interface FieldOptions {
  /** Further settings of the station. */
  env?: Readonly<Record<string, string>>
  /** SM2 of the virtual terminals, where a test wants to know what they draw. */
  engine?: Sm2Engine
  /** Group of purpose 3 that the protected ones belong to, 8 bytes hex (OSP-1 §7.14). */
  groupId?: string
}

export async function openField({ env = {}, engine, groupId }: FieldOptions = {}): Promise<Field> {
  const station = await startStation({ ZHUZHAN_DEMO_TERMINALS: '0', ZHUZHAN_MANIFEST_SPREAD_SECONDS: '86400', ...env })
  const registry = fleetRegistry({ terminals: 4, meters: 1, profile: 'mixed' })
  const [plain, modeS, bench, modeF] = registry as [RegistryEntry, RegistryEntry, RegistryEntry, RegistryEntry]
  for (const { address, profile, meters } of registry) {
    const security = profile === 'plain' ? { securityProfile: 'plain' } : { securityProfile: 'sm', mode: profile === 'sm-s' ? 'S' : 'F' }
    expect((await station.rest.call('POST', '/api/v1/terminals', { address, ...security })).status).toBe(201)
    for (const meter of meters) expect((await station.rest.call('POST', '/api/v1/meters', { address: meter, terminal: address })).status).toBe(201)
  }
  const machine = await machineOf(station)
  const ownMeter = async ({ address, meters: [first = ''] }: RegistryEntry, mode: 'S' | 'F'): Promise<Route> => {
    const meter = String(Number(first) + 500)
    expect((await station.rest.call('POST', '/api/v1/meters', { address: meter, terminal: address, securityProfile: 'sm', mode })).status).toBe(201)
    return { address, meters: [meter] }
  }
  const [ownS, ownF] = [await ownMeter(plain, 'S'), await ownMeter(modeS, 'F')]
  const person = async (role: 'dispatcher' | 'approver') => {
    const password = `${role}-of-the-test`
    expect((await station.rest.call('POST', '/api/v1/users', { username: role, password, roles: [role] })).status).toBe(201)
    return Object.assign(station.rest.as(role, password), { password })
  }
  const people = { dispatcher: await person('dispatcher'), approver: await person('approver') }
  const issue = () => machine.issueKeys([
    { address: modeS.address, mode: 'S' }, { address: modeF.address, mode: 'F' }, { address: ownS.meters[0] ?? '', mode: 'S' }, { address: ownF.meters[0] ?? '', mode: 'F' },
  ])
  if (groupId) {
    await issue()
    const order = administrators(machine, join(station.dataDir, 'administrators.json'))
    await order({ kind: 'place', area: '4E4F525448000000', profile: 'sm', offsetMinutes: 480, terminal: null, addresses: [modeS.address, modeF.address] })
    await order({ kind: 'group', group: groupId, addresses: [modeS.address, modeF.address] })
  }
  const { releaseKey } = outcomeValue<'firmwareKeys'>((await machine.firmwareKeys([{}]))[0])
  const vendors = new Map<string, Buffer>()
  const issued = await issue()
  await machine.stop()
  const keys = keysByAddress(issued.map((one) => outcomeValue<'issueKeys'>(one)))

  const tap = await startWireTap(station.endpoints().gateway4g)
  const fleet = await createFleet({
    registry: [{ ...plain, meters: [...plain.meters, ...ownS.meters] }, { ...modeS, meters: [...modeS.meters, ...ownF.meters] }, modeF], dial: tap.dial, keys, ...(engine && { engine }), firmware: { releaseKey: Buffer.from(releaseKey, 'hex'), vendors },
    settings: { reportSeconds: 0, reportTimeoutMs: 2_000, reportRestMs: 3_000, instant: true },
  })
  fleet.start()

  const metric: Field['metric'] = async (name, labels = '', service = '') => {
    const pages = await Promise.all(station.endpoints().metrics.map(async (url) => (await fetch(url)).text()))
    const lines = pages.filter((page) => page.includes(`zhuzhan_service_up{service="${service}`)).join('\n').matchAll(new RegExp(`^${name}(?:\\{(.*)\\})? (\\S+)$`, 'gm'))
    return [...lines].filter(([, found = '']) => found.includes(labels)).reduce((sum, [, , value]) => sum + Number(value), 0)
  }
  const audited = async (code: string, object: string): Promise<number> => {
    const entries = await station.rest.all(`/api/v1/audit-log?limit=500&action=refuse&object=${object}`)
    return entries.filter((entry) => entry.outcome === code).reduce((sum, entry) => sum + (entry.detail.count as number), 0)
  }
  const terminalOf = ({ address }: RegistryEntry) => fleet.terminals.get(address)!

  return {
    station, vendors, tap, fleet, plain, modeS, modeF, bench, ownS, ownF, people, keys, metric,
    refused: async (code, object, attack, times = 1) => {
      const look = async () => ({ counted: await metric(REFUSALS, `code="${code}"`), audited: await audited(code, object) })
      const before = await look()
      await attack()
      // The audit log takes equal refusals together, at most every ten seconds.
      await until(`${times} ${code} counted and audited for ${object}`, 30, async () => {
        const now = await look()
        const rise = { counted: now.counted - before.counted, audited: now.audited - before.audited }
        if (rise.counted < times || rise.audited < times) throw new Error(JSON.stringify(rise))
        return true
      })
    },
    read: async ({ meters: [meter] }) => {
      const asked = await station.rest.call('POST', `/api/v1/meters/${meter}/commands`, { action: 'read', oads: ['20000201'] })
      expect(asked.status).toBe(202)
      await until('the value read', 60, async () => {
        const { body } = await station.rest.call('GET', `/api/v1/commands/${asked.body.id}`)
        if (body.state !== 'confirmed') throw new Error(`${body.state}: ${JSON.stringify(body.steps)}`)
        expect(body.result).toMatchObject({ readings: [{ item: '20000201', unit: 'V' }] })
        return true
      })
    },
    report: (terminal) => terminalOf(terminal).reportNow(),
    confirmed: async (terminal) => {
      await until('confirmation of every report', 30, async () => (terminalOf(terminal).reports.waiting === 0 ? true : undefined))
    },
    stored: async ({ meters: [meter] }) => {
      const readings: Json[] = await station.rest.all(`/api/v1/meters/${meter}/readings?limit=1000&item=${ENERGY}&quality=all`)
      return readings.filter((reading) => reading.source === 'report').length
    },
    // The session table is written in batches, so it tells what is known a moment later.
    security: ({ address }) => until(`a secured session of ${address} in the session table`, 10, async () => {
      const { body } = await station.rest.call('GET', '/api/v1/terminals?limit=50')
      const { security } = body.items.find((terminal: Json) => terminal.address === address)?.session ?? {}
      return security === 'none' ? undefined : security
    }),
    close: async () => {
      await fleet.stop()
      tap.close()
      await station.stop()
    },
  }
}

/** Orders of the two administrators of the laboratory. */
export function administrators(machine: CryptoMachine, file: string): (body: OrderBody) => Promise<void> {
  const people = JSON.parse(readFileSync(file, 'utf8')) as { administrators: { person: string; password: string }[] }
  const [first, second] = people.administrators as [{ person: string; password: string }, { person: string; password: string }]
  return async (body) => {
    const { order } = outcomeValue<'prepareOrder'>((await machine.prepareOrder([{ first: first.person, second: second.person, body }]))[0])
    const sign = async ({ person, password }: typeof first, after?: Uint8Array) =>
      outcomeValue<'signWithPassword'>((await machine.signWithPassword([{ person, password, message: order, ...(after && { after }) }]))[0]).signature
    const sigFirst = await sign(first)
    outcomeValue<'submitOrder'>((await machine.submitOrder([{ order, sigFirst, sigSecond: await sign(second, sigFirst) }]))[0])
  }
}

/** The crypto machine of a running station, under an identity of the test's. */
export async function machineOf(station: TestStation): Promise<Awaited<ReturnType<typeof connectCryptoMachine>>> {
  const { cryptoUrl, cryptoSecret } = JSON.parse(readFileSync(join(station.dataDir, 'run/supervisor.json'), 'utf8')) as { cryptoUrl: string; cryptoSecret: string }
  return connectCryptoMachine({ url: cryptoUrl, secret: cryptoSecret, identity: 'security-test', log: createLogger({ service: 'test', level: 'silent' }) })
}

/** The audit log's name of a terminal. */
export const objectOf = ({ address }: RegistryEntry): string => `terminal/${address}`
