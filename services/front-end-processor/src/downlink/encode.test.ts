import { fromHex, toHex } from '@zhuzhan/core'
import type { CommandAction } from '@zhuzhan/contracts'
import { encodeApdu } from '@zhuzhan/dlt698'
import { commandRecord, METER, TERMINAL } from '../test-support/records.js'
import { controlApdu, DEFAULT_READ, readRequest, timeTag } from './encode.js'

const piid = { number: 7, priority: false, acd: false }
/** 2026-10-05 08:00:00 of the terminal's clock; good for a minute. */
const SENT = Date.UTC(2026, 9, 5)
const tag = timeTag(SENT, 480, SENT + 60_000)
const TAG = '01 07EA0A05080000 00 003C'
const hex = (text: string): string => toHex(fromHex(text.replaceAll('|', ' ')))

/** Hand-made after reference §8.6, §9.5: output 1 of F205; trip with alarm delay 0, without end, without automatic close. */
const bodies: [CommandAction, string][] = [
  ['trip', '80008100 01 01 02 04 51 F2050201 11 00 12 0000 03 00'],
  ['close', '80008200 01 01 02 02 51 F2050201 16 01'],
  ['allow-close', '80008200 01 01 02 02 51 F2050201 16 00'],
  ['keep-power', '80017F00 00'],
  ['release-power', '80018000 00'],
]

test.each(bodies)('%s of the terminal itself is an ACTION with a time tag', (action, body) => {
  const command = commandRecord(action, { meterAddress: TERMINAL })
  expect(toHex(encodeApdu(controlApdu(command, piid, tag, 30)))).toBe(hex(`07 01 07 ${body} | ${TAG}`))
})

test.each(bodies)('%s of a meter behind it is a PROXY ActionList with a time tag', (action, body) => {
  expect(toHex(encodeApdu(controlApdu(commandRecord(action), piid, tag, 30)))).toBe(hex(`09 05 07 001E 01 | 07 05 ${METER} 001E 01 ${body} | ${TAG}`))
})

test('a set-point goes to the object that was set when it was asked for', () => {
  const setPoint = { id: 'b1', sequence: 7, watts: 7_000, from: 1, to: 258 }
  expect(toHex(encodeApdu(controlApdu(commandRecord('set-power', { parameters: { object: 'E123', setPoint } }), piid, tag, 30))))
    .toBe(hex(`09 05 07 001E 01 | 07 05 ${METER} 001E 01 E1237F00 02 05 0A 02 6231 06 00000007 06 00001B58 15 0000000000000001 15 0000000000000102 | ${TAG}`))
})

test('a read is no control command', () => {
  expect(() => controlApdu(commandRecord('read'), piid, tag, 30)).toThrow(TypeError)
})

test('one attribute of the terminal itself: reference §1.3; several: a list; of a meter: by proxy, §9.6', () => {
  const own = { terminal: TERMINAL, meter: TERMINAL }
  expect(toHex(encodeApdu(readRequest(own, ['20000200'], { ...piid, number: 0 }, 30)))).toBe(hex('05 01 00 20000200 00'))
  expect(toHex(encodeApdu(readRequest(own, ['20000200', '20010200'], piid, 30)))).toBe(hex('05 02 07 02 20000200 20010200 00'))
  expect(toHex(encodeApdu(readRequest({ terminal: TERMINAL, meter: '222222222222' }, ['00100200', '00200200'], piid, 100))))
    .toBe(hex('09 01 07 0064 | 01 | 07 05 222222222222 | 0064 | 02 00100200 00200200 | 00'))
  expect(DEFAULT_READ).toHaveLength(5)
})

test.each([[60_000, 60], [1_999, 1], [500, 1], [-5_000, 1], [3_600_000, 300]])('%d ms before its expiry a frame is good for %d s', (left, seconds) => {
  expect(timeTag(SENT, 345, SENT + left)).toEqual({ sent: { year: 2026, month: 10, day: 5, hour: 5, minute: 45, second: 0 }, delay: { unit: 0, value: seconds } })
})
