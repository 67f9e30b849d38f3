import type { WideRows } from './wide-rows.js'

/** Columns of `reading` in the order in which `binaryRows` writes them. */
export const BINARY_COLUMNS = 'time, received_at, meter_id, shape, values, occurred'

const SIGNATURE = Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1')
/** Signature, flags, length of an extension. */
const HEAD = SIGNATURE.length + 8
/** A row's columns besides its values and moments, with the heads of both arrays. */
const ROW = 2 + 2 * 12 + 2 * 8 + 2 * 24
/** The widest decimal (40 digits before the point, 20 after it) with its length, and a moment with its own. */
const VALUE = 4 + 8 + 2 * 15 + 12
const TRAILER = 2

const NUMERIC = 1700
const TIMESTAMPTZ = 1184
const NEGATIVE = 0x4000
const MINUS = 45
const POINT = 46
/** 1 January 2000, which PostgreSQL counts from, in epoch ms. */
const EPOCH = 946_684_800_000

/**
 * Rows for `COPY reading (BINARY_COLUMNS) FROM STDIN (FORMAT binary)`. In this form the server has no text to take apart and stores decimals with
 * their digits as they came, trailing zeros too: PostgreSQL's numeric is digits to the base of 10,000, how many of them stand before the point
 * (less one), sign, and how many decimal places it shows.
 * @param numbers which rows
 * @param shapeIds ids in the table of `rows.shapes`
 */
export function binaryRows(rows: WideRows, numbers: readonly number[], shapeIds: readonly number[]): Buffer {
  const values = numbers.reduce((sum, row) => sum + rows.width(row), 0)
  const buffer = Buffer.allocUnsafe(HEAD + numbers.length * ROW + values * VALUE + TRAILER)
  const view = new DataView(buffer.buffer, buffer.byteOffset, buffer.length)
  let at = SIGNATURE.copy(buffer)
  const i16 = (value: number): void => {
    view.setInt16(at, value)
    at += 2
  }
  const i32 = (value: number): void => {
    view.setInt32(at, value)
    at += 4
  }
  const moment = (ms: number): void => {
    const micros = (ms - EPOCH) * 1_000
    i32(8)
    i32(Math.floor(micros / 2 ** 32))
    i32(micros % 2 ** 32)
  }
  /** One dimension, counted from 1. */
  const arrayHead = (type: number, length: number, nulls: 0 | 1): void => {
    i32(1)
    i32(nulls)
    i32(type)
    i32(length)
    i32(1)
  }
  const decimal = (text: string): void => {
    const negative = text.charCodeAt(0) === MINUS
    const first = negative ? 1 : 0
    const point = text.indexOf('.')
    const end = point < 0 ? text.length : point
    const places = point < 0 ? 0 : text.length - point - 1
    const before = (end - first + 3) >> 2
    const digits = before + ((places + 3) >> 2)
    i32(8 + 2 * digits)
    i16(digits)
    i16(before - 1)
    i16(negative ? NEGATIVE : 0)
    i16(places)
    // Groups of four are counted from the point to both sides.
    let group = 0
    let missing = before * 4 - (end - first)
    for (let n = first; n < text.length; n++) {
      const code = text.charCodeAt(n)
      if (code === POINT) continue
      if (code < 48 || code > 57) throw new RangeError(`not a decimal: ${text}`)
      group = group * 10 + code - 48
      if ((missing = (missing + 1) & 3) === 0) {
        i16(group)
        group = 0
      }
    }
    if (missing !== 0) i16(group * 10 ** (4 - missing))
  }

  i32(0)
  i32(0)
  for (const row of numbers) {
    i16(6)
    moment(rows.time(row))
    moment(rows.receivedAt(row))
    i32(4)
    i32(rows.meterId(row))
    i32(4)
    i32(shapeIds[rows.shapeIndex(row)] as number)
    // An array's length stands before it and is known behind it.
    const begin = at
    at += 4
    arrayHead(NUMERIC, rows.width(row), 0)
    rows.eachValue(row, decimal)
    view.setInt32(begin, at - begin - 4)
    const occurred = rows.occurred(row)
    if (!occurred) {
      i32(-1)
      continue
    }
    // Five numbers before the elements, a moment and its length 12 bytes, an empty place 4.
    const nulls = occurred.filter((ms) => ms === null).length
    i32(20 + 12 * occurred.length - 8 * nulls)
    arrayHead(TIMESTAMPTZ, occurred.length, nulls > 0 ? 1 : 0)
    for (const ms of occurred) {
      if (ms === null) i32(-1)
      else moment(ms)
    }
  }
  i16(-1)
  return buffer.subarray(0, at)
}
