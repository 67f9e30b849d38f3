import { HesError } from '@zhuzhan/core'
import type { Clock } from '@zhuzhan/core'
import type { IssuedKeys, SecurityMode } from '@zhuzhan/contracts'
import { certificateToPem, parseCertificate, privateKeyToPem } from '@zhuzhan/gm-crypto'
import type { Random, Sm2Engine } from '@zhuzhan/gm-crypto'
import { PURPOSES, authenticatedAddressOfNumber, certificateName, dispersionOfNumber } from '@zhuzhan/osp1'
import type { ReportWindows } from '../reports/report-windows.js'
import { serial } from '../provider/certificates.js'
import { groupIdOf } from '../groups/membership.js'
import type { KeyProvider } from '../provider/provider.js'
import type { ModuleRow } from '../store/module-store.js'
import type { DeviceRow, MachineStore, NewDevice } from '../store/store.js'
import { issuedModules, laboratoryModules } from '../modules/laboratory.js'
import { newestActiveVersion } from './root-versions.js'
import type { Devices } from './devices.js'
import { deviceRowMac } from './devices.js'
import type { Vault } from './vault.js'

export interface KeyIssueOptions {
  store: MachineStore
  provider: KeyProvider
  vault: Vault
  engine: Sm2Engine
  devices: Devices
  windows: ReportWindows
  clock: Clock
  random: Random
  stationId: Buffer
  production: boolean
  /** Client address written into the key file. */
  clientAddress: number
}

export interface KeyIssueOrder {
  address: string
  mode: SecurityMode
  replace?: boolean | undefined
}

/** A device is enrolled in the formal key state, with the newest key version that devices are brought to. */
const KEY_STATE = 1
const FIRST_KEY_VERSION = 1
const VALIDITY_MS = 20 * 365.25 * 24 * 3_600_000

/** What a laboratory device's private key is bound to. */
export const issuedKeyName = (address: string): string => `issued-key/${address}`

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex').toUpperCase()

/**
 * Laboratory key issue (design.md §3): enrols devices on the first call and gives their keys, for simulators and
 * benches. The same call gives the same keys; another mode needs `replace`. Refused in production, where device keys
 * never leave the machine.
 */
