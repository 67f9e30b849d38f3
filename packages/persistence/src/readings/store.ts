import type { ReadingColumns } from '@zhuzhan/contracts'
import type pg from 'pg'
import { insertRows } from './insert-rows.js'
import type { TouchedDays } from './insert-rows.js'
import { mergeRows } from './merge-rows.js'
import type { Late } from './merge-rows.js'
import type { Partitions } from './partitions.js'
import { ensureShapes } from './shapes.js'
import { wideRows } from './wide-rows.js'
import type { WideRows } from './wide-rows.js'

export interface StoreResult {
  /** Values, as all counts here. */
  stored: number
  /** Values that were there already. */
  repeated: number
  /** Values whose identity exists with another value; kept in reading_conflict. */
  conflicts: number
  /** Addresses without a row in the registry; their rows were not stored and the caller must not lose them. */
  unknownMeters: string[]
}

/** Ids of registered meters by address. */
export type MeterIds = Pick<ReadonlyMap<string, number>, 'get'>

/** A shape may be made by somebody else or vanish with a restore between two steps. Hardly ever once, never often. */
const MAX_ROUNDS = 5

/**
 * Stores one batch, or several in one go. Redelivery is harmless: the identity meter + time + item is unique, equal values are counted as
 * repeated, other values for a known identity go to reading_conflict. New rows are one transaction; rows whose meter and time exist are merged
 * after it under their locks. Cut off in between, the batches come again and find their rows.
 * @param touched noted in the transactions that change rows, for whoever computes days' figures
 */
export async function storeReadings(
  pool: pg.Pool, partitions: Partitions, batches: readonly ReadingColumns[], meterIds: MeterIds, touched: TouchedDays = { meterIds: [], days: [] },
): Promise<StoreResult> {
  const rows = wideRows(batches, meterIds)
  const { firsts } = rows
  const result: StoreResult = { stored: 0, repeated: 0, conflicts: 0, unknownMeters: rows.unknownMeters }
  if (firsts.length === 0) return result
  await partitions.ensure(rows.times)
  await ensureShapes(pool, rows.shapes)
  const left = new Set(await insertRows(pool, rows, touched))
  let values = 0
  for (const [place, row] of firsts.entries()) {
    values += rows.width(row)
    if (!left.has(place)) result.stored += rows.width(row)
  }
  for (const more of rows.others.values()) for (const row of more) values += rows.width(row)
  await mergeLate(pool, lateValues(rows, left), touched, result)
  result.repeated = values - result.stored - result.conflicts
  return result
}

/** Keys whose row exists, and what a batch says a second time of a row it has just made. */
function lateValues(rows: WideRows, left: ReadonlySet<number>): Late[] {
  return [...new Set([...left, ...rows.others.keys()])].map((place) => {
    const first = rows.firsts[place] as number
    const more = rows.others.get(place) ?? []
    return { meterId: rows.meterId(first), time: rows.time(first), elements: (left.has(place) ? [first, ...more] : more).flatMap(rows.elements) }
  })
}

async function mergeLate(pool: pg.Pool, late: readonly Late[], touched: TouchedDays, result: StoreResult): Promise<void> {
  if (late.length === 0) return
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    const { stored, conflicts, missing, gone } = await mergeRows(pool, late, touched).catch(async (error: unknown) => {
      await ensureShapes(pool, [], true)
      throw error
    })
    await ensureShapes(pool, missing)
    if (missing.length > 0) continue
    result.stored += stored
    result.conflicts += conflicts
    if (gone.length === 0) return
    // Neither inserted nor there: its shape was unknown to the table, or its row was removed just now. The batch comes again.
    await ensureShapes(pool, [], true)
    throw new Error(`${gone.length} rows were neither new nor there`)
  }
  throw new Error('the shapes of the merged rows keep vanishing')
}
