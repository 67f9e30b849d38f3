import type { Samples } from '@zhuzhan/energy-audit'
import type pg from 'pg'
import type { LocalDay } from '@zhuzhan/core'

/** Quarter hours of a day, and the quantities packed: three voltages, three currents, the total power factor. */
export const SLOTS = 96
export const CURVE_ITEMS = [0x20000201, 0x20000202, 0x20000203, 0x20010201, 0x20010202, 0x20010203, 0x200a0201] as const

const NOTHING = -(2 ** 31)
const LARGEST = 2 ** 31 - 1
const MOST_DECIMALS = 9
/** Place in CURVE_ITEMS, decimals, 96 whole numbers of four bytes. */
const SERIES_BYTES = 2 + 4 * SLOTS

const STORE = `INSERT INTO day_curve (meter_id, day, points, recollected, registers, received_at, series) SELECT meter_id, $2::date, points, recollected, registers, received_at, decode(series, 'hex')
  FROM jsonb_to_recordset($1::jsonb) AS r (meter_id int, points int, recollected int, registers jsonb, received_at timestamptz, series text)
  ON CONFLICT (meter_id, day) DO UPDATE SET points = excluded.points, recollected = excluded.recollected, registers = excluded.registers, received_at = excluded.received_at, series = excluded.series
  WHERE (day_curve.points, day_curve.recollected, day_curve.registers, day_curve.received_at, day_curve.series) IS DISTINCT FROM (excluded.points, excluded.recollected, excluded.registers, excluded.received_at, excluded.series)`

/** What a closed day's quarter hours showed. */
export interface DayCurve {
  /** Registers on quarter hours 0 to 95, and how many of them were read again. */
  points: number
  recollected: number
  /** Frozen at the day's begin: decimal texts by item. */
  registers: Record<string, string>
  receivedAt: Date | null
  series: Buffer
}

/** @param values by place in CURVE_ITEMS: slots 0 to 95 with their decimal texts; other slots are left out */
export function packSeries(values: ReadonlyMap<number, readonly (readonly [slot: number, text: string])[]>): Buffer {
  const parts = [...values].flatMap(([place, pairs]) => {
    const own = pairs.filter(([slot]) => slot >= 0 && slot < SLOTS)
    if (own.length === 0) return []
    const part = Buffer.alloc(SERIES_BYTES)
    let decimals = own.reduce((most, [, text]) => Math.max(most, text.includes('.') ? text.length - text.indexOf('.') - 1 : 0), 0)
    const largest = own.reduce((most, [, text]) => Math.max(most, Math.abs(Number(text))), 0)
    decimals = Math.min(decimals, MOST_DECIMALS)
    while (decimals > 0 && largest * 10 ** decimals > LARGEST) decimals -= 1
    part.writeUInt8(place, 0)
    part.writeUInt8(decimals, 1)
    for (let slot = 0; slot < SLOTS; slot += 1) part.writeInt32LE(NOTHING, 2 + 4 * slot)
    for (const [slot, text] of own) part.writeInt32LE(Math.max(-LARGEST, Math.min(LARGEST, Math.round(Number(text) * 10 ** decimals))), 2 + 4 * slot)
    return [part]
  })
  return Buffer.concat(parts)
}

/** Days of a month as columns. @param begin of the month, epoch ms @param packed by day of the month, from 0 */
export function unpackMonth(begin: number, days: number, packed: readonly (Buffer | undefined)[]): Samples {
  const columns: (Float64Array | undefined)[] = CURVE_ITEMS.map(() => undefined)
  for (let day = 0; day < days; day += 1) {
    const series = packed[day]
    for (let at = 0; series && at < series.length; at += SERIES_BYTES) {
      const place = series[at] as number
      const column = columns[place] ?? new Float64Array(days * SLOTS).fill(NaN)
      columns[place] = column
      unpackSeries(series, at, column, day * SLOTS)
    }
  }
  if (columns.every((column) => column === undefined)) return { time: new Float64Array(0), volts: [], amps: [], powerFactor: undefined }
  const phases = (first: number): Float64Array[] => {
    const own = columns.slice(first, first + 3)
    return Array.from({ length: own.findLastIndex((column) => column !== undefined) + 1 }, (_, phase) => own[phase] ?? new Float64Array(days * SLOTS).fill(NaN))
  }
  return { time: quarterHours(begin, days), volts: phases(0), amps: phases(3), powerFactor: columns[6] }
}

function unpackSeries(series: Buffer, at: number, column: Float64Array, first: number): void {
  const scale = 10 ** (series[at + 1] as number)
  // Not by the buffer's own methods: they take longer than the numbers, some thousands a meter.
  const view = new DataView(series.buffer, series.byteOffset, series.byteLength)
  for (let slot = 0, byte = at + 2; slot < SLOTS; slot += 1, byte += 4) {
    const digits = view.getInt32(byte, true)
    if (digits !== NOTHING) column[first + slot] = digits / scale
  }
}

/** Begins of a month's quarter hours. The last asked for are kept: a run over one month asks for the same again and again. Never written to. */
let kept: { key: string; times: Float64Array } | undefined
export function quarterHours(begin: number, days: number): Float64Array {
  const key = `${begin} ${days}`
  if (kept?.key === key) return kept.times
  const times = new Float64Array(days * SLOTS)
  for (let n = 0; n < times.length; n += 1) times[n] = begin + n * 900_000
  kept = { key, times }
  return times
}

export async function storeCurves(client: pg.ClientBase, day: LocalDay, curves: readonly ({ meterId: number } & DayCurve)[]): Promise<void> {
  if (curves.length === 0) return
  await client.query(STORE, [JSON.stringify(curves.map(({ meterId, receivedAt, series, ...counts }) => ({ ...counts, meter_id: meterId, received_at: receivedAt, series: series.toString('hex') }))), day])
}
