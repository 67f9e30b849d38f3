import type { Allowance, PersonState, Role } from '@zhuzhan/osp1'
import type { KeyUpdateRow } from './field-store.js'
import type { FirmwareChanges } from './firmware-store.js'
import type { GroupChanges } from './group-store.js'
import type { ModuleSet } from './module-store.js'
import type { DeviceRow, KeyEvent, RootKeyRow } from './store.js'
import type { MandateRow } from './ticket-store.js'

/** People, places, policies and orders at rest. Rows with a MAC are believed only with it. */

export interface PersonRow {
  id: Buffer
  name: string
  /** 04 || x || y. */
  publicKey: Buffer
  roles: readonly Role[]
  areas: readonly Buffer[]
  state: PersonState
  rowMac: Buffer
}

export interface PlaceRow {
  address: string
  area: Buffer
  profile: 'plain' | 'sm'
  offsetMinutes: number
  terminal: string | undefined
  rowMac: Buffer
}

export interface PolicyRow {
  task: number
  service: 6 | 7
  target: Buffer
  allows: Allowance
  rowMac: Buffer
}

export interface MarkRow {
  name: string
  value: Buffer
  rowMac: Buffer
}

export interface PersonKeyRow {
  publicKey: Buffer
  salt: Buffer
  wrapped: Buffer
}

export interface OrderRow {
  orderId: Buffer
  bytes: Buffer
  sigFirst: Buffer
  sigSecond: Buffer | undefined
  appliedAt: number
}

/** Everything one order changes, in one commit. */
export interface OrderChanges {
  /** Entered or replaced, by id. */
  people?: readonly PersonRow[]
  places?: readonly PlaceRow[]
  unplaced?: readonly string[]
  policies?: readonly PolicyRow[]
  removedPolicies?: readonly PolicyRow[]
  /** Rows that exist already, by id. */
  devices?: readonly DeviceRow[]
  /** The whole set of a device's modules. */
  modules?: ModuleSet
  mandates?: readonly MandateRow[]
  keyUpdates?: readonly KeyUpdateRow[]
  groups?: GroupChanges
  firmware?: FirmwareChanges
  /** New ones, `pending`. */
  rootKeys?: readonly Omit<RootKeyRow, 'status'>[]
  /** Versions that are `active` from now on, if they were `pending`. */
  activeRoots?: readonly { keyState: number; keyVersion: number }[]
  withdrawnRoots?: readonly { keyState: number; keyVersion: number }[]
  /** Their bytes are erased. */
  destroyedRoots?: readonly { keyState: number; keyVersion: number }[]
}

export interface StoredEvent extends KeyEvent {
  id: number
  at: number
  detail: Record<string, string | number | boolean>
}

export interface AuthorityStore {
  people(): Promise<PersonRow[]>
  policies(): Promise<PolicyRow[]>
  places(addresses: readonly string[]): Promise<PlaceRow[]>
  /** By address, those behind `after`. */
  placesAfter(after: string, limit: number): Promise<PlaceRow[]>
  mark(name: string): Promise<MarkRow | undefined>
  setMark(row: MarkRow): Promise<void>
  /** The first people, and the mark that they were entered; only while there is nobody. @returns false otherwise */
  found(people: readonly PersonRow[], mark: MarkRow, event: KeyEvent): Promise<boolean>
  personKey(publicKey: Uint8Array): Promise<PersonKeyRow | undefined>
  putPersonKey(row: PersonKeyRow, event: KeyEvent): Promise<void>
  /** An order and all it changes. @returns false, and nothing changed, when an order of this id was carried out before */
  commitOrder(order: OrderRow, changes: OrderChanges, event: KeyEvent): Promise<boolean>
  events(after: number, limit: number): Promise<StoredEvent[]>
  /** An event of a program that is not the owner (key ceremonies beside a running machine). */
  note(event: KeyEvent): Promise<void>
  /**
   * A new epoch, as after a restore: no process owns the machine any more, and the report window of every device is unknown until
   * its counters were read in a session (§7.10).
   */
  newEpoch(epoch: Buffer, keyCheck: Buffer, event: KeyEvent): Promise<void>
}
