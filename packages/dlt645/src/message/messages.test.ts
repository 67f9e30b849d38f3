import { DecodeError, EncodeError } from '@zhuzhan/codec'
import { toHex } from '@zhuzhan/core'
import { controlOf } from '../link/index.js'
import type { Settings } from '../settings.js'
import { decodeMessage, encodeMessage } from './index.js'
import type { Message } from './index.js'

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex')
const frame = (control: number, text: string) => ({ address: '123456781012', control: controlOf(control), data: hex(text) })
const decode = (control: number, text: string, settings: Settings = {}) => decodeMessage(frame(control, text), { settings })

/** Reads as that, and that is written as these bytes. */
function both(control: number, text: string, message: object, settings: Settings = {}): void {
  const decoded = decode(control, text, settings)
  expect(decoded).toEqual(message)
  const written = encodeMessage(decoded, settings)
  expect(toHex(written.data)).toBe(text.replaceAll(' ', ''))
  expect(written.control).toBe(controlOf(control))
}

describe('reading', () => {
  it.each<[string, number, string, object]>([
    ['a request', 0x11, '00000100', { kind: 'read-request', di: '00010000' }],
    ['a request with a count', 0x11, '00000106 05', { kind: 'read-request', di: '06010000', count: '5' }],
    ['a request with count and time', 0x11, '02000106 01 15 00 05 10 26', { kind: 'read-request', di: '06010002', count: '1', time: '2026-10-05T00:15' }],
    ['a single value', 0x91, '00000100 56341200', { kind: 'read-reply', di: '00010000', value: '1234.56' }],
    ['a negative one', 0x91, '00010302 341290', { kind: 'read-reply', di: '02030100', value: '-10.1234' }],
    ['no value', 0x91, '00000100 FFFFFFFF', { kind: 'read-reply', di: '00010000', value: { missing: 'FFFFFFFF' } }],
    ['digits that are none', 0x91, '00000100 0E000000', { kind: 'read-reply', di: '00010000', value: { notBcd: '0000000E' } }],
    ['three tariffs', 0x91, '00FF0100 00040000 00010000 00020000 00010000', { kind: 'read-reply', di: '0001FF00', value: ['4.00', '1.00', '2.00', '1.00'] }],
    ['one tariff', 0x91, '00FF0100 00040000 00040000', { kind: 'read-reply', di: '0001FF00', value: ['4.00', '4.00'] }],
    ['a phase', 0x91, '00FF0102 0122', { kind: 'read-reply', di: '0201FF00', value: ['220.1'] }],
    ['three phases', 0x91, '00FF0102 0122 0222 0322', { kind: 'read-reply', di: '0201FF00', value: ['220.1', '220.2', '220.3'] }],
    ['demand', 0x91, '00000101 341200 1500051026', { kind: 'read-reply', di: '01010000', value: { demand: '0.1234', time: '2026-10-05T00:15' } }],
    ['status words', 0x91, 'FF050004 0100 0000 5000', { kind: 'read-reply', di: '040005FF', value: ['0001', '0000', ['relay-open', 'relay-command-open']] }],
    ['a freeze', 0x91, '01010605 00010000 00010000', { kind: 'read-reply', di: '05060101', value: ['1.00', '1.00'] }],
    ['an answer without a value', 0x91, '00000100', { kind: 'read-reply', di: '00010000' }],
    ['a surplus byte', 0x91, '00000100 56341200 03', { kind: 'read-reply', di: '00010000', value: '1234.56', surplus: '03' }],
    ['a surplus byte behind a block', 0x91, '00FF0102 0122 0222 0322 03', { kind: 'read-reply', di: '0201FF00', value: ['220.1', '220.2', '220.3'], surplus: '03' }],
    ['a value that is too short', 0x91, '00000100 563412', { kind: 'read-reply', di: '00010000', data: '563412', reason: 'expected XXXXXX.XX: 4 bytes, not 3' }],
    ['an unknown item', 0x91, '00140004 0102', { kind: 'read-reply', di: '04001400', data: '0102', reason: 'expected a known identifier, not 04001400' }],
    ['an item of which only the name is known', 0x91, '01100605 0102', {
      kind: 'read-reply', di: '05061001', data: '0102', reason: 'expected an item with a known layout, not Frozen variables, daily, last 1',
    }],
    ['what is no load record', 0x91, '01000106 A1', { kind: 'read-reply', di: '06010001', data: 'A1', reason: 'expected A0 A0' }],
    ['a part', 0xb1, '00FF0100 5634', { kind: 'read-part', di: '0001FF00', part: '5634' }],
    ['a request for the next part', 0x12, '00FF0100 01', { kind: 'follow-up-request', di: '0001FF00', seq: 1 }],
    ['a further part', 0xb2, '00FF0100 1200 01', { kind: 'follow-up-part', di: '0001FF00', part: '1200', seq: 1 }],
    ['the last part', 0x92, '00FF0100 0B', { kind: 'follow-up-reply', di: '0001FF00', part: '', seq: 11 }],
    ['a refusal', 0xd1, '84', { kind: 'read-error', errors: ['password', 'bit7'] }],
    ['an address request of a search', 0x13, '0102', { kind: 'address-request', extra: '0102' }],
    ['an address', 0x93, '121078563412', { kind: 'address-reply', meter: '123456781012' }],
  ])('%s', (_, control, text, message) => both(control, text, message))
})

