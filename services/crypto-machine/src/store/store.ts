import type { Purpose } from '@zhuzhan/osp1'
import type { AuthorityStore } from './authority-store.js'
import type { BackupStore } from './backup-store.js'
import type { FieldStore } from './field-store.js'
import type { FirmwareStore } from './firmware-store.js'
import type { GroupStore } from './group-store.js'
import type { ModuleStore } from './module-store.js'
import type { ReportStore } from './report-store.js'
import type { ResealStore } from './reseal-store.js'
import type { TicketStore } from './ticket-store.js'

/** What the machine keeps. Everything that is secret arrives here wrapped. */

export interface MachineIdentity {
  epoch: Buffer
  salt: Buffer
  keyCheck: Buffer
}

export interface RootKeyName {
  keyState: number
  keyVersion: number
  purpose: Purpose
}
export type RootKeyRow = RootKeyName & { wrapped: Buffer; status: string }

export interface OwnKeyRow {
  name: string
  wrapped: Buffer
  publicKey: Buffer
  certificate: Buffer | undefined
}

export type DeviceStatus = 'active' | 'suspect' | 'unreachable-key' | 'withdrawn'

export interface DeviceRow {
  id: number
  address: string
  dispersion: Buffer
  ad: Buffer
  chipSerial: Buffer
  mode: 'S' | 'F'
  keyState: number
  keyVersion: number
  status: DeviceStatus
  certificate: Buffer | undefined
  issuedKey: Buffer | undefined
  /** Reads only, until an order binds its modules anew (§7.7). */
  suspect: boolean
  rowMac: Buffer
}
export type NewDevice = Omit<DeviceRow, 'id'>

export interface KeyEvent {
  kind: string
  /** Address, key name or the like; never key bytes. */
  subject: string
  detail?: Record<string, string | number | boolean>
}

/**
 * Another process took the machine over: this one must stop serving. Thrown by every write, whose effect is then nil.
 */
export class FencedError extends Error {
  override readonly name = 'FencedError'

  constructor() {
    super('another process owns the crypto machine now')
  }
}

/**
 * The machine's storage. Each write is one commit that checks the fencing number, all or nothing; when the promise
 * resolves it is durable. One conformance suite runs against every implementation.
 */
export interface MachineStore extends AuthorityStore, TicketStore, FieldStore, ModuleStore, BackupStore, GroupStore, FirmwareStore, ResealStore, ReportStore {
  /** The identity, created by `make` at the very first start; `make` is not asked when there is one. */
  identity(make: () => MachineIdentity | Promise<MachineIdentity>): Promise<MachineIdentity>
  /** Become the owner: every other process is fenced off from now on. @returns the fencing number */
  takeOver(owner: string): Promise<number>
  /** Are we still the owner? */
  owned(): Promise<boolean>

  rootKeys(): Promise<RootKeyRow[]>
  addRootKeys(rows: readonly Omit<RootKeyRow, 'status'>[], event: KeyEvent): Promise<void>
  ownKeys(): Promise<OwnKeyRow[]>
  addOwnKey(row: OwnKeyRow, event: KeyEvent): Promise<void>

  /** The rows that are there, in no order. */
  devices(addresses: readonly string[]): Promise<DeviceRow[]>
  deviceCount(): Promise<number>
  /** Enrol new devices, all or none; one event each. */
  enrol(rows: readonly NewDevice[], kind: string): Promise<DeviceRow[]>
  /** Put another row in a device's place: its report window starts anew, its ASCTR goes on. */
  replaceDevice(id: number, row: NewDevice, event: KeyEvent): Promise<DeviceRow>
  /** Highest ASCTR that may have been sent, by device id; a device without is simply not there. */
  asctrOf(deviceIds: readonly number[]): Promise<Map<number, number>>
  /** Raise the highest ASCTR that may be sent. Never lowers one. */
  reserveAsctr(rows: readonly { deviceId: number; asctr: number }[]): Promise<void>
  addEvent(event: KeyEvent): Promise<void>
}
