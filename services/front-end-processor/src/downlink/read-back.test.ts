import type { CommandAction } from '@zhuzhan/contracts'
import { apdu } from '../test-support/hex.js'
import { readResults } from './answer.js'
import { judge, readBackOf } from './read-back.js'

/** GET-Response of 8000 attribute 3 (bit-string of 8) or 8001 attribute 2 (enum). */
const relay = (bits: string): string => `85 01 07 80000300 01 04 08 ${bits} 0000`
const keep = (value: string): string => `85 01 07 80010200 01 16 ${value} 0000`
const verdict = (action: CommandAction, hex: string, openBit: 0 | 1 = 1): boolean | undefined => {
  const readBack = readBackOf(action, openBit)
  return readBack && judge(readBack, readResults(apdu(hex)))
}

test.each<[CommandAction, string, boolean]>([
  ['trip', relay('80'), true], ['trip', relay('00'), false], ['trip', relay('7F'), false],
  ['close', relay('00'), true], ['close', relay('80'), false], ['close', relay('7F'), true],
  ['keep-power', keep('01'), true], ['keep-power', keep('00'), false], ['release-power', keep('00'), true], ['release-power', keep('01'), false],
])('%s and %s: %s', (action, hex, expected) => {
  expect(verdict(action, hex)).toBe(expected)
})

test('which value of the bit means open is a setting (UNSURE, reference §13)', () => {
  expect([verdict('trip', relay('00'), 0), verdict('trip', relay('80'), 0), verdict('close', relay('80'), 0), verdict('close', relay('00'), 0)]).toEqual([true, false, true, false])
})

test.each([
  ['a DAR', '85 01 07 80000300 00 21 0000'], ['another attribute', '85 01 07 80000200 01 04 08 80 0000'], ['another type', '85 01 07 80000300 01 11 80 0000'],
  ['no bits', '85 01 07 80000300 01 04 00 0000'], ['NULL', '85 01 07 80000300 01 00 0000'], ['no attributes at all', 'EE 07 01 0000'],
])('%s says nothing', (_what, hex) => {
  expect(verdict('trip', hex)).toBeUndefined()
  expect(verdict('close', hex)).toBeUndefined()
})

test('allow-close waits for a hand at the meter, and a read has no effect: nothing to read back', () => {
  expect([readBackOf('allow-close', 1), readBackOf('read', 1)]).toEqual([undefined, undefined])
})