describe('commands', () => {
  const credentials = { level: '02', password: '123456', operator: '00000001' }
  it.each<[string, number, string, object]>([
    ['write', 0x14, '02010004 02 123456 01000000 563412', { kind: 'write-request', di: '04000102', ...credentials, value: '12:34:56' }],
    ['write an unknown item', 0x14, '02011104 02 123456 01000000 5634', {
      kind: 'write-request', di: '04110102', ...credentials, data: '5634', reason: 'expected a known identifier, not 04110102',
    }],
    ['write in class 99', 0x14, '03010004 99 000000 01000000 15 04030201', {
      kind: 'write-request', di: '04000103', level: '99', password: '000000', operator: '00000001', value: '15', mac: '01020304',
    }],
    ['write in class 98', 0x14, '03010004 98 000000 01000000 04030201 0F0E0D', {
      kind: 'write-request', di: '04000103', level: '98', password: '000000', operator: '00000001', mac: '01020304', cipher: '0D0E0F',
    }],
    ['written', 0x94, '', { kind: 'write-reply' }],
    ['not written', 0xd4, '04', { kind: 'write-error', errors: ['password'] }],
    ['write address', 0x15, '121078563412', { kind: 'write-address-request', meter: '123456781012' }],
    ['a refusal that no source shows', 0xd5, '01', { kind: 'write-address-error', errors: ['other'] }],
    ['time', 0x08, '512210050617', { kind: 'broadcast-time', time: '2017-06-05T10:22:51' }],
    ['freeze at half past every hour', 0x16, '30999999', { kind: 'freeze-request', minute: '30', hour: '99', day: '99', month: '99' }],
    ['baud rate', 0x17, '08', { kind: 'baud-request', baudWord: '08' }],
    ['clear demand', 0x19, '02 123456 01000000', { kind: 'clear-demand-request', ...credentials }],
    ['clear meter', 0x1a, '02 123456 01000000', { kind: 'clear-meter-request', ...credentials }],
    ['clear all events', 0x1b, '02 123456 01000000 FFFFFFFF', { kind: 'clear-events-request', ...credentials, di: 'FFFFFFFF' }],
    ['a command without a name', 0x1c, '02 123456 01000000 4A 05 000000010127', {
      kind: 'control-request', ...credentials, command: '4A', n2: '05', validUntil: '2027-01-01T00:00:00',
    }],
    ['relay control in class 99', 0x1c, '99 000000 01000000 1A00000000010127 04030201', {
      kind: 'control-request', level: '99', password: '000000', operator: '00000001', data: '1A00000000010127', mac: '01020304',
    }],
    ['an extended result', 0x9c, '0410', { kind: 'control-reply', executed: ['direct-trip', 'bit12'] }],
    ['an extended refusal', 0xdc, '2000', { kind: 'control-error', refused: ['keep-power'] }],
    ['a meter of another area', 0x9e, '03 060504030201', { kind: 'area-report', cco: '010203040506' }],
    ['a meter of an area not known', 0x9e, '03 FFFFFFFFFFFF', { kind: 'area-report', cco: 'FFFFFFFFFFFF' }],
    ['a refusal of 1D', 0xdd, '01', { kind: 'terminal-error', errors: ['other'] }],
  ])('%s', (_, control, text, message) => both(control, text, message))

  it('the order of a sealed write is a setting', () => {
    both(0x14, '03010004 98 000000 01000000 0F0E0D 04030201', {
      kind: 'write-request', di: '04000103', level: '98', password: '000000', operator: '00000001', mac: '01020304', cipher: '0D0E0F',
    }, { sealedWrite: 'elements' })
  })
})

