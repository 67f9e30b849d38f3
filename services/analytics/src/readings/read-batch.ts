import { HesError, errorText } from '@zhuzhan/core'
import { ReadingColumns, readingsOf, toColumns } from '@zhuzhan/contracts'
import type { Reading } from '@zhuzhan/contracts'
import { decodeBatch } from '@zhuzhan/queues'

/** Rows outside are refused: a device whose clock is that wrong says nothing about energy, and PostgreSQL's calendar ends. */
export const EARLIEST = Date.UTC(2000, 0, 1)
export const LATEST = Date.UTC(2100, 0, 1)

/** The columns of one job. @throws HesError READING_REFUSED when they are none */
export function readBatch(batch: string): ReadingColumns {
  let unchecked: unknown
  try {
    unchecked = decodeBatch(batch)
  } catch (error) {
    throw new HesError('READING_REFUSED', errorText(error), {}, { cause: error })
  }
  const parsed = ReadingColumns.safeParse(unchecked)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw new HesError('READING_REFUSED', `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'does not fit'}`)
}

export interface Refused {
  reading: Reading
  reason: string
}

export interface JudgedBatch {
  /** What can be stored. */
  known: ReadingColumns
  refused: Refused[]
}

/** Tells readings that can be stored from others. @param meters registered ones by address */
export function judgeBatch(columns: ReadingColumns, meters: Pick<ReadonlyMap<string, unknown>, 'has'>): JudgedBatch {
  // The dictionaries tell at once whether there is anything to refuse; hardly ever is there.
  if (columns.meters.every((address) => meters.has(address)) && columns.times.every(inside) && columns.occurred.at.every(inside)) return { known: columns, refused: [] }
  const known: Reading[] = []
  const refused: Refused[] = []
  for (const reading of readingsOf(columns)) {
    if (!meters.has(reading.meter)) refused.push({ reading, reason: 'no meter with this address is registered' })
    else if (!inside(reading.time) || (reading.occurredAt !== undefined && !inside(reading.occurredAt))) refused.push({ reading, reason: 'a time outside 2000 to 2100' })
    else known.push(reading)
  }
  return { known: toColumns(known, columns.receivedAt), refused }
}

const inside = (time: number): boolean => time >= EARLIEST && time < LATEST
