import type pg from 'pg'
import { to as copyTo } from 'pg-copy-streams'
import { DAY_MS, ITEMS } from '../readings-table.js'

const [ENERGY] = ITEMS
const [SLOTS, STEP_MS] = [96, 900_000]
// Edits are few and looked at beside. Gathered by meter in PostgreSQL's own binary form the points leave the server for half of what rows of
// their own, or arrays, take.
const CURVES = (from: number): string => `COPY (SELECT meter_id, string_agg(timestamptz_send(time), ''), string_agg(numeric_send(value), '') FROM reading_value
  WHERE item = ${ENERGY} AND quality <> 'replay-unchecked' AND time BETWEEN '${new Date(from).toISOString()}' AND '${new Date(from + DAY_MS).toISOString()}' GROUP BY meter_id) TO STDOUT (FORMAT binary)`
const EDITS = `SELECT meter_id AS meter, (extract(epoch FROM time - $1) / 900)::int AS slot, (value * 100)::float8 AS digits FROM edited_value WHERE item = ${ENERGY} AND time BETWEEN $1 AND $2`
const POSTGRES_EPOCH = Date.UTC(2000, 0, 1)
/** Signature, flags and their extension before the first row. */
const FILE_HEAD = 19

/** Registers of one day of every meter, SLOTS + 1 each, as digits; by binary COPY, where nothing is turned into text. */
export async function dayOfAll(client: pg.PoolClient, meters: number, from: number): Promise<Float64Array> {
  const registers = new Float64Array(meters * (SLOTS + 1)).fill(NaN)
  let [rest, at]: [Buffer, number] = [Buffer.alloc(0), FILE_HEAD]
  for await (const chunk of client.query(copyTo(CURVES(from))) as AsyncIterable<Buffer>) {
    const data: Buffer = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk
    for (let end = endOfRow(data, at); end !== undefined; end = endOfRow(data, at)) {
      takeRow(data, at, from, registers)
      at = end
    }
    rest = data.subarray(Math.min(at, data.length))
    at = Math.max(0, at - data.length)
  }
  const { rows } = await client.query<{ meter: number; slot: number; digits: number | null }>(EDITS, [new Date(from), new Date(from + DAY_MS)])
  for (const { meter, slot, digits } of rows) registers[(meter - 1) * (SLOTS + 1) + slot] = digits ?? NaN
  return registers
}

/** Where the row at `at` ends; undefined when it is not whole yet, or the end of the file. */
function endOfRow(data: Buffer, at: number): number | undefined {
  if (data.length < at + 2 || data.readInt16BE(at) !== 3) return undefined
  let end = at + 2
  for (let field = 0; field < 3; field += 1) {
    if (data.length < end + 4) return undefined
    end += 4 + data.readInt32BE(end)
  }
  return data.length < end ? undefined : end
}

function takeRow(data: Buffer, at: number, from: number, registers: Float64Array): void {
  const first = (data.readInt32BE(at + 6) - 1) * (SLOTS + 1)
  const begin = at + 14
  const end = begin + data.readInt32BE(begin - 4)
  let value = end + 4
  for (let time = begin; time < end; time += 8) {
    const micros = data.readInt32BE(time) * 2 ** 32 + data.readUInt32BE(time + 4)
    registers[first + (micros / 1_000 + POSTGRES_EPOCH - from) / STEP_MS] = hundredths(data, value)
    value += 8 + 2 * data.readInt16BE(value)
  }
}

/** A numeric as PostgreSQL sends it: digits to the base 10,000. @returns a count of hundredths */
function hundredths(data: Buffer, at: number): number {
  const [digits, weight] = [data.readInt16BE(at), data.readInt16BE(at + 2)]
  let value = 0
  for (let n = 0; n < Math.max(digits, weight + 2); n += 1) if (n <= weight + 1) value = value * 10_000 + (n < digits ? data.readUInt16BE(at + 8 + 2 * n) : 0)
  // Up to the first four decimals, of which a register of two shows two.
  return value / 100
}
