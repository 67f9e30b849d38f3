import type { KeyUpdateState } from '@zhuzhan/contracts'
import type { DeviceRow, DeviceStatus, KeyEvent } from './store.js'

/** Key updates of devices. §7.8 */

export type { KeyUpdateState }
export const OPEN_UPDATE_STATES = ['ordered', 'staging', 'staged', 'committing', 'aborting'] as const

export interface KeyUpdateRow {
  updateId: Buffer
  deviceId: number
  orderId: Buffer
  state: KeyUpdateState
  newState: number
  newVersion: number
  newDispersion: Buffer
  /** KU of the stage; stored before it is sent, sent again unchanged. */
  stage: Buffer | undefined
  changedAt: number
  rowMac: Buffer
}

export interface KeyUpdatePageRow {
  address: string
  status: DeviceStatus
  suspect: boolean
  update: KeyUpdateRow
}

export interface FieldStore {
  /** Device rows as they are now, by id. */
  updateDevice(row: DeviceRow, event: KeyEvent): Promise<void>
  /** Open rows of these devices, or all. */
  openKeyUpdates(deviceIds?: readonly number[]): Promise<KeyUpdateRow[]>
  /** By address: all rows of an order, or every open one. */
  keyUpdatePage(query: { orderId?: Uint8Array | undefined; after: string; limit: number }): Promise<KeyUpdatePageRow[]>
  /** The row as it is now, with the device row when its keys changed. */
  saveKeyUpdate(row: KeyUpdateRow, device: DeviceRow | undefined, event: KeyEvent): Promise<void>
  /** Devices that are not withdrawn, by address. */
  keyDevicePage(after: string, limit: number): Promise<{ address: string; keyState: number; keyVersion: number; suspect: boolean; updating: boolean }[]>
  /** Versions of root keys with the devices (withdrawn ones apart) that hold keys of them. */
  rootKeyUse(): Promise<{ keyState: number; keyVersion: number; status: string; devices: number }[]>
  setRootKeyStatus(keyState: number, keyVersion: number, status: 'active' | 'withdrawn', event: KeyEvent): Promise<void>
  devicesById(ids: readonly number[]): Promise<DeviceRow[]>
}
