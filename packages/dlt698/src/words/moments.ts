import type { DateOnly, DateTime, DateTimeS, Ti, TimeOnly } from '../data/index.js'

const part = (value: number, size: number): string => value === (size === 4 ? 0xffff : 0xff) ? '-'.repeat(size) : String(value).padStart(size, '0')
const dateText = ({ year, month, day }: { year: number; month: number; day: number }): string => `${part(year, 4)}-${part(month, 2)}-${part(day, 2)}`
const timeText = ({ hour, minute, second }: TimeOnly): string => `${part(hour, 2)}:${part(minute, 2)}:${part(second, 2)}`

/** ISO 8601 without zone, e.g. `2026-10-05T12:30:00`; parts the device left unspecified (FF) are dashes. The weekday is not shown. */
export function momentText(value: DateTimeS | DateTime): string {
  const millisecond = 'millisecond' in value && value.millisecond !== 0xffff ? `.${String(value.millisecond).padStart(3, '0')}` : ''
  return `${dateText(value)}T${timeText(value)}${millisecond}`
}

/** `2026-10-05`. */
export function dateOnlyText(value: DateOnly): string {
  return dateText(value)
}

/** `12:30:00`. */
export function timeOnlyText(value: TimeOnly): string {
  return timeText(value)
}

const UNITS: readonly (readonly [en: string, zh: string])[] = [['s', '秒'], ['min', '分'], ['h', '时'], ['d', '日'], ['month', '月'], ['year', '年']]

/** `15 min`; an unknown unit keeps its number. */
export function intervalText({ unit, value }: Ti, language: 'en' | 'zh' = 'en'): string {
  const [en, zh] = UNITS[unit] ?? [`(unit ${unit})`, `(单位${unit})`]
  return language === 'en' ? `${value} ${en}` : `${value}${zh}`
}
