import { toHex } from '@zhuzhan/core'
import { controlCode } from '../link/index.js'
import type { LinkFrame } from '../link/index.js'
import { ERR, RELAY_COMMANDS, decodeMessage } from '../message/index.js'
import type { Message } from '../message/index.js'
import { dataIdentifier } from '../identifiers/index.js'
import { relayPlaintext } from '../requests.js'
import { readingsOf } from '../values.js'
import type { Decoded } from './load.js'

/** What our decoder says in the words of the vectors, one function a fact. */

const hexByte = (byte: number) => toHex(Uint8Array.of(byte))

export function linkFacts({ leading, address, control, data }: LinkFrame): Partial<Decoded> {
  return {
    preambleFE: leading ?? 0, address, control: hexByte(controlCode(control)), direction: control.fromMeter ? 'slave->master' : 'master->slave',
    abnormal: control.abnormal, followUp: control.followUp, function: hexByte(control.function), length: data.length,
  }
}

type Fact = (message: Message, frame: LinkFrame) => unknown

/** Of the plaintext, the vector tells us what was sealed; the sealing is the crypto machine's. */
const SEALED = { command: 'trip', validUntil: '2010-07-22T18:56:17' } as const

export const FACTS: Readonly<Record<string, Fact>> = {
  di: (message) => 'di' in message ? message.di : undefined,
  err: (message) => 'errors' in message ? hexByte(message.errors.reduce((word, name) => word | 1 << ERR.find((flag) => flag.name === name)!.bit, 0)) : undefined,
  passwordLevel: (message) => 'level' in message ? message.level : undefined,
  password: (message) => 'password' in message ? message.password : undefined,
  operator: (message) => 'operator' in message ? message.operator : undefined,
  n1: (message) => 'command' in message ? RELAY_COMMANDS.find((row) => row.name === message.command)!.n1 : undefined,
  n2: (message) => 'n2' in message ? message.n2 : undefined,
  validUntil: (message) => 'validUntil' in message ? message.validUntil.replace('T', ' ') : undefined,
  cipherAndMacWire: (_, { data }) => toHex(data.subarray(8)),
  cipherAndMac: (message) => 'cipher' in message ? `${message.cipher!}${message.mac!}` : undefined,
  plaintext: () => toHex(relayPlaintext(SEALED)),
}

/** `value` of the vectors: a quantity with its unit, a moment, an address, a status word. */
export function valueFact(message: Message, frame: LinkFrame): string | undefined {
  if (message.kind === 'broadcast-time') return message.time.replace('T', ' ')
  if (message.kind === 'address-reply') return message.meter
  if (message.kind !== 'read-reply') return undefined
  if (message.di === '04000503') return (message.value as readonly string[]).join(', ')
  const [reading] = readingsOf(frame)
  return reading && `${reading.value} ${reading.unit}`
}

/** Values that the vectors put otherwise. */
export const VALUES: Readonly<Record<string, string>> = {
  '0050h: relay off (bit 4), relay command off (bit 6)': 'relay-open, relay-command-open',
  '2056-34-12 02:11:25 (month not valid: sample uses filler digits)': '2056-34-12 02:11:25',
}

const name = (message: Message) => 'di' in message ? `${dataIdentifier(message.di)!.name} (${message.di})` : undefined

/** Free text of the vectors: what it says of the message. */
export const MEANINGS: Readonly<Record<string, readonly [Fact, expected: unknown]>> = {
  'forward active energy total, current (00010000)': [name, 'Forward active energy, total (00010000)'],
  'reverse active energy total (00020000)': [name, 'Reverse active energy, total (00020000)'],
  'combined reactive 1 energy (00030000)': [name, 'Combined reactive energy 1, total (00030000)'],
  'combined reactive 2 energy (00040000)': [name, 'Combined reactive energy 2, total (00040000)'],
  'phase A voltage (02010100)': [name, 'Voltage, phase A (02010100)'],
  'phase A current (02020100)': [name, 'Current, phase A (02020100)'],
  'total active power (02030000)': [name, 'Active power, total (02030000)'],
  'total reactive power (02040000)': [name, 'Reactive power, total (02040000)'],
  'total apparent power (02050000)': [name, 'Apparent power, total (02050000)'],
  'total power factor (02060000)': [name, 'Power factor, total (02060000)'],
  'function 13, L=0': [(message) => message, { kind: 'address-request' }],
  accepted: [(message) => message, { kind: 'control-reply' }],
  'ERR bit 1': [(message) => message, { kind: 'read-error', errors: ['no-data'] }],
  'ERR bit 2': [(message) => message, { kind: 'control-error', errors: ['password'] }],
  'SERR 0008, two bytes, low byte first': [(message) => message, { kind: 'security-error', errors: ['authentication'] }],
  'all fields 99 = immediate freeze': [(message) => message, { kind: 'freeze-request', minute: '99', hour: '99', day: '99', month: '99' }],
  '9999 hh mm': [(message) => message, { kind: 'freeze-request', minute: '00', hour: '00', day: '99', month: '99' }],
  'control B1; the master must send 12 with SEQ 01': [(message) => message, { kind: 'read-part', di: '05060101', part: '785634120000' }],
  'L=10h: DI, random-2 4, ESAM serial 8': [(message) => 'body' in message && message.body, { random2: 'A4A3A2A1', esamSerial: '1716151413121110' }],
  'DI 04000C05 = level-4 password; old then new, level byte first': [
    (message) => [name(message), 'old' in message && message.old, 'new' in message && message.new],
    ['Password, level 4 (04000C05)', { level: '04', password: '000000' }, { level: '04', password: '123456' }],
  ],
}

/** Notes: what is unusual, and what we make of it. */
export const NOTES: Readonly<Record<string, readonly [(frame: LinkFrame) => unknown, expected: unknown]>> = {
  'L=09: four DI bytes plus five; the standard layout is four bytes of energy': [
    (frame) => decodeMessage(frame), { kind: 'read-reply', di: '00000000', value: '0.00', surplus: '03' },
  ],
  'function 1F is outside the base standard (vendor)': [(frame) => refusal(frame), 'a control code whose data have a known layout'],
  'function 1E, slave direction; non-BCD address placeholder CC': [(frame) => [frame.address, refusal(frame)], ['CCCCCCCCCCCC', 'byte 3']],
  '00 44 = outside the common table (00 29..45 are phase tables); value digits 1965': [
    (frame) => readingsOf(frame).map(({ value, unit }) => [value, unit]), [['19.65', '']],
  ],
}

function refusal(frame: LinkFrame): unknown {
  try {
    return decodeMessage(frame)
  } catch (error) {
    return (error as { expected: string }).expected
  }
}
