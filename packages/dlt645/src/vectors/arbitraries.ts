import fc from 'fast-check'
import type { Arbitrary } from 'fast-check'
import { identifiers } from '../identifiers/index.js'
import { POSITIONS } from '../identifiers/positions.js'
import { controlOf } from '../link/control.js'
import type { LinkFrame } from '../link/index.js'
import { MESSAGES } from '../message/index.js'
import { SETTINGS } from '../settings.js'
import type { Settings } from '../settings.js'

/** Random frames and settings, for tests. */

const byte = fc.nat(0xff)
const digits = fc.nat(99).map((n) => Number.parseInt(String(n), 16))
const hex = (bytes: readonly number[]) => Buffer.from(bytes).toString('hex').toUpperCase()

export const settings: Arbitrary<Settings> = fc.record(
  Object.fromEntries(SETTINGS.map(({ name, readings }) => [name, fc.constantFrom(...Object.keys(readings))])), { requiredKeys: [], noNullPrototype: true },
)

/** An identifier of a row: fixed digits, and values in range or FF in the open places. */
function diOf(pattern: string): Arbitrary<string> {
  return fc.tuple(...pattern.split(' ').map((place) => {
    const position = POSITIONS[place]
    if (position === undefined) return fc.constant(Number.parseInt(place, 16))
    const inRange = fc.integer({ min: position.from, max: position.to })
    return position.block ? fc.oneof({ weight: 4, arbitrary: inRange }, fc.constant(0xff)) : inRange
  })).map(hex)
}

export const knownDi: Arbitrary<string> = fc.constantFrom(...identifiers.map((row) => row.di)).chain(diOf)
const di = fc.oneof({ weight: 4, arbitrary: knownDi }, fc.array(byte, { minLength: 4, maxLength: 4 }).map(hex))

/** What may stand behind an identifier: digits, bytes that are none, fillers, load records. */
const content: Arbitrary<Buffer> = fc.oneof(
  { weight: 4, arbitrary: fc.array(digits, { maxLength: 40 }).map((list) => Buffer.from(list)) },
  { weight: 2, arbitrary: fc.uint8Array({ maxLength: 200 }).map((list) => Buffer.from(list)) },
  fc.tuple(fc.constantFrom(0xff, 0xee, 0x98, 0x99), fc.nat(24)).map(([filler, size]) => Buffer.alloc(size, filler)),
  fc.array(fc.array(digits, { maxLength: 6 }), { maxLength: 4 }).map((groups) => {
    const body = Buffer.from([1, 2, 3, 4, 5, ...groups.flatMap((group) => [...group, 0xaa])])
    return Buffer.concat([Buffer.of(0xa0, 0xa0, body.length), body, Buffer.of(7, 0xe5)])
  }),
)

const data: Arbitrary<Buffer> = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(di, content).map(([item, rest]) => Buffer.concat([Buffer.from(item, 'hex').reverse(), rest])) },
  // PA in front of password, operator and body, or behind the identifier.
  fc.tuple(fc.option(di), fc.constantFrom(0x02, 0x98, 0x99), fc.uint8Array({ minLength: 7, maxLength: 7 }), content)
    .map(([item, level, credentials, rest]) => Buffer.concat([Buffer.from(item ?? '', 'hex').reverse(), Buffer.of(level), credentials, rest])),
  fc.uint8Array({ maxLength: 40 }).map((list) => Buffer.from(list)),
)

const control = fc.oneof({ weight: 6, arbitrary: fc.constantFrom(...Object.values(MESSAGES).map(([code]) => code as number)) }, byte).map(controlOf)
const address = fc.oneof(
  fc.array(digits, { minLength: 6, maxLength: 6 }).map(hex), fc.constantFrom('AAAAAAAAAAAA', '999999999999', 'AAAA12345678'),
  fc.array(byte, { minLength: 6, maxLength: 6 }).map(hex),
)

export const linkFrame: Arbitrary<LinkFrame> = fc.tuple(fc.option(fc.integer({ min: 1, max: 6 }), { nil: undefined }), address, control, data)
  .map(([leading, to, code, bytes]) => ({ ...(leading !== undefined && { leading }), address: to, control: code, data: bytes.subarray(0, 255) }))