describe('security', () => {
  const head = { kind: 'security-request', operator: '00000001' }
  it.each<[string, number, string, object]>([
    ['authentication', 0x03, 'FF000007 01000000 0807060504030201 1817161514131211 2827262524232221', {
      ...head, di: '070000FF', body: { cipher1: '0102030405060708', random1: '1112131415161718', dispersion: '2122232425262728' },
    }],
    ['its validity', 0x03, 'FF010007 01000000 0500 04030201', { ...head, di: '070001FF', body: { minutes: '5', mac: '01020304' } }],
    ['validity set', 0x83, 'FF010007', { kind: 'security-reply', di: '070001FF' }],
    ['its end', 0x03, 'FF020007 01000000', { ...head, di: '070002FF' }],
    ['its end under the other identifier', 0x83, '01020007 665544332211 00010000 02000000 04030201', {
      kind: 'security-reply', di: '07000201', body: { customer: '112233445566', money: '00000100', count: '00000002', keyInfo: '01020304' },
    }],
    ['recharge', 0x03, 'FF020107 01000000 00010000 02000000 04030201 665544332211 08070605', {
      ...head, di: '070102FF', body: { money: '00000100', count: '00000002', moneyMac: '01020304', customer: '112233445566', customerMac: '05060708' },
    }],
    ['data read back', 0x83, 'FF018007 0400 0100 0200 0300 0D0C0B0A 04030201', {
      kind: 'security-reply', di: '078001FF', body: { length: '0004', address: '0001', file: '0002', directory: '0003', content: '0A0B0C0D', mac: '01020304' },
    }],
    ['status', 0x83, 'FF028107 00010000 04030201 02000000 08070605 665544332211 0C0B0A09', {
      kind: 'security-reply', di: '078102FF',
      body: { money: '00000100', moneyMac: '01020304', count: '00000002', countMac: '05060708', customer: '112233445566', keyInfo: '090A0B0C' },
    }],
    ['key update of 2009', 0x03, `FF010207 01000000 04030201 08070605 ${'00'.repeat(31)}01`, {
      ...head, di: '070201FF', body: { keyInfo: '01020304', mac: '05060708', key: `01${'00'.repeat(31)}` },
    }],
    ['key update of 2013', 0x03, `FF010307 01000000 ${'00'.repeat(31)}01 ${'00'.repeat(31)}02 04030201`, {
      ...head, di: '070301FF', body: { keys: [`01${'00'.repeat(31)}`, `02${'00'.repeat(31)}`], mac: '01020304' },
    }],
    ['a body that does not fit', 0x03, 'FF010007 01000000 0500', { ...head, di: '070001FF', data: '0500', reason: 'expected 4 more bytes' }],
    ['a body that goes on', 0x83, 'FF000007 04030201 0807060504030201 00', { kind: 'security-reply', di: '070000FF', data: '04030201080706050403020100', reason: 'expected the end' }],
    ['an exchange of which only the name is known', 0x03, 'FF030007 01000000 01', { ...head, di: '070003FF', data: '01', reason: 'expected an exchange with a known layout' }],
    ['an unknown exchange', 0x83, 'FFFFFF07', { kind: 'security-reply', di: '07FFFFFF' }],
    ['a refusal', 0xc3, '0181', { kind: 'security-error', errors: ['other', 'remote-authentication', 'key-setting'] }],
  ])('%s', (_, control, text, message) => both(control, text, message))

  it('the order of ciphertext 1 and random 1, and the key blocks, are settings', () => {
    both(0x03, 'FF000007 01000000 0102030405060708 1112131415161718 2827262524232221', {
      ...head, di: '070000FF', body: { cipher1: '0102030405060708', random1: '1112131415161718', dispersion: '2122232425262728' },
    }, { authenticationOrder: 'as-sent' })
    const keys = `${'00'.repeat(32)}04030201`
    both(0x03, `FF010307 01000000 ${keys}`, { ...head, di: '070301FF', data: keys, reason: 'expected a body with a known layout' }, { keyBlocks: 'unread' })
    both(0x03, `FF010307 01000000 ${keys.slice(2)}`, { ...head, di: '070301FF', data: keys.slice(2), reason: 'expected keys of 32 bytes and a MAC' })
  })
})

