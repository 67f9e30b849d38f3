import { EncodeError } from '@zhuzhan/codec'
import { toHex } from '@zhuzhan/core'
import { decodeFrame } from './link/index.js'
import { decodeMessage } from './message/index.js'
import {
  broadcastTime, changePassword, followUpRequest, freeze, readAddress, readRequest, relayControl, relayPlaintext, requestFrame, sealedRelayControl, writeAddress,
  writeRequest,
} from './requests.js'
import { frameVectors } from './vectors/load.js'

const recorded = (hex: string) => {
  expect(frameVectors.map((vector) => vector.hex)).toContain(hex)
  return hex
}

it('builds the recorded requests byte by byte', () => {
  expect(toHex(readRequest('123456781012', '00010000'))).toBe(recorded('6812107856341268110433333433E816'))
  expect(toHex(readRequest('AAAAAAAAAAAA', '00010000'))).toBe(recorded('68AAAAAAAAAAAA68110433333433AE16'))
  expect(toHex(readAddress())).toBe(recorded('68AAAAAAAAAAAA681300DF16'))
  expect(toHex(readAddress('123456781012'))).toBe(recorded('681210785634126813001916'))
  expect(toHex(broadcastTime('2017-06-05T10:22:51'))).toBe(recorded('6899999999999968080684554338394A4B16'))
  expect(toHex(freeze())).toBe(recorded('68999999999999681604CCCCCCCCB016'))
  expect(toHex(freeze('123456781012', { minute: '00', hour: '00' }))).toBe(recorded('681210785634126816043333CCCC1E16'))
  expect(toHex(relayControl('111111111111', { command: 'trip', validUntil: '2018-05-12T15:41:24' }, { level: '00' })))
    .toBe(recorded('68111111111111681C1033333333333333334D3357744845384B5516'))
  expect(toHex(relayControl('201905241006', { command: 'trip', validUntil: '2000-00-00T00:00:00' }))).toBe(recorded('68061024051920681C1035333333333333334D33333333333333C016'))
  expect(toHex(changePassword('123456781012', { level: 4, old: { level: '04', password: '000000' }, new: { level: '04', password: '123456' } })))
    .toBe(recorded('6812107856341268180C383F333737333333374567894716'))
})

it('carries what the crypto machine sealed', () => {
  expect(toHex(relayPlaintext({ command: 'trip', validUntil: '2010-07-22T18:56:17' }))).toBe('1A00100722185617')
  expect(toHex(sealedRelayControl('111111111111', { cipher: '865BAA06CDEA44E07EC90AD8D750C271', mac: '03C131EB' }, '12345678')))
    .toBe(recorded('68111111111111681C1CCB333333AB8967451E64F436A4F5830A0B3DFCB113771D0039DD8EB97D16'))
})

it('the level of plain relay control is a setting', () => {
  const order = { command: 'close', validUntil: '2026-10-05T00:15:00', n2: '01' } as const
  expect(decodeMessage(decodeFrame(relayControl('123456781012', order, { operator: '00000007' }, { relayLevel: '04' }))))
    .toEqual({ kind: 'control-request', level: '04', password: '000000', operator: '00000007', ...order })
})

it('builds what has no recorded frame', () => {
  expect(decodeMessage(decodeFrame(readRequest('123456781012', '06010002', { count: 1, time: '2026-10-05T00:15' }))))
    .toEqual({ kind: 'read-request', di: '06010002', count: '1', time: '2026-10-05T00:15' })
  expect(decodeMessage(decodeFrame(followUpRequest('123456781012', '0001FF00', 1)))).toEqual({ kind: 'follow-up-request', di: '0001FF00', seq: 1 })
  expect(decodeMessage(decodeFrame(writeAddress('123456781012')))).toEqual({ kind: 'write-address-request', meter: '123456781012' })
  expect(decodeMessage(decodeFrame(writeRequest('123456781012', '04000103', '15', { level: '02', password: '123456' }))))
    .toEqual({ kind: 'write-request', di: '04000103', level: '02', password: '123456', operator: '00000000', value: '15' })
})

it.each<[string, () => Buffer]>([
  ['to read from everybody', () => readRequest('999999999999', '00010000')],
  ['to read from digits that are no address', () => readRequest('CCCCCCCCCCCC', '00010000')],
  ['to control any meter', () => relayControl('AAAAAAAAAAAA', { command: 'trip', validUntil: '2026-10-05T00:15:00' })],
  ['to control everybody', () => relayControl('999999999999', { command: 'trip', validUntil: '2026-10-05T00:15:00' })],
  ['to write to everybody', () => writeRequest('999999999999', '04000103', '15', { level: '02' })],
  ['to freeze any meter', () => freeze('AAAAAAAAAAAA')],
  ['a time of another kind', () => broadcastTime('10:22')],
  ['a password level that is none', () => changePassword('123456781012', { level: 10, old: { level: '04', password: '000000' }, new: { level: '04', password: '000000' } })],
  ['an answer as a request', () => requestFrame('123456781012', { kind: 'read-reply', di: '00010000', value: '1.00' })],
])('refuses %s', (_, build) => expect(build).toThrow(EncodeError))

it('takes hex in either case', () => {
  expect(readRequest('aaaaaaaaaaaa', '0001ff00')).toEqual(readRequest('AAAAAAAAAAAA', '0001FF00'))
})
