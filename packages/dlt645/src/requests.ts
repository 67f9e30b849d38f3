import { EncodeError, encode } from '@zhuzhan/codec'
import { addressKind, ANY_METER, BROADCAST } from './link/address.js'
import { encodeFrame } from './link/frame.js'
import { functionRow } from './link/functions.js'
import { encodeMessage } from './message/decode.js'
import type { ItemValue } from './message/item-value.js'
import type { Message } from './message/messages.js'
import { RelayPlain } from './message/relay.js'
import type { RelayCommand } from './message/relay.js'
import { readingTaken } from './settings.js'
import type { Settings } from './settings.js'

/** Moments are the meter's local time, `2026-10-05T00:15:00`; hex is either case; all builders throw EncodeError. */

/** PA, P0 P1 P2 and who operates. */
export interface Credentials {
  /** Two digits: a level, or 98 and 99 for the classes of an ESAM. */
  level: string
  /** Six hex digits in the order they are sent; zeros unless said. */
  password?: string
  /** Eight hex digits; zeros unless said. */
  operator?: string
}

const NO_PASSWORD = '000000'
const NO_OPERATOR = '00000000'

/** The frame of a request. Addresses that its function does not allow are refused. Reference §1, address rules. */
export function requestFrame(address: string, message: Message, settings?: Settings): Buffer {
  const { control, data } = encodeMessage(message, settings)
  const { addresses, en } = functionRow(control.function)!
  const kind = addressKind(address.toUpperCase())
  if (control.fromMeter || !addresses.includes(kind)) throw new EncodeError('address', `${addresses.join(' or ')} address for ${en}`)
  return encodeFrame({ address, control, data })
}

/** 11. `count` and `time` (`2026-10-05T00:15`) are for the load profile. Reference §2, §4.6. */
export function readRequest(address: string, di: string, load: { count?: number; time?: string } = {}): Buffer {
  const { count, time } = load
  return requestFrame(address, { kind: 'read-request', di, ...(count !== undefined && { count: String(count) }), ...(time !== undefined && { time }) })
}

/** 12: the next part of a long answer; `seq` counts from 1. Reference §2. */
export function followUpRequest(address: string, di: string, seq: number): Buffer {
  return requestFrame(address, { kind: 'follow-up-request', di, seq })
}

/** 13, point to point only: any meter unless an address is given. */
export function readAddress(address: string = ANY_METER): Buffer {
  return requestFrame(address, { kind: 'address-request' })
}

/** 15, to any meter: point to point only. */
export function writeAddress(meter: string, address: string = ANY_METER): Buffer {
  return requestFrame(address, { kind: 'write-address-request', meter })
}

/** 08, no answer. Meters take it once a day and for a few minutes' deviation only. Reference §5. */
export function broadcastTime(time: string): Buffer {
  return requestFrame(BROADCAST, { kind: 'broadcast-time', time })
}

/** Minute, hour, day, month of a freeze, two digits each; what is missing is 99: every one. */
export interface FreezeTime {
  minute?: string
  hour?: string
  day?: string
  month?: string
}

/** 16: `{}` now, `{ minute: '00', hour: '00' }` every day at midnight. To one meter or, without an answer, to all. Reference §5. */
export function freeze(address: string = BROADCAST, { minute = '99', hour = '99', day = '99', month = '99' }: FreezeTime = {}): Buffer {
  return requestFrame(address, { kind: 'freeze-request', minute, hour, day, month })
}

/** 14 with a password level. Reference §4.4. */
export function writeRequest(address: string, di: string, value: ItemValue, credentials: Credentials, settings?: Settings): Buffer {
  return requestFrame(address, { kind: 'write-request', di, value, ...complete(credentials) }, settings)
}

export interface RelayOrder {
  command: RelayCommand
  /** The command is void after it. */
  validUntil: string
  /** N2, two hex digits: for some commands a duration of so many times 5 minutes; 00 unless said. */
  n2?: string
}

/** 1C in plain. Its level is the setting `relayLevel` unless given; meters with an ESAM under formal keys refuse most of it. Reference §5.1. */
export function relayControl(address: string, order: RelayOrder, credentials: Partial<Credentials> = {}, settings: Settings = {}): Buffer {
  const { command, validUntil, n2 = '00' } = order
  const level = credentials.level ?? readingTaken(settings, 'relayLevel')
  return requestFrame(address, { kind: 'control-request', ...complete({ ...credentials, level }), command, n2, validUntil })
}

/** The 8 bytes that the crypto machine seals for class 98: the time's order is the opposite of the plain form. Reference §5.2. */
export function relayPlaintext({ command, validUntil, n2 = '00' }: RelayOrder): Buffer {
  const bytes = encode(RelayPlain, { command, n2, validUntil })
  bytes.subarray(2).reverse()
  return bytes
}

/** 1C in class 98: what the crypto machine made of relayPlaintext, in its own order, hex. Reference §5.2. */
export function sealedRelayControl(address: string, sealed: { cipher: string; mac: string }, operator: string = NO_OPERATOR): Buffer {
  return requestFrame(address, { kind: 'control-request', ...complete({ level: '98', operator }), ...sealed })
}

type LevelPassword = Required<Pick<Credentials, 'level' | 'password'>>

/** 18: the password of a level, old and new. Reference §5. */
export function changePassword(address: string, change: { level: number; old: LevelPassword; new: LevelPassword }): Buffer {
  if (!Number.isInteger(change.level) || change.level < 0 || change.level > 9) throw new EncodeError('level', '0 to 9')
  const di = `04000C${(change.level + 1).toString(16).toUpperCase().padStart(2, '0')}`
  return requestFrame(address, { kind: 'password-request', di, old: change.old, new: change.new })
}

function complete({ level, password = NO_PASSWORD, operator = NO_OPERATOR }: Credentials): Required<Credentials> {
  return { level, password, operator }
}
