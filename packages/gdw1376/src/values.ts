import type { FrameValue, Words } from '@zhuzhan/codec'
import { termOf } from './terms.js'
import type { Terms } from './terms.js'
import { wordsOf } from './wire/codes.js'
import type { CodeTable } from './wire/codes.js'

/** What is known of all quantities in one place of a frame. */
export interface Place {
  /** AFN and Fn, `0C F25`. */
  item: string
  of?: string | undefined
  time?: string | undefined
  /** When the value at this index of a list was so, where the lists are curves. */
  timeOf?: ((index: number) => string | undefined) | undefined
}

interface Quantity extends Words {
  unit: string
  codes?: CodeTable | undefined
  /** Members on the way to it, `activePower.total`. */
  path: string
  /** Its parts and elements, made when first needed: a frame may name the same one a thousand times. */
  readonly parts: Map<string | number, Quantity>
}

const known = new WeakMap<Terms, Map<string, Quantity | undefined>>()

/** The quantity that a member on this path is; undefined when its term has no unit. */
function quantityOf(terms: Terms, path: string, member: string): Quantity | undefined {
  const byPath = known.get(terms) ?? new Map<string, Quantity | undefined>()
  if (byPath.size === 0) known.set(terms, byPath)
  if (byPath.has(path)) return byPath.get(path)
  const term = termOf(terms, member)
  const quantity = term?.unit === undefined ? undefined : { ...term, unit: term.unit, path, parts: new Map<string | number, Quantity>() }
  if (byPath.size < MOST_PATHS) byPath.set(path, quantity)
  return quantity
}

/** The layouts have some hundred; what a list numbers comes on top. */
const MOST_PATHS = 4096

/**
 * Every quantity among the members of one Fn: members whose term has a unit, be it empty. Items are like `0C F25 activePower.total`,
 * names like `Active power, total`; elements of lists count from 1.
 */
export function quantitiesIn(members: object, terms: Terms, place: Place): FrameValue[] {
  const values: FrameValue[] = []
  addQuantities(values, members, terms, place)
  return values
}

/** The same, behind the values of others. */
export function addQuantities(to: FrameValue[], members: object, terms: Terms, place: Place, before = ''): void {
  for (const member of Object.keys(members)) {
    const value = (members as Readonly<Record<string, unknown>>)[member]
    const path = before + member
    const quantity = quantityOf(terms, path, member)
    if (quantity !== undefined) addValues(to, value, quantity, terms, place)
    else if (typeof value === 'object' && value !== null) addQuantities(to, value, terms, place, `${path}.`)
  }
}

/** The value of a quantity, or of its parts: total and phases by name, tariffs and points of a curve by number. */
function addValues(to: FrameValue[], value: unknown, quantity: Quantity, terms: Terms, place: Place): void {
  if (typeof value !== 'object' || value === null) {
    to.push(frameValue(value, quantity, place))
  } else if (Array.isArray(value)) {
    value.forEach((item, i) => {
      const time = place.timeOf?.(i)
      addValues(to, item, numbered(quantity, i + 1, time === undefined), terms, time === undefined ? place : { ...place, time })
    })
  } else if (ONE_VALUE.some((member) => member in value)) {
    to.push(frameValue(value, quantity, place))
  } else {
    for (const part of Object.keys(value)) addValues(to, (value as Readonly<Record<string, unknown>>)[part], partOf(quantity, part, terms), terms, place)
  }
}

/** Members of objects that are one value: bytes without digits, a clock. */
const ONE_VALUE = ['missing', 'notBcd', 'time']

function frameValue(value: unknown, { en, zh, unit, codes, path }: Quantity, { item, of, time }: Place): FrameValue {
  const meaning = codes && wordsOf(codes, value)
  return {
    item: `${item} ${path}`, name: en, nameZh: zh, value: textOf(value), unit,
    ...(meaning && { meaning }), ...(of !== undefined && { of }), ...(time !== undefined && { time }),
  }
}

function textOf(value: unknown): string | null {
  if (typeof value === 'string') return value
  if (typeof value === 'number') return String(value)
  const { time } = value as { time?: string }
  return time ?? null
}

/** `tariffs` itself is no part of a name: its elements are called tariff 1, tariff 2. */
const TARIFFS = 'tariffs'

function partOf(quantity: Quantity, part: string, terms: Terms): Quantity {
  return quantity.parts.get(part) ?? kept(quantity, part, () => {
    const path = `${quantity.path}.${part}`
    const term = termOf(terms, part)
    if (term === undefined || part === TARIFFS) return { path }
    return { path, en: `${quantity.en}, ${term.en}`, zh: `${quantity.zh} ${term.zh}` }
  })
}

/** An element of a list; the points of a curve with times share name and item. */
function numbered(quantity: Quantity, number: number, named: boolean): Quantity {
  if (!named) return quantity
  return quantity.parts.get(number) ?? kept(quantity, number, () => {
    const isTariff = quantity.path.endsWith(`.${TARIFFS}`)
    return {
      path: `${quantity.path}.${number}`,
      en: `${quantity.en}, ${isTariff ? 'tariff' : 'number'} ${number}`, zh: `${quantity.zh} ${isTariff ? '费率' : '第'}${number}${isTariff ? '' : '个'}`,
    }
  })
}

/** What a frame can number at will is not kept without end. */
const MOST_PARTS = 256

function kept(quantity: Quantity, key: string | number, make: () => Partial<Quantity>): Quantity {
  const part = { ...quantity, ...make(), parts: new Map<string | number, Quantity>() }
  if (quantity.parts.size < MOST_PARTS) quantity.parts.set(key, part)
  return part
}
