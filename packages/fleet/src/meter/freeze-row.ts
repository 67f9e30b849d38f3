import { epochToDateTimeS } from '@zhuzhan/dlt698'
import type { Data, Oad } from '@zhuzhan/dlt698'
import { freezeNumber } from './freezes.js'
import type { Freeze } from './freezes.js'
import type { Meter } from './meter.js'
import { isDemand, measured } from './objects.js'

export const FREEZE_TIME = '20210200'
export const FREEZE_NUMBER = '20230200'

const NULL: Data = { type: 'null' }

/**
 * One cell of a freeze row. `stamp` is the time by the meter's clock, `skew` how far that clock is ahead: the values
 * are those of the true moment. NULL for what this freeze does not hold. Reference §3.4.
 */
export function frozenCell(meter: Meter, freeze: Freeze, oad: Oad, stamp: number, skew = 0): Data {
  if (oad === FREEZE_TIME) return { type: 'date-time-s', value: epochToDateTimeS(stamp, meter.zone) }
  if (oad === FREEZE_NUMBER) return { type: 'double-long-unsigned', value: freezeNumber(freeze, meter, stamp) }
  if (isDemand(oad) && !freeze.demand) return NULL
  return measured(meter, oad, stamp - skew) ?? NULL
}

/** Columns a freeze returns when none are asked for (empty RCSD, reference §3.4). */
export function standardColumns(freeze: Freeze): Oad[] {
  const columns = [FREEZE_NUMBER, FREEZE_TIME, '00100200', '00200200']
  return freeze.demand ? [...columns, '10100200'] : [...columns, '20000200', '20010200', '20040200', '200A0200']
}

/** A row for tests and for people: column to value. */
export function freezeRow(meter: Meter, freeze: Freeze, stamp: number, columns: readonly Oad[] = standardColumns(freeze)): Record<Oad, Data> {
  return Object.fromEntries(columns.map((oad) => [oad, frozenCell(meter, freeze, oad, stamp)]))
}
