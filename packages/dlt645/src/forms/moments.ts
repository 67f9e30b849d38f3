import { EncodeError, convert, reversedHex } from '@zhuzhan/codec'
import type { Codec } from '@zhuzhan/codec'
import { textScalar } from './form.js'
import type { Form } from './form.js'

/** How moments are written out: `00` stands for two digits, highest first. The standard counts years from 2000. Reference §3, §4.4, §5. */
const WRITTEN = {
  YYMMDDhhmmss: '2000-00-00T00:00:00',
  YYMMDDhhmm: '2000-00-00T00:00',
  YYMMDD: '2000-00-00',
  MMDDhhmm: '00-00T00:00',
  MMDD: '00-00',
  DDhh: '00T00',
  hhmmss: '00:00:00',
  hhmm: '00:00',
} as const
export type MomentName = keyof typeof WRITTEN

/**
 * BCD digits low byte first as a moment, e.g. `2026-10-05T00:15`; not checked against a calendar. Bytes that are no
 * digits (FF: not there; a wildcard is digits too) stay hexadecimal, highest byte first.
 */
export function moment(name: MomentName): Codec<string> {
  const century = WRITTEN[name].startsWith('20') ? '20' : ''
  const separators = WRITTEN[name].slice(century.length).split('00')
  const size = separators.length - 1
  const shape = new RegExp(`^${century}${separators.join('(\\d\\d)')}$`)
  return convert(
    reversedHex(size),
    (hex) => {
      if (!/^\d+$/.test(hex)) return hex
      let text = century
      for (let i = 0; i < size; i++) text += hex.slice(2 * i, 2 * i + 2) + separators[i + 1]
      return text
    },
    (text) => {
      const digits = shape.exec(text)
      if (digits !== null) return digits.slice(1).join('')
      if (text.length === 2 * size && !/^\d+$/.test(text)) return text
      throw new EncodeError('', `a moment like ${WRITTEN[name]}`)
    },
  )
}

export const momentForms: readonly Form[] = Object.keys(WRITTEN).map((name) => ({
  name, size: name.length / 2, codec: moment(name as MomentName), scalar: textScalar,
}))
