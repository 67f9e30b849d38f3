import { HesError, errorText } from '@zhuzhan/core'
import { ReadingColumns } from '@zhuzhan/contracts'
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

/** The given rows of a batch, in the given order; the dictionary stays. */
export function rowsOf(columns: ReadingColumns, rows: readonly number[]): ReadingColumns {
  const pick = <T>(column: readonly T[]): T[] => rows.map((row) => column[row] as T)
  return {
    meters: columns.meters,
    meter: pick(columns.meter),
    item: pick(columns.item),
    time: pick(columns.time),
    value: pick(columns.value),
    quality: pick(columns.quality),
    source: pick(columns.source),
    occurredAt: pick(columns.occurredAt),
    receivedAt: columns.receivedAt,
  }
}

export interface JudgedRows {
  known: number[]
  /** Rows that cannot be stored, with the reason. */
  refused: { row: number; reason: string }[]
}

/** Tells rows that can be stored from others. @param meters registered ones by address */
export function judgeRows(columns: ReadingColumns, meters: ReadonlyMap<string, unknown>): JudgedRows {
  const registered = columns.meters.map((address) => meters.has(address))
  const known: number[] = []
  const refused: JudgedRows['refused'] = []
  const inside = (time: number | null | undefined): boolean => time == null || (time >= EARLIEST && time < LATEST)
  for (let row = 0; row < columns.meter.length; row++) {
    if (!registered[columns.meter[row] as number]) refused.push({ row, reason: 'no meter with this address is registered' })
    else if (!inside(columns.time[row]) || !inside(columns.occurredAt[row])) refused.push({ row, reason: 'a time outside 2000 to 2100' })
    else known.push(row)
  }
  return { known, refused }
}
