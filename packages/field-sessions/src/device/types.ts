import type { Clock } from '@zhuzhan/core'
import type { Random, Sm2Engine, Sm2KeyPair } from '@zhuzhan/gm-crypto'
import type { PolicySettings } from '@zhuzhan/policy'
import type { BlockKey, CipherProviders } from '../cipher/port.js'
import type { FieldValue } from '../content.js'
import type { Kind } from '../kinds.js'
import type { ObjectName } from '../objects.js'
import type { PairingCode } from '../pairing-code.js'

/** What a device keeps over a power loss: which meter it belongs to. */
export interface Belonging {
  mid: Buffer
  /** Pinned, 04 || x || y; suites 1 and 5. */
  meterKey?: Buffer
  /** LK; suites 1 to 4. */
  link?: Buffer
}

export type DeviceEvent =
  | { kind: 'refused'; message: 'form' | 'pair-answer' | 'accept' | 'record' | 'command' }
  | { kind: 'paired'; mid: string }
  | { kind: 'connected'; mid: string; substituted: boolean; sessionSeconds: number }
  | { kind: 'answered'; re: number; result: number; items: readonly FieldValue[] }
  | { kind: 'commanded'; object: ObjectName; value: number; result: number }
  | { kind: 'frame'; frame: Buffer }
  | { kind: 'ended' }

export interface FieldDeviceOptions {
  kind: Kind
  /** 8 bytes. A phone's follows from its key. */
  pid: Uint8Array
  /** Suites 1 and 5. */
  identity?: Sm2KeyPair
  /** DK inside its cipher; suites 2 to 4. */
  deviceKey?: BlockKey
  /** From former pairing or enrolment. */
  belonging?: Belonging
  policy: PolicySettings
  ciphers: CipherProviders
  engine: Sm2Engine
  clock: Clock
  random: Random
  /** Stored before it is used. */
  onBelonging?(belonging: Belonging): Promise<void>
  /** Carries a command of the meter out; false when it could not. */
  act?(object: ObjectName, value: number): boolean | Promise<boolean>
  onEvent?(event: DeviceEvent): void
}

export type DeviceState = 'alone' | 'pairing' | 'idle' | 'asking' | 'authenticating' | 'connected'

/** The device's side of FSP-1. It always speaks first. */
export interface FieldDevice {
  readonly state: DeviceState
  readonly pid: Buffer
  /** Its session is a laboratory substitution. */
  readonly substituted: boolean
  /** PAIR-REQUEST. `mid`: the meter, where the code is the device's own label. @throws HesError BODY_INVALID for a code of others */
  pair(code: PairingCode, mid?: Uint8Array): Promise<Buffer>
  /** HELLO. @throws HesError STATE_CONFLICT before a pairing or enrolment */
  hello(): Buffer
  /** A message from the boundary; what to send next, if anything. */
  receive(message: Uint8Array): Promise<Buffer | undefined>
  /** The last step of a handshake once more, when its answer is missing. */
  again(): Buffer | undefined
  /** Asks for the meter's clock, where the answer to the first record came too late to be believed. */
  sync(): Promise<Buffer>
  /** Values now, or at `at` (Unix seconds). @throws HesError SESSION_UNKNOWN, STATE_CONFLICT while the device has no clock */
  report(items: readonly { object: ObjectName; value: number }[], at?: number): Promise<Buffer>
  read(objects: readonly ObjectName[]): Promise<Buffer>
  sendFrame(frame: Uint8Array): Promise<Buffer>
  sendPairingCode(text: string): Promise<Buffer>
  /** Says goodbye; the session is over. */
  bye(): Promise<Buffer>
  /** Unix seconds by the meter's clock; undefined before the first answer. */
  now(): number | undefined
  powerLoss(): void
}
