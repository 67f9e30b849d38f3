import { DerError, TAG } from '../der/reader.js'
import type { DerReader } from '../der/reader.js'
import { der } from '../der/writer.js'

/** UTCTime up to 2049, GeneralizedTime from 2050 on (RFC 5280 §4.1.2.5). @param ms Unix time, whole seconds are kept. @throws RangeError before 1950 */
export function encodeTime(ms: number): Buffer {
  if (ms < Date.UTC(1950, 0, 1)) throw new RangeError('certificates know no time before 1950')
  const text = `${new Date(ms).toISOString().replace(/[-:T]/g, '').slice(0, 14)}Z`
  return Number(text.slice(0, 4)) < 2050 ? der(TAG.utcTime, Buffer.from(text.slice(2))) : der(TAG.generalizedTime, Buffer.from(text))
}

/** @returns Unix time in ms. @throws DerError for a time that is not whole seconds in UTC, or no day of the calendar */
export function readTime(reader: DerReader): number {
  const { tag, value } = reader.take()
  const text = Buffer.from(value).toString('latin1')
  const match =
    tag === TAG.utcTime
      ? /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(text)
      : tag === TAG.generalizedTime
        ? /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(text)
        : null
  if (!match) throw new DerError('not a UTC time')
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1).map(Number)
  const full = tag === TAG.utcTime ? (year < 50 ? 2000 + year : 1900 + year) : year
  const ms = Date.UTC(full, month - 1, day, hour, minute, second)
  // Date.UTC takes the 31st of February for the 3rd of March.
  if (full < 100 || new Date(ms).getUTCMonth() !== month - 1 || hour > 23 || minute > 59 || second > 59)
    throw new DerError('no time of the calendar')
  return ms
}

/** Is a next element a time? */
export const isTime = (tag: number | undefined): boolean => tag === TAG.utcTime || tag === TAG.generalizedTime
