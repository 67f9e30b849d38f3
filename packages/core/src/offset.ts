import { HesError } from './errors.js'

/** The wire's local time unless a terminal's record says otherwise. */
export const DEFAULT_UTC_OFFSET = '+08:00'

const OFFSET = /^([+-])(\d{2}):(\d{2})$/

/** `+08:00` to minutes (480). @throws HesError BODY_INVALID */
export function offsetMinutes(text: string): number {
  const match = OFFSET.exec(text)
  const minutes = match ? Number(match[2]) * 60 + Number(match[3]) : Number.NaN
  if (!match || Number(match[3]) > 59 || minutes > 14 * 60) throw new HesError('BODY_INVALID', `'${text}' is not an offset like +08:00`)
  return match[1] === '-' ? -minutes : minutes
}

/** 480 to `+08:00`. */
export function offsetText(minutes: number): string {
  const abs = Math.abs(minutes)
  return `${minutes < 0 ? '-' : '+'}${String(Math.trunc(abs / 60)).padStart(2, '0')}:${String(abs % 60).padStart(2, '0')}`
}

/** ISO 8601 with the given offset, milliseconds only when there are some: `2026-10-05T00:15:00+08:00`. */
export function isoWithOffset(epochMs: number, minutes: number): string {
  const local = new Date(epochMs + minutes * 60_000).toISOString()
  const plain = local.endsWith('.000Z') ? local.slice(0, 19) : local.slice(0, 23)
  return plain + offsetText(minutes)
}
