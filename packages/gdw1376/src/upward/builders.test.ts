import { EncodeError } from '@zhuzhan/codec'
import { recorded, upwardVectors } from '../vectors/load.js'
import {
  commandTerminal, forwardToMeter, linkConfirm, readCurve, readDay, readEvents, readMonth, readParameters, readPresent, resetTerminal, writeParameter,
} from './builders.js'
import { forwardOutcome } from './forward-outcome.js'
import { decodeUpward, encodeUpward } from './frame.js'
import type { UpwardFrame } from './frame.js'
import { macInput, pwWithMac } from './link/mac.js'

const hexOf = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex').toUpperCase()
const frame = (description: string) => recorded(upwardVectors, description)
const expectRecorded = (built: UpwardFrame, description: string) => expect(hexOf(encodeUpward(built))).toBe(hexOf(frame(description)))

const address = { district: '0200', terminal: 0x1234, group: false, msa: 2 }
const all = { district: '0000', terminal: 0xffff, group: true, msa: 16 }

describe('builders give the recorded frames', () => {
  it('answers to login and heartbeat', () => {
    expectRecorded(linkConfirm(decodeUpward(frame('login (AFN 02 F1)')), { form: 'per-unit', msa: 1 }), 'front end answers the login')
    expectRecorded(linkConfirm(decodeUpward(frame('heartbeat (AFN 02 F3)')), { form: 'per-unit', msa: 1 }), 'front end answers the heartbeat')
  })

  it('present values', () => {
    const options = { address: { district: '0000', terminal: 1, group: false, msa: 1 }, pseq: 0, function: 10 }
    expectRecorded(readPresent({ points: [0], functions: [2] }, options), 'read terminal clock')
    expectRecorded(readPresent({ points: [1], functions: [33] }, { address: all, pseq: 1, tp: { pfc: 2, time: '22 14:59:16', delay: 5 } }), 'read AFN 0C F33')
  })

  it('a frozen day', () => {
    expectRecorded(readDay({ points: [1], functions: [161], frozenDay: '2022-05-21' }, { address, pseq: 0 }), 'daily freeze request')
  })

  it('a parameter', () => {
    expectRecorded(readParameters({ points: [1], functions: [25] }, { address: all, pseq: 0, fcb: true, tp: { pfc: 1, time: '22 15:58:24', delay: 5 } }), 'query parameter')
  })

  it('reset and control', () => {
    expectRecorded(resetTerminal(1, { address, pseq: 0, con: true, tp: { pfc: 0, time: '07 13:53:28', delay: 5 } }), 'hardware reset')
    const trip = { point: 1, fn: 1, data: { alarmDelayAndLimit: '00' } }
    expectRecorded(commandTerminal(trip, { address: all, pseq: 1, tp: { pfc: 2, time: '04 17:13:56', delay: 5 } }), 'control: trip')
    expectRecorded(commandTerminal({ point: 0, fn: 34 }, { address: all, pseq: 2, fcb: true, tp: { pfc: 3, time: '11 17:40:37', delay: 5 } }), 'control: AFN 05 F34')
  })

  it('a forwarded frame', () => {
    const forward = { port: 0x1f, portControl: '6B', frameTimeout: { unit: 1, value: 60 }, byteTimeout: 10, content: '68611001301215681104333334337B16' }
    expectRecorded(forwardToMeter(forward, { address, pseq: 0, tp: { pfc: 0, time: '21 23:51:13', delay: 5 } }), 'transparent forward (AFN 10 F1): read energy')
  })
})

