import { readingsPage } from '@zhuzhan/persistence'
import type { MeterView, ReadingFilter } from '@zhuzhan/persistence'
import type pg from 'pg'
import { csvLine } from '../http/csv.js'
import { readingAnswer } from './answer.js'

const HEAD = ['meter', 'item', 'name', 'time', 'value', 'unit', 'quality', 'source', 'occurredAt', 'receivedAt'] as const
/** Negative values are numbers, not formulas. */
const NUMERIC = new Set([HEAD.indexOf('value')])
const PAGE = 5_000

/** All readings of the filter as CSV, page after page as fast as the caller reads. */
export async function* readingsCsv(pool: pg.Pool, meter: MeterView, filter: ReadingFilter): AsyncGenerator<string> {
  yield csvLine(HEAD)
  let after = filter.after
  for (;;) {
    const { rows, more } = await readingsPage(pool, { ...filter, after, limit: PAGE })
    yield rows.map((row) => {
      const reading = readingAnswer(meter.address, meter.utcOffsetMinutes, row)
      return csvLine(HEAD.map((name) => reading[name]), NUMERIC)
    }).join('')
    const last = rows.at(-1)
    if (!more || !last) return
    after = last
  }
}