it.each<[number, string, string]>([
  [0x1d, '00', 'at byte 0: expected a control code whose data have a known layout'],
  [0x91, '000001', 'at byte 0: expected 4 more bytes'],
  [0x11, '00000106 01 15', 'at byte 5: expected 5 more bytes'],
  [0x92, '00000100', 'at byte 4: expected 1 more bytes'],
  [0xd1, '', 'at byte 0: expected one more byte'],
  [0xd1, '0000', 'at byte 1: expected the end'],
  [0x93, '1210785634', 'at byte 0: expected 6 more bytes'],
  [0x94, '00', 'at byte 0: expected the end'],
  [0x97, '08', 'at byte 0: expected the end'],
  [0x9c, '00', 'at byte 0: expected 0 or 2 bytes'],
  [0x9e, '04 060504030201', 'at byte 0: expected byte 3'],
  [0x1c, '02 123456', 'at byte 4: expected 4 more bytes'],
  [0x14, '03010004 99 000000 01000000 040302', 'at byte 12: expected a MAC'],
])('control %i with %s has no layout: %s', (control, text, message) => {
  expect(() => decode(control, text)).toThrow(message)
  expect(() => decode(control, text)).toThrow(DecodeError)
})

it.each<[string, object]>([
  ['no kind', {}], ['an unknown kind', { kind: 'reading' }], ['an inherited kind', { kind: 'toString' }], ['a short identifier', { kind: 'read-request', di: '0001' }],
  ['a value for an unknown item', { kind: 'read-reply', di: '04001400', value: '1' }], ['a value of another form', { kind: 'read-reply', di: '02010100', value: '1.23' }],
  ['more phases than there are', { kind: 'read-reply', di: '0201FF00', value: ['1.0', '1.0', '1.0', '1.0'] }], ['a block that is no list', { kind: 'read-reply', di: '0201FF00', value: '1.0' }],
  ['an unknown error', { kind: 'read-error', errors: ['tired'] }], ['no errors', { kind: 'control-error' }],
  ['a body for an exchange without layout', { kind: 'security-reply', di: '070003FF', body: {} }], ['no operator', { kind: 'security-request', di: '070002FF' }],
])('does not write %s', (_, message) => {
  expect(() => encodeMessage(message as Message)).toThrow(EncodeError)
})
