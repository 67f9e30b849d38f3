import { oadNumber } from '@zhuzhan/core'
import type { ReadingQuery } from '@zhuzhan/contracts'
import type { MeterView, ReadingFilter, ReadingKey, ReadingView } from '@zhuzhan/persistence'
import { z } from 'zod'
import { instantOf } from '../http/instants.js'
import { decodeCursor } from '../http/paging.js'

/** Cursor of a list of readings: time, item, rank, value. */
const Key = z.tuple([z.number().int(), z.number().int().min(0).max(0xffff_ffff), z.union([z.literal(0), z.literal(1)]), z.string().regex(/^-?\d+(\.\d+)?$/)])

export function readingKey({ time, item, rank, value }: ReadingView): readonly [number, number, number, string] {
  return [time.getTime(), item, rank, value]
}

/** The words of the address line as a filter of the tables. @throws HesError BODY_INVALID */
export function readingFilter(meter: MeterView, query: z.output<typeof ReadingQuery>): ReadingFilter {
  const { quality } = query
  const listed = quality === undefined || quality === 'all' ? undefined : quality.filter((one) => one !== 'conflict')
  return {
    meterId: meter.id,
    from: instantOf(query.from, meter.utcOffsetMinutes, 'from'),
    to: instantOf(query.to, meter.utcOffsetMinutes, 'to'),
    items: query.item?.map(oadNumber),
    qualities: listed,
    conflicts: quality === 'all' || (quality?.includes('conflict') ?? false),
    after: keyOf(query.cursor),
    limit: query.limit,
  }
}

function keyOf(cursor: string | undefined): ReadingKey | undefined {
  const key = decodeCursor(Key, cursor)
  return key && { time: new Date(key[0]), item: key[1], rank: key[2], value: key[3] }
}
