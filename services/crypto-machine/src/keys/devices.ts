import { HesError, gather } from '@zhuzhan/core'
import { createCcm, equalBytes, parseCertificate, sm4Cmac, verifyChain } from '@zhuzhan/gm-crypto'
import type { Ccm, Sm2Certificate, Sm2Engine, Sm4Cmac } from '@zhuzhan/gm-crypto'
import { checkCertificateRole, deriveKey, dispersionOfNumber, handshakeKeys } from '@zhuzhan/osp1'
import type { HandshakeKeys } from '@zhuzhan/osp1'
import type { KeyProvider } from '../provider/provider.js'
import { keyUpdateMac } from '../authority/row-macs.js'
import type { KeyUpdateRow } from '../store/field-store.js'
import type { LoadedWindow, ReportWindows } from '../reports/report-windows.js'
import type { DeviceRow, MachineStore, NewDevice } from '../store/store.js'
import type { Vault } from './vault.js'

/** A device in use: its row, its working keys, and its counters as committed. */
export interface Device extends LoadedWindow {
  /** As it stands in the table now. */
  row: DeviceRow
  keys: WorkingKeys
  /** Mode F. */
  readonly certificate: Sm2Certificate | undefined
  /** Highest ASCTR used, and highest that may be used without another commit. */
  asctr: { used: number; reserved: number }
  /** An open key update, and the keys it brings. */
  update: OpenUpdate | undefined
}

/** While a row is open the device may hold either set. §7.8 */
export interface OpenUpdate {
  row: KeyUpdateRow
  keys: WorkingKeys
  /** Which set the next CONNECT tries: the new one first, then in turn. */
  tryNew: boolean
  /** Sets the device refused, without proof, since one of them worked. */
  refused: Set<KeySet>
}
export type KeySet = 'active' | 'new'

export interface WorkingKeys {
  auth: Buffer
  handshake: HandshakeKeys
  /** Kept ready: setting a key up costs more than the cipher work of a report. */
  reportCipher: Ccm
  reportAnswer: Sm4Cmac
  readProof: Buffer
}

export interface Devices {
  /** @throws HesError DEVICE_NOT_ENROLLED, or ENGINE_FAULT when its row was changed behind our back */
  get(address: string): Promise<Device>
  /** The same at once, when it is at hand. */
  atHand(address: string): Device | undefined
  /** Forget what is cached, after the device was replaced by another. */
  drop(address: string): void
  /** The row changed, the device is the same: sessions and counters go on with it. */
  refresh(row: DeviceRow): Promise<void>
  /** Key updates of these devices were opened or changed by order. */
  reloadUpdates(addresses: readonly string[]): Promise<void>
}

/** Devices kept ready; with its keys each costs about two kilobytes. */
const CAPACITY = 200_000

export function deviceRowMac(vault: Vault, row: NewDevice): Buffer {
  return vault.rowMac(`device/${row.address}`, [
    row.dispersion,
    row.ad,
    row.chipSerial,
    Buffer.from(row.mode),
    Buffer.of(row.keyState, row.keyVersion),
    Buffer.from(row.status),
    row.certificate ?? Buffer.alloc(0),
    row.issuedKey ?? Buffer.alloc(0),
    // Only when set: rows written before there was this flag keep their MAC.
    ...(row.suspect ? [Buffer.from('suspect')] : []),
  ])
}

