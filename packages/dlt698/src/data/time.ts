import { sequence, u16be, u8 } from '@zhuzhan/codec'
import type { TypeOf } from '@zhuzhan/codec'

/** Raw numbers of the wire, local time. Unspecified parts are FF (year FFFF). Reference §2, §3 tag 28. */
export const DateTimeS = sequence({ year: u16be, month: u8, day: u8, hour: u8, minute: u8, second: u8 })
export type DateTimeS = TypeOf<typeof DateTimeS>

/** With weekday (1 Monday .. 6 Saturday; Sunday 0 or 7, UNSURE: never validated) and milliseconds. Tag 25. */
export const DateTime = sequence({
  year: u16be, month: u8, day: u8, weekday: u8, hour: u8, minute: u8, second: u8, millisecond: u16be,
})
export type DateTime = TypeOf<typeof DateTime>

/** Tag 26. */
export const DateOnly = sequence({ year: u16be, month: u8, day: u8, weekday: u8 })
export type DateOnly = TypeOf<typeof DateOnly>

/** Tag 27. */
export const TimeOnly = sequence({ hour: u8, minute: u8, second: u8 })
export type TimeOnly = TypeOf<typeof TimeOnly>

/** Time interval: unit 0 s, 1 min, 2 h, 3 day, 4 month, 5 year; value 0 is no interval. Tag 84. */
export const Ti = sequence({ unit: u8, value: u16be })
export type Ti = TypeOf<typeof Ti>
