import type { DeviceRow, DeviceStatus, KeyEvent } from './store.js'

/** Modules of devices: which belong there, what the last manifest said, and what became of them. §7.7 */

export interface ModuleRow {
  slot: number
  serial: Buffer
  model: Buffer
  chip: boolean
  keyState: number
  keyVersion: number
  rowMac: Buffer
}

export interface ModuleFindingRow {
  slot: number
  /** 8 bytes hex, as the rest: what the module claims. */
  serial: string
  model: string
  /** null where a bound module was never seen. */
  version: number | null
  firmware: string | null
  /** It sent a MAC. */
  chip: boolean
  finding: string
  /** Milliseconds since 1970; of a module that is missing, when it was last there. */
  firstSeen: number | null
  lastSeen: number | null
}

export interface ModulesSeen {
  at: number
  findings: readonly ModuleFindingRow[]
}

/** `found`: in a manifest and not bound; `version`: the bound module claims another one. The others come by order, or with key issue. */
export type ModuleHistoryKind = 'bound' | 'replaced' | 'removed' | 'found' | 'version'

export interface ModuleHistoryRow {
  at: number
  slot: number
  kind: ModuleHistoryKind
  serial: Buffer
  /** Serial, or version, before. */
  before: string | undefined
  /** The order, the finding, or the version now. */
  detail: string
}

/** One device's modules with what decides about them. */
export interface DeviceModules {
  device: { id: number; address: string; status: DeviceStatus; suspect: boolean }
  rows: readonly ModuleRow[]
  seen: ModulesSeen | undefined
}

export interface ModuleSet {
  deviceId: number
  rows: readonly ModuleRow[]
  history: readonly ModuleHistoryRow[]
}

/** Entries kept of a device: one whose modules change at every look fills no table. */
export const HISTORY_KEPT = 200

export interface ModuleStore {
  modules(deviceId: number): Promise<ModuleRow[]>
  /** Of the devices that are there and not withdrawn, by address. */
  modulesOf(addresses: readonly string[]): Promise<DeviceModules[]>
  /** Devices that are suspect, by address. */
  suspectPage(after: string, limit: number): Promise<{ address: string }[]>
  suspectCount(): Promise<number>
  /** Which other devices these serials are bound to. */
  modulesBound(serials: readonly Buffer[], exceptDevice: number): Promise<{ serial: Buffer; address: string }[]>
  /** Bind modules of devices that have none, as key issue does; those that have some are left alone. */
  bindFirst(sets: readonly ModuleSet[], event: KeyEvent): Promise<void>
  /** Does any module have its pairing key from this version of root keys? A meter's own chip follows the meter's keys and does not count. */
  modulesUse(keyState: number, keyVersion: number): Promise<boolean>
  modulesSeen(deviceId: number): Promise<ModulesSeen | undefined>
  /** What a manifest said; with the device row when it is suspect from now on, and an event when there is something to tell. */
  recordModules(
    deviceId: number,
    seen: ModulesSeen,
    more?: { device?: DeviceRow | undefined; history?: readonly ModuleHistoryRow[]; event?: KeyEvent | undefined },
  ): Promise<void>
  /** The newest first. */
  moduleHistory(deviceId: number, limit: number): Promise<ModuleHistoryRow[]>
}
