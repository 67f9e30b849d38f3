import { z } from 'zod'

/** An address as people type it, 1 to 12 decimal digits, turned into the canonical 12. */
export const AddressInput = z.string().trim().regex(/^[0-9]{1,12}$/, 'an address is 1 to 12 decimal digits')
  .describe('Decimal digits as printed on the device; shorter numbers are filled with leading zeros.')
  .transform((text) => text.padStart(12, '0'))

/** An address as the station answers it. */
export const AddressText = z.string().describe('12 decimal digits')

/** What people call a thing. Control characters would spoil logs, CSV files and terminals. */
export const ThingName = z.string().trim().min(1).max(200).regex(/^[^\p{Cc}]+$/u, 'control characters are not allowed')

export const UtcOffset = z.string()
  .regex(/^[+-](0[0-9]|1[0-3]):[0-5][0-9]$|^[+-]14:00$/, 'an offset looks like +08:00, from -14:00 to +14:00')
  .describe('Local time of the device, for example +08:00')

export const SECURITY_PROFILES = ['plain', 'sm', 'hardware'] as const
export const SecurityProfile = z.enum(SECURITY_PROFILES)
export type SecurityProfile = z.infer<typeof SecurityProfile>

/** An OAD of the wire, 8 hex digits, in any case; the canonical form is upper case. */
export const OadInput = z.string().regex(/^[0-9A-Fa-f]{8}$/, 'an OAD is 8 hex digits').transform((text) => text.toUpperCase())

/** A day of the device's local calendar. */
export const DayInput = z.iso.date().describe('Local day of the terminal, 2026-10-05')
export const MonthInput = z.string().regex(/^[0-9]{4}-(0[1-9]|1[0-2])$/, 'a month looks like 2026-10')

/**
 * An instant: ISO 8601 with offset or Z; without an offset, or as a bare date, it is local time of the device. A blank
 * before the offset is a `+` that was not escaped in the address line.
 */
export const InstantInput = z.string().trim().max(40)
  .regex(/^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}([.,]\d{1,9})?)?\s?(Z|[+-]?\d{2}(:?\d{2})?)?)?$/, 'an instant is ISO 8601, for example 2026-10-05T00:15:00+08:00')
  .describe('ISO 8601; without an offset it is local time of the terminal')

/** A list in the address line: `a,b,c`. */
export const commaList = <T extends z.ZodType<unknown, string>>(element: T, max = 100) =>
  z.string().max(4_000).transform((text) => text.split(',').map((part) => part.trim()).filter((part) => part !== '')).pipe(z.array(element).min(1).max(max))

/** `?flag=true`; z.coerce would take the text "false" for true. */
export const FlagInput = z.enum(['true', 'false', '1', '0']).transform((text) => text === 'true' || text === '1')

/** Size of a page. More than `max` is taken as `max`: the cursor tells where to go on. */
export const pageLimit = (standard: number, max: number) =>
  z.coerce.number().int().min(1).transform((n) => Math.min(n, max)).default(standard).describe(`Items in a page; at most ${max}`)

export const Cursor = z.string().max(400).describe('`nextCursor` of the page before')

export const pageOf = <T extends z.ZodType>(item: T) =>
  z.object({ items: z.array(item), nextCursor: z.string().nullable().describe('null at the end') })

/** Every error of the REST boundary. */
export const ErrorBody = z.object({
  code: z.string().describe('Machine-readable, see docs/errors.md'),
  message: z.string(),
  requestId: z.string().describe('Finds the log entry'),
  details: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
}).meta({ id: 'Error' })
export type ErrorBody = z.infer<typeof ErrorBody>
