import { catalogueRow } from '@zhuzhan/dlt698'
import { momentOf, momentWithWeekday } from './moments.js'
import { BuildError, hexDigits, jsonOf, wholeNumber } from './recipe.js'

/** A value of DL/T 698.45 as JSON has it, `{type, …}`. */
type DataJson = { type: string } & Record<string, unknown>

const INTEGERS = new Set(['double-long', 'double-long-unsigned', 'integer', 'long', 'unsigned', 'long-unsigned', 'enum'])
const WIDE = new Set(['long64', 'long64-unsigned'])
const HEX = new Set(['octet-string', 'mac', 'rn'])

const EXAMPLES = "long-unsigned:5, octet-string:0102, visible-string:abc, date-time-s:2026-11-22T16:05:09, bool:true, null, or JSON like '{\"type\":\"enum\",\"value\":1}'"

/**
 * A value as people write it: `type:value`, JSON as decode prints it, `null`; and a plain decimal for an attribute
 * whose type and scaler the catalogue knows (`230.1` for 20000201 is a long-unsigned 2301).
 *
 * @throws BuildError with examples
 */
export function dataOf(text: string, now: Date, oad?: string): DataJson {
  if (text === 'null') return { type: 'null' }
  if (text.startsWith('{')) return objectOf(jsonOf(text, 'value'))
  const [, type, value] = /^([a-z][a-z0-9-]*):(.*)$/s.exec(text) ?? []
  if (type !== undefined && value !== undefined) return typed(type, value, now)
  const row = oad === undefined ? undefined : catalogueRow(oad)
  if (row !== undefined) return typed(row.type, unscaled(text, row.scaler), now)
  throw new BuildError(`the value '${text}' needs its type, like ${EXAMPLES}`)
}

function objectOf(value: unknown): DataJson {
  if (typeof value === 'object' && value !== null && typeof (value as { type?: unknown }).type === 'string') return value as DataJson
  throw new BuildError(`a value in JSON has a type, like ${EXAMPLES}`)
}

function typed(type: string, value: string, now: Date): DataJson {
  if (INTEGERS.has(type)) return { type, value: integer(value, type) }
  if (WIDE.has(type)) return { type, value: String(integer(value, type)) }
  if (HEX.has(type)) return { type, hex: value === '' ? '' : hexDigits(value, type) }
  switch (type) {
    case 'bool': return { type, value: value === 'true' || value === '1' }
    case 'visible-string': case 'utf8-string': return { type, text: value }
    case 'date-time-s': return { type, value: momentOf(value, type, now) }
    case 'date-time': return { type, value: momentWithWeekday(value, type, now) }
    case 'oi': return { type, oi: hexDigits(value, type, 2) }
    case 'oad': return { type, oad: hexDigits(value, type, 4) }
    case 'omd': return { type, omd: hexDigits(value, type, 4) }
    case 'bit-string': return { type, bits: value.length, hex: bitsAsHex(value) }
    default: throw new BuildError(`no short form for the type '${type}'; write it like ${EXAMPLES}`)
  }
}

function integer(text: string, type: string): number {
  if (!/^-?\d{1,20}$/.test(text)) throw new BuildError(`${type}: a whole number, not '${text}'`)
  return Number(text)
}

function bitsAsHex(text: string): string {
  if (!/^[01]{1,64}$/.test(text)) throw new BuildError(`bit-string: bits like 10000000, not '${text}'`)
  return text.padEnd(Math.ceil(text.length / 8) * 8, '0').replace(/[01]{8}/g, (byte) => Number.parseInt(byte, 2).toString(16).padStart(2, '0')).toUpperCase()
}

/** A decimal without its scaler: `230.1` with -1 is `2301`. Never through floating point. */
function unscaled(text: string, scaler: number): string {
  const [, sign, whole, fraction = ''] = /^(-?)(\d+)(?:\.(\d*))?$/.exec(text) ?? []
  if (whole === undefined || scaler >= 0) return text
  if (fraction.length > -scaler) throw new BuildError(`'${text}' has more than ${-scaler} digits behind the point`)
  return `${sign}${(whole + fraction.padEnd(-scaler, '0')).replace(/^0+(?=\d)/, '')}`
}

/** A PIID of a client. @throws BuildError */
export function piidOf(text: string | undefined): { priority: boolean; acd: boolean; number: number } {
  return { priority: false, acd: false, number: wholeNumber(text ?? '1', '--piid', 0, 63) }
}
