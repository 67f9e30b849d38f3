import { EncodeError } from '@zhuzhan/codec'
import type { Bcd, Codec } from '@zhuzhan/codec'
import { digitText, hexOfNoDigits, noDigits } from './digits.js'

/** Years have two digits on the wire; they are read as 20YY. */

/** Format A.15: minute, hour, day, month, year. Reference §A14. */
export const A15: Codec<Bcd> = digitText('20##-##-## ##:##')
/** Format A.16: second, minute, hour, day. */
export const A16: Codec<Bcd> = digitText('## ##:##:##')
/** Format A.17: minute, hour, day, month. */
export const A17: Codec<Bcd> = digitText('##-## ##:##')
/** Format A.18: minute, hour, day. */
export const A18: Codec<Bcd> = digitText('## ##:##')
/** Format A.19: minute, hour. */
export const A19: Codec<Bcd> = digitText('##:##')
/** Format A.20: day, month, year. */
export const A20: Codec<Bcd> = digitText('20##-##-##')
/** Format A.21: month, year. */
export const A21: Codec<Bcd> = digitText('20##-##')
/** Format A.24: day, hour; the only one that the table writes with the day first. */
export const A24: Codec<Bcd> = digitText('## ##', 'as-written')
/** Second, minute, hour, day, month, year, as 1376.2 sends a moment. Reference §B3. */
export const Moment: Codec<Bcd> = digitText('20##-##-## ##:##:##')

/** A clock with its weekday, 1 to 7; 0 is invalid in one reading and Sunday in a capture (UNSURE). */
export type Clock = { time: string; weekday: number } | { missing: string } | { notBcd: string }

/** Format A.1: second, minute, hour, day, month with weekday in its D7-D5, year. Reference §A14. */
export const A1: Codec<Clock> = {
  read: (r) => {
    const hex = r.hexReversed(6)
    const mixed = Number.parseInt(hex.slice(2, 4), 16)
    const month = (mixed & 0x1f).toString(16).padStart(2, '0')
    const digits = hex.slice(0, 2) + month + hex.slice(4)
    if (!/^\d+$/.test(digits)) return noDigits(hex)
    const [year, , day, hour, minute, second] = digits.match(/../g)!
    return { time: `20${year}-${month}-${day} ${hour}:${minute}:${second}`, weekday: mixed >> 5 }
  },
  write: (w, value) => {
    if (!('time' in value)) return w.hexReversed(hexOfNoDigits(value, 6))
    const [, year, month, ...rest] = /^20(\d\d)-([01]\d)-(\d\d) (\d\d):(\d\d):(\d\d)$/.exec(value.time) ?? []
    if (month === undefined) throw new EncodeError('time', 'digits like 20##-##-## ##:##:##')
    if (!Number.isInteger(value.weekday) || value.weekday < 0 || value.weekday > 7) throw new EncodeError('weekday', '0 to 7')
    const mixed = ((value.weekday << 5) | Number.parseInt(month, 16)).toString(16).padStart(2, '0')
    w.hexReversed(year + mixed + rest.join(''))
  },
}
