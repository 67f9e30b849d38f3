import { EncodeError, hexOctets, reversedHex } from '@zhuzhan/codec'
import type { ByteReader, Codec } from '@zhuzhan/codec'
import { readingTaken } from '../settings.js'
import type { Settings } from '../settings.js'
import { textScalar } from './form.js'
import type { Form } from './form.js'

function lowFirst(settings: Settings): boolean {
  return readingTaken(settings, 'textOrder') === 'low-first'
}

/** Characters of one byte each, all of them kept; which end is sent first is the setting `textOrder`. Reference §4.4. */
export function ascii(size: number): Codec<string> {
  return {
    read: (r: ByteReader) => {
      const bytes = r.bytes(size)
      return (lowFirst(r.settings) ? Buffer.from(bytes).reverse() : bytes).toString('latin1')
    },
    write: (w, text) => {
      // eslint-disable-next-line no-control-regex -- the whole range of a byte is meant
      if (typeof text !== 'string' || text.length !== size || !/^[\u0000-\u00ff]*$/.test(text)) throw new EncodeError('', `${size} one-byte characters`)
      const bytes = Buffer.from(text, 'latin1')
      w.bytes(lowFirst(w.settings) ? bytes.reverse() : bytes)
    },
  }
}

/** `ASCII 32`, `digits 6`, `hex 12`: characters; digits in reading order (numbers that name something); bytes as sent. */
export function textForm(name: string): Form | undefined {
  const [, kind, count] = /^(ASCII|digits|hex) (\d+)$/.exec(name) ?? []
  const size = Number(count)
  if (kind === undefined) return undefined
  if (kind === 'ASCII') return { name, size, codec: ascii(size), scalar: (value) => ({ value: trimmed(value as string) }) }
  return { name, size, codec: kind === 'digits' ? reversedHex(size) : hexOctets(size), scalar: textScalar }
}

/** Without filling blanks and zeros at either end. */
function trimmed(text: string): string {
  // eslint-disable-next-line no-control-regex -- zero bytes fill unused places
  return text.replace(/^[\u0000 ]+|[\u0000 ]+$/g, '')
}
