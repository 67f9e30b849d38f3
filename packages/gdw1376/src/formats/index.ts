import type { Codec, Words } from '@zhuzhan/codec'
import * as numbers from './numbers.js'
import * as times from './times.js'

export * from './composites.js'
export * from './digits.js'
export * from './numbers.js'
export * from './times.js'

export interface DataFormat extends Words {
  /** As the standard numbers it, `A.1` to `A.27`. */
  name: string
  /** Bytes. */
  size: number
  codec: Codec<unknown>
}

const format = (number: number, size: number, codec: Codec<never> | Codec<unknown>, en: string, zh: string): DataFormat =>
  ({ name: `A.${number}`, size, codec: codec as Codec<unknown>, en, zh })

/** Appendix A of Q/GDW 1376.1, one row per format. All are BCD, low byte first. Reference §A14. */
export const DATA_FORMATS: readonly DataFormat[] = [
  format(1, 6, times.A1, 'clock with weekday', '秒分时日 星期-月 年'),
  format(2, 2, numbers.A2, 'signed XXX × 10^G', '±XXX×10^G'),
  format(3, 4, numbers.A3, '7 digits with sign and unit', '±XXXXXXX(带单位)'),
  format(4, 1, numbers.A4, 'signed XX', '±XX'),
  format(5, 2, numbers.A5, 'signed XXX.X', '±XXX.X'),
  format(6, 2, numbers.A6, 'signed XX.XX', '±XX.XX'),
  format(7, 2, numbers.A7, 'XXX.X', 'XXX.X'),
  format(8, 2, numbers.A8, 'XXXX', 'XXXX'),
  format(9, 3, numbers.A9, 'signed XX.XXXX', '±XX.XXXX'),
  format(10, 3, numbers.A10, '6 digits', 'XXXXXX'),
  format(11, 4, numbers.A11, 'XXXXXX.XX', 'XXXXXX.XX'),
  format(12, 6, numbers.A12, '12 digits', 'XXXXXXXXXXXX'),
  format(13, 4, numbers.A13, 'XXXX.XXXX', 'XXXX.XXXX'),
  format(14, 5, numbers.A14, 'XXXXXX.XXXX', 'XXXXXX.XXXX'),
  format(15, 5, times.A15, 'minute, hour, day, month, year', '分时日月年'),
  format(16, 4, times.A16, 'second, minute, hour, day', '秒分时日'),
  format(17, 4, times.A17, 'minute, hour, day, month', '分时日月'),
  format(18, 3, times.A18, 'minute, hour, day', '分时日'),
  format(19, 2, times.A19, 'minute, hour', '分时'),
  format(20, 3, times.A20, 'day, month, year', '日月年'),
  format(21, 2, times.A21, 'month, year', '月年'),
  format(22, 1, numbers.A22, 'X.X', 'X.X'),
  format(23, 3, numbers.A23, 'XX.XXXX', 'XX.XXXX'),
  format(24, 2, times.A24, 'day, hour', '日时'),
  format(25, 3, numbers.A25, 'signed XXX.XXX', '±XXX.XXX'),
  format(26, 2, numbers.A26, 'X.XXX', 'X.XXX'),
  format(27, 4, numbers.A27, '8 digits', 'XXXXXXXX'),
]