describe('builders without a recorded frame', () => {
  const options = { address, pseq: 5 }
  const again = (built: UpwardFrame) => decodeUpward(encodeUpward(built))

  it('confirm everything in a frame of 2009', () => {
    expect(again(linkConfirm(decodeUpward(frame('login (AFN 02 F1)')), { form: 'all' }))).toMatchObject({
      control: { dir: 0, prm: 0, function: 11 }, address: { msa: 0 }, afn: '00', seq: { pseq: 1 }, units: [{ pn: [0], fn: [1] }],
    })
  })

  it('ask for a month, a curve, events', () => {
    expect(again(readMonth({ points: [1, 2], functions: [177], frozenMonth: '2022-05' }, options)).units[0]!.contents).toEqual([
      { pn: 1, fn: 177, frozenMonth: '2022-05' }, { pn: 2, fn: 177, frozenMonth: '2022-05' },
    ])
    const curve = readCurve({ points: [1], functions: [81, 89], curveStart: '2022-05-21 00:00', density: '15-minutes', count: 96 }, options)
    expect(hexOf(encodeUpward(curve))).toContain(`0101010A0000210522${'01'}60${'0101010B'}0000210522${'01'}60`)
    expect(again(readEvents({ kind: 'general', firstPointer: 250, lastPointer: 3 }, options)).units[0]).toMatchObject({ fn: [2], contents: [{ firstPointer: 250, lastPointer: 3 }] })
  })

  it('set the meter archive', () => {
    const meter = {
      number: 2, point: 2, line: { baud: 3, port: 31 }, protocol: 'dlt645-2007', meterAddress: '123456789012', password: '000000000000', tariffCount: 4, digits: 1,
      collector: '000000000000', userClass: 0,
    }
    const built = writeParameter({ point: 0, fn: 10, data: { meters: [meter] } }, { ...options, pw: '01'.repeat(16) })
    expect(again(built)).toMatchObject({ control: { function: 10 }, afn: '04', pw: '01'.repeat(16), units: [{ contents: [{ meters: [meter] }] }] })
    expect(hexOf(encodeUpward(built))).toContain('010002000200' + '7F1E' + '129078563412')
  })

  it('refuse what does not fit', () => {
    expect(() => encodeUpward(readDay({ points: [1], functions: [161], frozenDay: '21 May' }, options))).toThrow(EncodeError)
    expect(() => encodeUpward(readPresent({ points: [1], functions: [249] }, options))).toThrow(EncodeError)
    expect(() => encodeUpward(readPresent({ points: [1], functions: [25] }, { ...options, pseq: 16 }))).toThrow(EncodeError)
    expect(() => encodeUpward(writeParameter({ point: 0, fn: 1 }, options))).toThrow(EncodeError)
  })
})

describe('what became of a forwarded frame', () => {
  const reply = decodeUpward(frame('transparent forward reply: forward active energy'))
  const withContent = (content: string) => ({ ...reply, units: [{ ...reply.units[0]!, contents: [{ pn: 0, fn: 1, port: 31, content }] }] })

  it('answered, silent or denied', () => {
    expect(forwardOutcome(reply)).toEqual({ outcome: 'answered', content: '6861100130121568910833333433AB3933334916' })
    expect(forwardOutcome(decodeUpward(encodeUpward(withContent(''))))).toEqual({ outcome: 'silent' })
    expect(forwardOutcome({ ...reply, afn: '00', units: [{ pn: [0], fn: [2] }] })).toEqual({ outcome: 'denied' })
  })

  it('nothing, when the frame is no answer', () => {
    expect(forwardOutcome(decodeUpward(frame('transparent forward (AFN 10 F1)')))).toBeUndefined()
    expect(forwardOutcome({ ...reply, afn: '00', units: [{ pn: [0], fn: [1] }] })).toBeUndefined()
  })
})

describe('the MAC in PW', () => {
  it('covers AFN, SEQ, identifiers and data, and Tp when a setting says so', () => {
    const bytes = frame('control: trip')
    expect(hexOf(macInput(bytes))).toBe('05E10101010000')
    expect(hexOf(macInput(bytes, { tpInMac: 'included' }))).toBe('05E10101010000025613170405')
    expect(hexOf(macInput(frame('read terminal clock'), { tpInMac: 'included' }))).toBe('0C6000000200')
  })

  it('stands reversed on the wire', () => {
    expect(pwWithMac(Buffer.from('A1B2C3D4', 'hex'))).toBe(`D4C3B2A1${'0'.repeat(24)}`)
    expect(() => pwWithMac(Buffer.alloc(5))).toThrow(EncodeError)
  })
})
