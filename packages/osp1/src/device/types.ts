import type { Clock } from '@zhuzhan/core'
import type { ConnectHeader, LinkAddress } from '@zhuzhan/dlt698'
import type { Random, Sm2Engine } from '@zhuzhan/gm-crypto'
import type { DeviceKeys, DeviceModule } from '../key-file.js'
import type { FirmwareFault } from '../firmware-file.js'
import type { DeviceFirmware } from './firmware.js'
import type { Task } from '../tasks.js'
import type { DeviceStore } from './state.js'

/** Things worth counting or showing; never key material. */
export type DeviceEvent =
  | { kind: 'connected'; clientAddress: number; asctr: number }
  | { kind: 'connect-refused'; clientAddress: number }
  | { kind: 'counter-answer'; clientAddress: number; received: number; stored: number }
  | { kind: 'established'; clientAddress: number }
  | { kind: 'record-refused'; clientAddress: number }
  | { kind: 'record-repeated'; clientAddress: number; seq: number }
  | { kind: 'refused-by-rule'; clientAddress: number; seq: number; dar: number }
  | { kind: 'confirmation-refused' }
  | { kind: 'broadcast-refused'; reason: string }
  | { kind: 'firmware-refused'; reason: FirmwareFault }
  | { kind: 'firmware-started' | 'firmware-fell-back'; version: number }
  | { kind: 'keys-staged'; keyVersion: number }
  | { kind: 'keys-committed'; keyVersion: number }

export interface ActContext {
  /** How the request came: its answer is protected the same way. */
  via: 'record' | 'read-proof' | 'broadcast'
  task: Task
  clientAddress: number
}

export interface Osp1DeviceOptions {
  keys: DeviceKeys
  engine: Sm2Engine
  store: DeviceStore
  clock: Clock
  random: Random
  /** What the device can do; its answer is the common part with the offer. */
  header: ConnectHeader
  /** Factory version of the CONNECT-Response, hex of 32 bytes. */
  factory: string
  /** Session length to announce, 60 to 86400. */
  sessionSeconds?: number
  /** The device's own idea of the time, in ms; TimeTags and broadcasts are judged by it. */
  localTime?: () => number
  offsetMinutes?: number
  /** The modules in the meter now, slots ascending: those of the key file unless told otherwise. Without any the manifest is `act`'s business. */
  modules?(): readonly DeviceModule[]
  /** What is sent instead of an honest manifest, for a virtual meter that lies. */
  manifest?(honest: Buffer): Buffer
  /** Takes firmware; without it F001 is `act`'s business. */
  firmware?: DeviceFirmware
  /** Carry out one plain APDU and give the plain answer. Called once per request, after every check. */
  act(apdu: Buffer, context: ActContext): Promise<Uint8Array>
  onEvent?(event: DeviceEvent): void
}

/** One frame's worth of input: joined, unscrambled, with the address the frame carried. */
export interface Received {
  address: LinkAddress
  apdu: Uint8Array
}

export interface ReportToSend {
  /** Names the report until it is confirmed. */
  id: number
  /** Whole SECURITY-Request; send it with C 83. */
  apdu: Buffer
}

/** The meter's side of OSP-1 as one state machine: frames in, answers out. */
export interface Osp1Device {
  /** A client's CONNECT or SECURITY (C 43). Anything plain gets silence, as does what may not be answered. */
  receive(input: Received): Promise<Buffer | undefined>
  /** Seal a plain REPORT. It is kept until confirmed; `cipher` is the rule for readings. */
  sealReport(apdu: Uint8Array, form?: 'cipher' | 'plain'): Promise<ReportToSend>
  /** The bytes to send again: the same ones, or new ones from the 16th later report on. Undefined once confirmed. */
  repeatReport(id: number): Promise<ReportToSend | undefined>
  /** An answer to a report (C 03): the report it confirms, which is then dropped. A forged one confirms nothing. */
  confirmReport(apdu: Uint8Array): { id: number; answer: Buffer } | undefined
  /** Reports without a confirmation, oldest first. */
  readonly unconfirmed: readonly number[]
  /** Established sessions now. */
  readonly sessions: number
  counters(): { asctr: number; rspctr: number; agseq: number }
  /** State and version of the active keys, and of pending ones during a key update. */
  keys(): { keyState: number; keyVersion: number; pending: { keyState: number; keyVersion: number } | undefined }
  /** Forget everything volatile, as a power loss does. */
  powerLoss(): void
}
