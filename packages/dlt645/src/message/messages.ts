import { bcdNumber, hexOctets, marked, restHex, reversedHex, sequence, u8 } from '@zhuzhan/codec'
import type { Fields, Simplify, TypeOf } from '@zhuzhan/codec'
import { flags } from '../forms/flags.js'
import { Password } from '../forms/forms.js'
import { moment } from '../forms/moments.js'
import { Address } from '../link/address.js'
import { allBut, whenLeft } from './combinators.js'
import { ERR, SERR } from './errors.js'
import { ItemAndValue } from './item-value.js'
import { Di, credentials } from './members.js'
import { ControlError, ControlReply, ControlRequest } from './relay.js'
import { SecurityReply, SecurityRequest } from './security.js'
import { WriteRequest } from './write.js'

const NN = bcdNumber({ size: 1, decimals: 0 })
const none = sequence({})
const Errors = sequence({ errors: flags(1, ERR) })
const twoDigits = hexOctets(1)

/** Plain, with the number of records, or with that and a time (load profile). Reference §4.6. */
const ReadRequest = sequence({ di: Di, count: whenLeft(NN), time: whenLeft(moment('YYMMDDhhmm')) })

/** A slice of a value: nothing is read from it before it is joined with the others. Reference §2. */
const Part = sequence({ di: Di, part: restHex })
const NumberedPart = sequence({ di: Di, part: allBut(1), seq: u8 })

/** 99 (`99`) in a place means every one; minute, hour, day, month. Reference §5. */
const Freeze = sequence({ minute: twoDigits, hour: twoDigits, day: twoDigits, month: twoDigits })

/** A meter that belongs to another area, reported by HPLC equipment: the CCO it belongs to, FF when that is not known. gdw1376 reference §B5. */
const AreaReport = sequence({ cco: marked(0x03, reversedHex(6)) })

/**
 * What stands in DATA, by control code. Codes without a row (1D, 1E, 1F and answers whose layout no source shows) stay
 * bytes. No source shows refusals of 13 and 15 (D3, D5); they are taken like the others. Reference §2, §5.
 */
export const MESSAGES = {
  'security-request': [0x03, SecurityRequest],
  'security-reply': [0x83, SecurityReply],
  'security-error': [0xc3, sequence({ errors: flags(2, SERR) })],
  'broadcast-time': [0x08, sequence({ time: moment('YYMMDDhhmmss') })],
  'read-request': [0x11, ReadRequest],
  'read-reply': [0x91, ItemAndValue],
  'read-part': [0xb1, Part],
  'read-error': [0xd1, Errors],
  'follow-up-request': [0x12, sequence({ di: Di, seq: u8 })],
  'follow-up-reply': [0x92, NumberedPart],
  'follow-up-part': [0xb2, NumberedPart],
  'follow-up-error': [0xd2, Errors],
  // Search frames of carrier modules put bytes behind it.
  'address-request': [0x13, sequence({ extra: whenLeft(restHex) })],
  'address-reply': [0x93, sequence({ meter: Address })],
  'address-error': [0xd3, Errors],
  'write-request': [0x14, WriteRequest],
  'write-reply': [0x94, none],
  'write-error': [0xd4, Errors],
  'write-address-request': [0x15, sequence({ meter: Address })],
  'write-address-reply': [0x95, none],
  'write-address-error': [0xd5, Errors],
  'freeze-request': [0x16, Freeze],
  'freeze-reply': [0x96, none],
  'freeze-error': [0xd6, Errors],
  'baud-request': [0x17, sequence({ baudWord: twoDigits })],
  'baud-reply': [0x97, none],
  'baud-error': [0xd7, Errors],
  'password-request': [0x18, sequence({ di: Di, old: Password, new: Password })],
  'password-reply': [0x98, none],
  'password-error': [0xd8, Errors],
  'clear-demand-request': [0x19, sequence(credentials)],
  'clear-demand-reply': [0x99, none],
  'clear-demand-error': [0xd9, Errors],
  'clear-meter-request': [0x1a, sequence(credentials)],
  'clear-meter-reply': [0x9a, none],
  'clear-meter-error': [0xda, Errors],
  'clear-events-request': [0x1b, sequence(credentials, { di: Di })],
  'clear-events-reply': [0x9b, none],
  'clear-events-error': [0xdb, Errors],
  'control-request': [0x1c, ControlRequest],
  'control-reply': [0x9c, ControlReply],
  'control-error': [0xdc, ControlError],
  'terminal-error': [0xdd, Errors],
  'area-report': [0x9e, AreaReport],
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- a table holds fields of every type
} as const satisfies Readonly<Record<string, readonly [control: number, body: Fields<any>]>>

export type MessageKind = keyof typeof MESSAGES

/** DATA of a frame with a known layout; `kind` tells which. */
export type Message = { [K in MessageKind]: Simplify<{ kind: K } & TypeOf<(typeof MESSAGES)[K][1]>> }[MessageKind]
export type MessageOf<K extends MessageKind> = Extract<Message, { kind: K }>
