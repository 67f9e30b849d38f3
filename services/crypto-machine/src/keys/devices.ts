import { HesError } from '@zhuzhan/core'
import { equalBytes, parseCertificate, verifyChain } from '@zhuzhan/gm-crypto'
import type { Sm2Certificate, Sm2Engine } from '@zhuzhan/gm-crypto'
import { REPORT_WINDOW, checkCertificateRole, deriveKey, handshakeKeys } from '@zhuzhan/osp1'
import type { HandshakeKeys, ReportWindow } from '@zhuzhan/osp1'
import type { KeyProvider } from '../provider/provider.js'
import type { DeviceCounters, DeviceRow, MachineStore, NewDevice } from '../store/store.js'
import { gather } from './gather.js'
import type { Vault } from './vault.js'

/** A device in use: its row, its working keys, and its counters as committed. */
export interface Device {
  readonly row: DeviceRow
  readonly keys: WorkingKeys
  /** Mode F. */
  readonly certificate: Sm2Certificate | undefined
  /** Highest ASCTR used, and highest that may be used without another commit. */
  asctr: { used: number; reserved: number }
  window: ReportWindow
  /** False after a restore until F100 attribute 7 was read in a session (§7.10). */
  windowKnown: boolean
}

export interface WorkingKeys {
  auth: Buffer
  handshake: HandshakeKeys
  reportCipher: Buffer
  reportAnswer: Buffer
  readProof: Buffer
}

export interface Devices {
  /** @throws HesError DEVICE_NOT_ENROLLED, or ENGINE_FAULT when its row was changed behind our back */
  get(address: string): Promise<Device>
  /** Forget what is cached, after the row changed. */
  drop(address: string): void
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
  ])
}

const NO_COUNTERS: DeviceCounters = { asctr: 0, entries: [], high: undefined }

/** The machine's own table of devices, cached: while we hold the lease nobody else changes it. */
export function createDevices({
  store,
  provider,
  vault,
  engine,
}: {
  store: MachineStore
  provider: KeyProvider
  vault: Vault
  engine: Sm2Engine
}): Devices {
  const cache = new Map<string, Promise<Device>>()
  const loadRow = gather(async (addresses: readonly string[]) => {
    const rows = await store.devices(addresses)
    const counters = rows.length > 0 ? await store.counters(rows.map((row) => row.id)) : new Map<number, DeviceCounters>()
    return new Map(rows.map((row) => [row.address, { row, counters: counters.get(row.id) ?? NO_COUNTERS }]))
  })

  const load = async (address: string): Promise<Device> => {
    const found = await loadRow(address)
    if (!found || found.row.status === 'withdrawn') throw new HesError('DEVICE_NOT_ENROLLED', undefined, { address })
    const { row, counters } = found
    if (!equalBytes(row.rowMac, deviceRowMac(vault, row)))
      throw new HesError('ENGINE_FAULT', 'the device row was changed outside the machine', { address })
    const [keys, certificate] = await Promise.all([workingKeys(provider, row), pinned(row)])
    return { row, keys, certificate, asctr: { used: counters.asctr, reserved: counters.asctr }, ...windowOf(counters) }
  }

  /** The pinned certificate, its chain checked. Dates are judged at each CONNECT. */
  const pinned = async (row: DeviceRow): Promise<Sm2Certificate | undefined> => {
    if (row.mode !== 'F') return undefined
    if (!row.certificate) throw new HesError('ENGINE_FAULT', 'a mode F device without a certificate', { address: row.address })
    const certificate = parseCertificate(row.certificate)
    checkCertificateRole(certificate, 'device', row.dispersion)
    await verifyChain(engine, [certificate, provider.deviceAuthority], undefined)
    return certificate
  }

  return {
    get(address) {
      const known = cache.get(address)
      if (known) return known
      const loading = load(address)
      cache.set(address, loading)
      loading.catch(() => cache.delete(address))
      if (cache.size > CAPACITY) {
        const oldest = cache.keys().next().value
        if (oldest !== undefined) cache.delete(oldest)
      }
      return loading
    },
    drop: (address) => {
      cache.delete(address)
    },
  }
}

async function workingKeys(provider: KeyProvider, row: DeviceRow): Promise<WorkingKeys> {
  const root = (purpose: 'session' | 'report') => ({ keyState: row.keyState, keyVersion: row.keyVersion, purpose })
  const [auth, report] = await Promise.all([
    provider.deviceKey(root('session'), row.dispersion),
    provider.deviceKey(root('report'), row.dispersion),
  ])
  return {
    auth,
    handshake: handshakeKeys(auth, row.dispersion),
    reportCipher: deriveKey(report, 'reportCipher', row.dispersion),
    reportAnswer: deriveKey(report, 'reportAnswer', row.dispersion),
    readProof: deriveKey(report, 'readProof', row.dispersion),
  }
}

/** Slots may still hold counters that have left the window; they count for nothing. */
function windowOf({ entries, high }: DeviceCounters): { window: ReportWindow; windowKnown: boolean } {
  const highest = Math.max(high?.highest ?? -1, ...entries.map((entry) => entry.rspctr))
  const kept = entries.filter((entry) => entry.rspctr > highest - REPORT_WINDOW).sort((a, b) => a.rspctr - b.rspctr)
  return { window: { highest, entries: kept }, windowKnown: high?.known ?? true }
}
