import { decimal } from '@zhuzhan/codec'
import type { Data } from '../data/index.js'
import { dateOnlyText, intervalText, momentText, timeOnlyText } from '../words/moments.js'
import type { Layout, Leaf } from './model.js'
import { UNITS } from './units.js'

/** All bits set in a type without sign: the device has no value. Reference §8.2. */
const FILLERS: Readonly<Partial<Record<Data['type'], number | bigint>>> = {
  'unsigned': 0xff, 'long-unsigned': 0xffff, 'double-long-unsigned': 0xffffffff, 'long64-unsigned': 0xffffffffffffffffn,
}

/**
 * A single value as text: a scaled decimal, a moment, an address, the digits of bits; null when the device says that
 * it has none; undefined for what has no short form (arrays, structures, selectors).
 */
export function scaledText(data: Data, layout?: Layout): string | null | undefined {
  switch (data.type) {
    case 'null': return null
    case 'unsigned': case 'long-unsigned': case 'double-long-unsigned': case 'long64-unsigned':
      return data.value === FILLERS[data.type] ? null : decimal(data.value, scalerOf(layout))
    case 'integer': case 'long': case 'double-long': case 'long64': return decimal(data.value, scalerOf(layout))
    case 'enum': case 'float32': case 'float64': case 'bool': return String(data.value)
    case 'bit-string': return bitText(data.hex, data.bits)
    case 'octet-string': case 'mac': case 'rn': return data.hex
    case 'visible-string': case 'utf8-string': return data.text
    case 'date-time': case 'date-time-s': return momentText(data.value)
    case 'date': return dateOnlyText(data.value)
    case 'time': return timeOnlyText(data.value)
    case 'oi': return data.oi
    case 'oad': return data.oad
    case 'omd': return data.omd
    case 'ti': return intervalText(data.value)
    case 'tsa': return data.tsa.address
    case 'scaler-unit': return `10^${data.scaler} ${UNITS[data.unit] ?? `unit ${data.unit}`}`
    default: return undefined
  }
}

function bitText(hex: string, bits: number): string {
  return Array.from(hex, (digit) => Number.parseInt(digit, 16).toString(2).padStart(4, '0')).join('').slice(0, bits)
}

function leafOf(layout: Layout | undefined): Leaf | undefined {
  return layout === undefined || layout.type === 'any' || layout.type === 'array' || layout.type === 'structure' ? undefined : layout
}

function scalerOf(layout: Layout | undefined): number {
  return leafOf(layout)?.scaler ?? 0
}

export function unitOf(layout: Layout | undefined): string {
  return leafOf(layout)?.unit ?? ''
}

/** What a number of an enum stands for, or the bits that are set in a bit-string. */
export function meaningOf(data: Data, layout: Layout | undefined): { en: string; zh: string } | undefined {
  const { words, meaning } = leafOf(layout) ?? {}
  if (meaning && 'value' in data && typeof data.value === 'number') return meaning(data.value)
  if (words === undefined) return undefined
  if (data.type === 'bit-string') {
    const set = Array.from(bitText(data.hex, data.bits)).flatMap((bit, i) => bit === '1' && words[i] ? [words[i]] : [])
    return set.length === 0 ? undefined : { en: set.map(({ en }) => en).join(', '), zh: set.map(({ zh }) => zh).join(', ') }
  }
  return 'value' in data && typeof data.value === 'number' ? words[data.value] : undefined
}

/** The layout of the part with this index (from 0) of a value. A value that is no array where one was expected is an element itself. */
export function partLayout(layout: Layout | undefined, index: number): Layout | undefined {
  if (layout?.type === 'array') return layout.of
  return layout?.type === 'structure' ? layout.members[index]?.layout : undefined
}
