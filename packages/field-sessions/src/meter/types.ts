import type { Clock } from '@zhuzhan/core'
import type { Random, Sm2Engine, Sm2KeyPair } from '@zhuzhan/gm-crypto'
import type { BoundaryName, PolicySettings } from '@zhuzhan/policy'
import type { BlockKey, CipherProviders } from '../cipher/port.js'
import type { Kind } from '../kinds.js'
import type { ObjectName } from '../objects.js'
import type { PairingCode } from '../pairing-code.js'
import type { Flag } from './analysis.js'
import type { PeerStore } from './peers.js'

/** Why something that was authentic does not count. */
export type FilterReason = 'schema' | 'size' | 'rate' | 'object' | 'service'

/** Things worth counting or showing; never key material, never content that was not accepted. */
export type MeterEvent =
  | { kind: 'ignored'; reason: 'form' | 'boundary' | 'limit' }
  | { kind: 'pairing-refused'; peer: Kind }
  | { kind: 'paired'; peer: Kind; pid: string }
  | { kind: 'auth-refused'; peer: Kind; pid: string }
  | { kind: 'connected'; peer: Kind; pid: string; substituted: boolean }
  | { kind: 'established'; peer: Kind; pid: string }
  | { kind: 'record-refused'; peer: Kind; pid: string }
  | { kind: 'filtered'; peer: Kind; pid: string; reason: FilterReason }
  | { kind: 'accepted'; peer: Kind; pid: string; object: ObjectName; value: number; at: number }
  | { kind: 'flagged'; peer: Kind; pid: string; object: ObjectName; value: number; at: number; flags: readonly Flag[] }
  | { kind: 'quarantined'; peer: Kind; pid: string }
  | { kind: 'result'; peer: Kind; pid: string; re: number; result: number }
  | { kind: 'ended'; peer: Kind; pid: string }

export interface FieldMeterOptions {
  /** MID, 8 bytes. */
  mid: Uint8Array
  /** The meter's own key pair at its boundaries; it signs nothing else. */
  identity: Sm2KeyPair
  policy: PolicySettings
  ciphers: CipherProviders
  engine: Sm2Engine
  clock: Clock
  random: Random
  store: PeerStore
  /** DK of a device of suites 2 to 4, as a key inside its cipher, which stays the giver's; undefined for a device this meter does not know. */
  deviceKey?(kind: Kind, pid: Uint8Array): Promise<BlockKey | undefined>
  /** The meter's own time, ms; `clock.now` unless given. */
  localTime?(): number
  /** What a phone or handheld may read; undefined: no such value now. */
  read?(object: ObjectName): number | undefined
  /** Watts that flow through the meter now: no appliance behind it can take more. Undefined: not known. */
  ownWatts?(): number | undefined
  /** A frame of the collection protocol from a modular terminal; what it gives back goes down. */
  onFrame?(pid: string, frame: Buffer): Promise<Buffer | undefined>
  /** Session length to announce, 60 to 86400. */
  sessionSeconds?: number
  onEvent?(event: MeterEvent): void
}

/** A device at a boundary that the meter knows. */
export interface PeerView {
  pid: string
  kind: Kind
  boundary: BoundaryName
  session: boolean
  substituted: boolean
  quarantined: boolean
  accepted: number
  flagged: number
  filtered: number
  values: { object: ObjectName; value: number; at: number }[]
  /** The newest values that did not count, and why. */
  suspect: { object: ObjectName; value: number; at: number; flags: readonly Flag[] }[]
}

/** The meter's side of FSP-1 as one state machine: messages in, answers out. */
export interface FieldMeter {
  /** A message from a boundary. Silence is the answer to everything that is not right. */
  receive(boundary: BoundaryName, message: Uint8Array): Promise<Buffer | undefined>
  /** What stands in a QR code for pairing with this meter, and opens the pairing for ten minutes. */
  showPairingCode(kind: Kind): PairingCode
  /** Opens the pairing with the device whose label was scanned. @throws HesError BODY_INVALID for a code of another meter */
  takePairingCode(code: PairingCode): void
  /**
   * Makes an HPLC device known: its key pinned, the test of its chip or soft module on record.
   * @throws HesError BODY_INVALID without a test report, for a kind that pairs, for a key off the curve
   */
  enrol(device: { kind: Kind; pid: Uint8Array; publicKey: Uint8Array; testReport: string }): Promise<void>
  /** A command as a message to send, good for `seconds`. @throws HesError SESSION_UNKNOWN, RIGHT_MISSING, BODY_INVALID */
  command(pid: string, object: ObjectName, value: number, seconds?: number): Promise<{ id: number; message: Buffer }>
  /** @throws HesError SESSION_UNKNOWN, RIGHT_MISSING */
  sendFrame(pid: string, frame: Uint8Array): Promise<Buffer>
  peers(): PeerView[]
  /** An operator looked at a quarantined device: its values count again. */
  release(pid: string): void
  /** Forgets a device and ends its session. */
  remove(pid: string): Promise<void>
  /** Forget everything volatile, as a power loss does. */
  powerLoss(): void
}
