import { HesError } from '@zhuzhan/core'
import { DateTime, FixedOffsetZone } from 'luxon'

/**
 * The instant of a text `InstantInput` let through; without an offset it is local time at `offsetMinutes`.
 * @throws HesError BODY_INVALID naming the field, for dates that do not exist
 */
export function instantOf(text: string | undefined, offsetMinutes: number, path: string): Date | undefined {
  if (text === undefined) return undefined
  // `+` is a blank in an address line that was not escaped.
  const iso = text.replace(/^(\d{4}-\d{2}-\d{2}) /, '$1T').replace(/\s(?=\d{2}(:?\d{2})?$)/, '+').replace(/\s/g, '').replace(',', '.')
  const instant = DateTime.fromISO(iso, { zone: FixedOffsetZone.instance(offsetMinutes) })
  if (!instant.isValid) throw new HesError('BODY_INVALID', `'${text}' is no instant`, { path })
  return instant.toJSDate()
}

/** The day it is at `offsetMinutes`, like 2026-10-05, plus some days. */
export function localDay(now: number, offsetMinutes: number, plusDays = 0): string {
  return new Date(now + offsetMinutes * 60_000 + plusDays * 86_400_000).toISOString().slice(0, 10)
}