export function createKeyIssue(options: KeyIssueOptions): (orders: readonly KeyIssueOrder[]) => Promise<(IssuedKeys | HesError)[]> {
  const { store, provider, vault, engine, devices, windows, clock, random, stationId, production, clientAddress } = options
  let busy: Promise<unknown> = Promise.resolve()

  const newRow = async ({ address, mode }: KeyIssueOrder, chipSerial: Buffer): Promise<NewDevice> => {
    const dispersion = dispersionOfNumber(address)
    const row: NewDevice = {
      address,
      dispersion,
      ad: authenticatedAddressOfNumber(address),
      chipSerial,
      mode,
      keyState: KEY_STATE,
      keyVersion: await newestActiveVersion(store, KEY_STATE, FIRST_KEY_VERSION),
      status: 'active',
      certificate: undefined,
      issuedKey: undefined,
      suspect: false,
      rowMac: Buffer.alloc(16),
      ...(mode === 'F' ? await certify(address, dispersion) : {}),
    }
    return { ...row, rowMac: deviceRowMac(vault, row) }
  }

  const certify = async (address: string, dispersion: Buffer): Promise<{ certificate: Buffer; issuedKey: Buffer }> => {
    const pair = await engine.generateKeyPair()
    const certificate = await provider.issueCertificate('device-ca', {
      commonName: certificateName('device', dispersion),
      publicKey: pair.publicKey,
      serial: serial(random),
      notBefore: clock.now() - 24 * 3_600_000,
      notAfter: clock.now() + VALIDITY_MS,
      ca: false,
      usages: ['digitalSignature', 'keyAgreement'],
    })
    return { certificate, issuedKey: vault.wrap(issuedKeyName(address), pair.privateKey) }
  }

  /** Of every device that has none: also of those enrolled before there was this. */
  const bindModules = async (rows: readonly DeviceRow[]): Promise<Map<string, readonly ModuleRow[]>> => {
    const bound = new Map((await store.modulesOf(rows.map(({ address }) => address))).map(({ device, rows: modules }) => [device.address, modules]))
    const sets = rows.filter(({ address, status }) => status !== 'withdrawn' && (bound.get(address)?.length ?? 0) === 0).map((row) => laboratoryModules(vault, random, row, clock.now()))
    if (sets.length > 0) await store.bindFirst(sets, { kind: 'modules-bound', subject: 'key issue', detail: { devices: sets.length } })
    const address = new Map(rows.map((row) => [row.id, row.address]))
    for (const set of sets) bound.set(address.get(set.deviceId) ?? '', set.rows)
    return bound
  }

  const file = async (row: DeviceRow, modules: readonly ModuleRow[]): Promise<IssuedKeys> => {
    const group = await groupIdOf(store, vault, row.id)
    // Purpose 5 belongs to the chip itself (§7.1); without a group the key of purpose 3 is the device's alone and unused.
    const deviceKeys = await Promise.all(
      PURPOSES.map(async (purpose) => {
        const root = { keyState: row.keyState, keyVersion: row.keyVersion, purpose }
        return [purpose, hex(await provider.deviceKey(root, purpose === 'pairing' ? row.chipSerial : purpose === 'group' && group ? group : row.dispersion))]
      }),
    )
    const common: IssuedKeys = {
      address: row.address,
      mode: row.mode,
      chipSerial: hex(row.chipSerial),
      keyVersion: row.keyVersion,
      keyState: row.keyState,
      D: hex(row.dispersion),
      clientAddress: hex(Buffer.of(clientAddress)),
      masterId: hex(stationId),
      deviceKeys: Object.fromEntries(deviceKeys) as IssuedKeys['deviceKeys'],
      ...(group && { groupId: hex(group) }),
      modules: await issuedModules(provider, row, modules),
    }
    if (row.mode === 'S') return common
    if (!row.certificate || !row.issuedKey)
      throw new HesError('STATE_CONFLICT', 'the key of this device was not made here', { address: row.address })
    const certificate = parseCertificate(row.certificate)
    return {
      ...common,
      masterCertificate: certificateToPem(provider.stationCertificate),
      deviceCertificate: certificateToPem(certificate),
      devicePrivateKey: privateKeyToPem(vault.unwrap(issuedKeyName(row.address), row.issuedKey), certificate.publicKey),
    }
  }

  const replace = async (order: KeyIssueOrder, before: DeviceRow): Promise<DeviceRow> => {
    // A suspicion stays: only an order of administrators takes it back.
    const bare = { ...(await newRow(order, before.chipSerial)), suspect: before.suspect }
    const row = { ...bare, rowMac: deviceRowMac(vault, bare) }
    return windows.replaced(before.id, async () => {
      const stored = await store.replaceDevice(before.id, row, {
        kind: 'device-replaced',
        subject: order.address,
        detail: { mode: order.mode, before: before.mode },
      })
      devices.drop(order.address)
      return stored
    })
  }

  const issue = async (orders: readonly KeyIssueOrder[]): Promise<(IssuedKeys | HesError)[]> => {
    const rows = new Map((await store.devices(orders.map((order) => order.address))).map((row) => [row.address, row]))
    const first = new Map(orders.filter((order) => !rows.has(order.address)).map((order) => [order.address, order]))
    const fresh = await Promise.all([...first.values()].map((order) => newRow(order, random(8))))
    for (const row of fresh.length > 0 ? await store.enrol(fresh, 'device-enrolled') : []) {
      rows.set(row.address, row)
      devices.drop(row.address)
    }
    const modules = await bindModules([...rows.values()])
    const fileOf = (row: DeviceRow): Promise<IssuedKeys> => file(row, modules.get(row.address) ?? [])
    const out: (IssuedKeys | HesError)[] = []
    for (const order of orders) {
      const row = rows.get(order.address)
      const enrolledNow = first.get(order.address) === order
      if (!row) out.push(new HesError('INTERNAL'))
      else if (row.mode === order.mode && row.status !== 'withdrawn' && (enrolledNow || !order.replace)) out.push(await fileOf(row))
      else if (!order.replace)
        out.push(
          new HesError('EXISTS_ALREADY', 'the device is enrolled in another mode; ask for a replacement', {
            address: order.address,
            mode: row.mode,
          }),
        )
      else {
        const replaced = await replace(order, row)
        rows.set(order.address, replaced)
        out.push(await fileOf(replaced))
      }
    }
    return out
  }

  return async (orders) => {
    if (production) return orders.map(() => new HesError('PROFILE_REFUSED', 'key issue is for laboratories only'))
    // One batch after another: the second sees what the first enrolled.
    const work = busy.then(() => issue(orders))
    busy = work.catch(() => undefined)
    return work
  }
}
