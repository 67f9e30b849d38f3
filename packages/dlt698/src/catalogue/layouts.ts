import type { Words } from '@zhuzhan/codec'
import type { ElementNames, Layout, Leaf, ListLayout, Member, StructureLayout } from './model.js'

/** Short forms for the rows of the catalogue. */

type Pair = readonly [en: string, zh: string]

/** A leaf; scaler and unit are left out where there are none. */
export function leaf(type: Leaf['type'], scaler = 0, unit = ''): Leaf {
  return { type, ...(scaler !== 0 && { scaler }), ...(unit !== '' && { unit }) }
}

export const any: Layout = { type: 'any' }
export const nothing = leaf('null')
export const u8 = leaf('unsigned')
export const u16 = leaf('long-unsigned')
export const u32 = leaf('double-long-unsigned')
export const text = leaf('visible-string')
export const octets = leaf('octet-string')
export const moment = leaf('date-time-s')
export const interval = leaf('ti')
export const bool = leaf('bool')
export const oi = leaf('oi')
export const oad = leaf('oad')
export const tsa = leaf('tsa')
export const ms = leaf('ms')
export const csd = leaf('csd')
export const rsd = leaf('rsd')
export const rcsd = leaf('rcsd')
export const comdcb = leaf('comdcb')
export const bits = leaf('bit-string')
export const scalerUnit = leaf('scaler-unit')
export const minutes8 = leaf('unsigned', 0, 'min')
export const minutes16 = leaf('long-unsigned', 0, 'min')
export const seconds16 = leaf('long-unsigned', 0, 's')
export const watts = leaf('long64', -1, 'W')

function wordsOf(pairs: Readonly<Record<number, Pair>>): Readonly<Record<number, Words>> {
  return Object.fromEntries(Object.entries(pairs).map(([number, [en, zh]]) => [number, { en, zh }]))
}

/** An enum and what its numbers stand for; any integer type may carry them. */
export function enumeration(pairs: Readonly<Record<number, Pair>> = {}): Leaf {
  return { type: 'enum', words: wordsOf(pairs) }
}

/** A bit-string and what its bits stand for, bit 0 first. */
export function flags(pairs: Readonly<Record<number, Pair>>): Leaf {
  return { type: 'bit-string', words: wordsOf(pairs) }
}

export function list(of: Layout, elements?: ElementNames): ListLayout {
  return elements ? { type: 'array', of, elements } : { type: 'array', of }
}

type MemberRow = readonly [name: string, nameZh: string, layout: Layout]

export function structure(...members: readonly MemberRow[]): StructureLayout {
  return { type: 'structure', members: members.map(([name, nameZh, layout]): Member => ({ name, nameZh, layout })) }
}