/** The machine's own table of devices, cached: while we hold the lease nobody else changes it. */
export function createDevices({
  store,
  windows,
  provider,
  vault,
  engine,
}: {
  store: MachineStore
  windows: ReportWindows
  provider: KeyProvider
  vault: Vault
  engine: Sm2Engine
}): Devices {
  const cache = new Map<string, Promise<Device>>()
  /** What of the cache has loaded. */
  const ready = new Map<string, Device>()
  const loadRow = gather(async (addresses: readonly string[]) => {
    const rows = await store.devices(addresses)
    const ids = rows.map((row) => row.id)
    const [asctrs, loaded, updates] = rows.length > 0
      ? await Promise.all([store.asctrOf(ids), windows.load(ids), store.openKeyUpdates(ids)])
      : [new Map<number, number>(), new Map<number, LoadedWindow>(), []]
    const updateOf = new Map(updates.map((row) => [row.deviceId, row]))
    return new Map(rows.map((row) => [row.address, { row, asctr: asctrs.get(row.id) ?? 0, window: loaded.get(row.id) as LoadedWindow, update: updateOf.get(row.id) }]))
  })

  const openUpdate = async (row: DeviceRow, update: KeyUpdateRow | undefined): Promise<OpenUpdate | undefined> => {
    if (!update) return undefined
    if (!equalBytes(update.rowMac, keyUpdateMac(vault, update)))
      throw new HesError('ENGINE_FAULT', 'the key update row was changed outside the machine', { address: row.address })
    const next = { ...row, keyState: update.newState, keyVersion: update.newVersion, dispersion: update.newDispersion }
    return { row: update, keys: await workingKeys(provider, next), tryNew: update.state !== 'ordered', refused: new Set() }
  }

  const load = async (address: string): Promise<Device> => {
    const found = await loadRow(address)
    if (!found || found.row.status === 'withdrawn') throw new HesError('DEVICE_NOT_ENROLLED', undefined, { address })
    const { row, asctr, window } = found
    if (!equalBytes(row.rowMac, deviceRowMac(vault, row)))
      throw new HesError('ENGINE_FAULT', 'the device row was changed outside the machine', { address })
    const [keys, certificate, update] = await Promise.all([workingKeys(provider, row), pinned(row), openUpdate(row, found.update)])
    return { row, keys, certificate, update, asctr: { used: asctr, reserved: asctr }, ...window }
  }

  /**
   * The pinned certificate of a row whose MAC is right, its chain checked unless the MAC says that already (docs/security/attacks.md,
   * "Certificates of devices"). Dates are judged at each CONNECT.
   */
  const pinned = async (row: DeviceRow): Promise<Sm2Certificate | undefined> => {
    if (row.mode !== 'F') return undefined
    if (!row.certificate) throw new HesError('ENGINE_FAULT', 'a mode F device without a certificate', { address: row.address })
    const certificate = parseCertificate(row.certificate)
    // A certificate names D of the formal key state (§7.3), also while the factory keys are in force.
    checkCertificateRole(certificate, 'device', dispersionOfNumber(row.address))
    if (!provider.authorityForLife) await verifyChain(engine, [certificate, provider.deviceAuthority], undefined)
    return certificate
  }

  const forget = (address: string): void => {
    cache.delete(address)
    ready.delete(address)
  }

  return {
    get(address) {
      const known = cache.get(address)
      if (known) return known
      const loading = load(address)
      cache.set(address, loading)
      // Dropped or dropped out meanwhile, it must not be found again.
      loading.then((device) => { if (cache.get(address) === loading) ready.set(address, device) }, () => cache.delete(address))
      if (cache.size > CAPACITY) {
        const oldest = cache.keys().next().value
        if (oldest !== undefined) forget(oldest)
      }
      return loading
    },
    atHand: (address) => ready.get(address),
    drop: forget,
    async refresh(row) {
      const device = await cache.get(row.address)?.catch(() => undefined)
      if (device) device.row = row
    },
    async reloadUpdates(addresses) {
      const known = await Promise.all(addresses.map(async (address) => cache.get(address)?.catch(() => undefined)))
      const cached = known.filter((device) => device !== undefined)
      const rows = new Map((await store.openKeyUpdates(cached.map((device) => device.row.id))).map((row) => [row.deviceId, row]))
      for (const device of cached) device.update = await openUpdate(device.row, rows.get(device.row.id))
    },
  }
}

/** Of the key state, version and D in this row. */
async function workingKeys(provider: KeyProvider, row: Pick<DeviceRow, 'keyState' | 'keyVersion' | 'dispersion'>): Promise<WorkingKeys> {
  const root = (purpose: 'session' | 'report') => ({ keyState: row.keyState, keyVersion: row.keyVersion, purpose })
  const [auth, report] = await Promise.all([
    provider.deviceKey(root('session'), row.dispersion),
    provider.deviceKey(root('report'), row.dispersion),
  ])
  return {
    auth,
    handshake: handshakeKeys(auth, row.dispersion),
    reportCipher: createCcm(deriveKey(report, 'reportCipher', row.dispersion)),
    reportAnswer: sm4Cmac(deriveKey(report, 'reportAnswer', row.dispersion)),
    readProof: deriveKey(report, 'readProof', row.dispersion),
  }
}
