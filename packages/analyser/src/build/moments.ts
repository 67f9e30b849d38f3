import { dateTimeSToEpoch, epochToDateTime, epochToDateTimeS } from '@zhuzhan/dlt698'
import type { DateTime, DateTimeS } from '@zhuzhan/dlt698'
import { BuildError } from './recipe.js'

/** The wire's local time is that of China unless a device says otherwise. */
export const LOCAL_OFFSET_MINUTES = 480

const MOMENT = /^(\d{4})-(\d\d)-(\d\d)(?:[ T](\d\d):(\d\d)(?::(\d\d))?)?$/

/** `2026-11-22`, `2026-11-22 16:05`, `2026-11-22T16:05:09` or `now`, device-local time. @throws BuildError */
export function momentOf(text: string, what: string, now: Date): DateTimeS {
  if (text === 'now') return epochToDateTimeS(now.getTime(), LOCAL_OFFSET_MINUTES)
  const parts = MOMENT.exec(text)?.slice(1).map((part) => Number(part ?? '0'))
  if (parts === undefined) throw new BuildError(`${what}: a moment like 2026-11-22T16:05:09 or now, not '${text}'`)
  const [year, month, day, hour, minute, second] = parts as [number, number, number, number, number, number]
  const moment = { year, month, day, hour, minute, second }
  if (dateTimeSToEpoch(moment, 0) === undefined) throw new BuildError(`${what}: there is no ${text}`)
  return moment
}

/** With weekday and milliseconds. @throws BuildError */
export function momentWithWeekday(text: string, what: string, now: Date): DateTime {
  if (text === 'now') return epochToDateTime(now.getTime(), LOCAL_OFFSET_MINUTES)
  return epochToDateTime(dateTimeSToEpoch(momentOf(text, what, now), 0)!, 0)
}

/** As text in the form of ISO 8601, cut after seconds, minutes or days. @throws BuildError */
export function momentText(text: string, what: string, now: Date, parts: 'seconds' | 'minutes' | 'days' = 'seconds'): string {
  const { year, month, day, hour, minute, second } = momentOf(text, what, now)
  const two = (part: number) => String(part).padStart(2, '0')
  const whole = `${String(year).padStart(4, '0')}-${two(month)}-${two(day)}T${two(hour)}:${two(minute)}:${two(second)}`
  return whole.slice(0, { seconds: 19, minutes: 16, days: 10 }[parts])
}

const UNITS = { s: 0, sec: 0, min: 1, m: 1, h: 2, hour: 2, d: 3, day: 3, month: 4, year: 5 } as const

/** `15min`, `1h`, `1day`, `1month` as a TI. @throws BuildError */
export function intervalOf(text: string, what: string): { unit: number; value: number } {
  const [, value, unit = ''] = /^(\d{1,5})\s*([a-z]+)$/.exec(text) ?? []
  if (!Object.hasOwn(UNITS, unit) || Number(value) > 0xffff) throw new BuildError(`${what}: an interval like 15min, 1h, 1day or 1month, not '${text}'`)
  return { unit: UNITS[unit as keyof typeof UNITS], value: Number(value) }
}
