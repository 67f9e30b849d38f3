import { z } from 'zod'
import { column, count, isDecimal, isTime } from './reading-column.js'
import { QUALITIES, SOURCES } from './readings.js'
import type { Reading } from './readings.js'

/** The former form of a job, one row a value, still read for the sake of jobs that waited in a queue while the station was upgraded. */
export const NarrowColumns = z.object({
  meters: z.array(z.string().regex(/^[0-9]{12}$/)).max(65_536),
  meter: count(65_535),
  item: count(0xffff_ffff),
  time: column<number>('epoch milliseconds', isTime),
  value: column<string>('decimal numbers', isDecimal),
  quality: count(QUALITIES.length - 1),
  source: count(SOURCES.length - 1),
  occurredAt: column<number | null>('epoch milliseconds or null', (value) => value === null || isTime(value)),
  receivedAt: z.number().int(),
}).superRefine((columns, context) => {
  const rows = columns.meter.length
  for (const name of ['item', 'time', 'value', 'quality', 'source', 'occurredAt'] as const) {
    if (columns[name].length !== rows) context.addIssue({ code: 'custom', path: [name], message: `has ${columns[name].length} rows, meter has ${rows}` })
  }
  const known = columns.meters.length
  if (columns.meter.some((index) => index >= known)) context.addIssue({ code: 'custom', path: ['meter'], message: 'names a meter outside the dictionary' })
})
export type NarrowColumns = z.output<typeof NarrowColumns>

/** Its readings, one by one. */
export function readingsOfNarrow(columns: NarrowColumns): Reading[] {
  return columns.meter.map((meter, row) => {
    const occurredAt = columns.occurredAt[row]
    return {
      meter: columns.meters[meter] as string,
      item: columns.item[row] as number,
      time: columns.time[row] as number,
      value: columns.value[row] as string,
      quality: QUALITIES[columns.quality[row] as number] as Reading['quality'],
      source: SOURCES[columns.source[row] as number] as Reading['source'],
      ...(occurredAt == null ? {} : { occurredAt }),
    }
  })
}
