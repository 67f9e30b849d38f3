import type { KeyEvent } from './store.js'

/** Firmware vendors and releases. §7.9 */

export interface FirmwareVendorRow {
  vendor: string
  /** 04 || x || y. */
  publicKey: Buffer
  state: 'active' | 'withdrawn'
  rowMac: Buffer
}

export interface FirmwareReleaseRow {
  relId: Buffer
  fwm: Buffer
  /** IK. */
  wrapped: Buffer
  state: 'prepared' | 'offered' | 'withdrawn'
  sigVendor: Buffer | undefined
  sigStation: Buffer | undefined
  /** Ms since 1970. */
  changedAt: number
  rowMac: Buffer
}

/** Entered or replaced, by name and id. */
export interface FirmwareChanges {
  vendors?: readonly FirmwareVendorRow[]
  releases?: readonly FirmwareReleaseRow[]
}

export interface FirmwareStore {
  /** By name. */
  firmwareVendors(): Promise<FirmwareVendorRow[]>
  /** By id. */
  firmwareReleases(): Promise<FirmwareReleaseRow[]>
  firmwareRelease(relId: Uint8Array): Promise<FirmwareReleaseRow | undefined>
  /** A new one; of those still `prepared` only the `kept` youngest stay. */
  prepareFirmware(row: FirmwareReleaseRow, kept: number, event: KeyEvent): Promise<void>
}
