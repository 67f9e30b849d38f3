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
}

/**
 * Every quantity among the members of one Fn: members whose term has a unit, be it empty. Items are like `0C F25 activePower.total`,
 * names like `Active power, total`; elements of lists count from 1.
 */
export function quantitiesIn(members: object, terms: Terms, place: Place, before = ''): FrameValue[] {
  return Object.entries(members).flatMap(([member, value]): FrameValue[] => {
    const path = before + member
    const term = termOf(terms, member)
    if (term?.unit !== undefined) return valuesOf(value, { ...term, unit: term.unit, path }, terms, place)
    return typeof value === 'object' && value !== null ? quantitiesIn(value, terms, place, `${path}.`) : []
  })
}

/** The value of a quantity, or of its parts: total and phases by name, tariffs and points of a curve by number. */
function valuesOf(value: unknown, quantity: Quantity, terms: Terms, place: Place): FrameValue[] {
  if (Array.isArray(value)) {
    return value.flatMap((item, i) => {
      const time = place.timeOf?.(i)
      return valuesOf(item, numbered(quantity, i + 1, time === undefined), terms, time === undefined ? place : { ...place, time })
    })
  }
  if (typeof value === 'object' && value !== null && !ONE_VALUE.some((member) => member in value)) {
    return Object.entries(value).flatMap(([part, item]) => valuesOf(item, partOf(quantity, part, terms), terms, place))
  }
  return [frameValue(value, quantity, place)]
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
  const path = `${quantity.path}.${part}`
  const term = termOf(terms, part)
  if (term === undefined || part === TARIFFS) return { ...quantity, path }
  return { ...quantity, path, en: `${quantity.en}, ${term.en}`, zh: `${quantity.zh} ${term.zh}` }
}

/** An element of a list; the points of a curve with times share name and item. */
function numbered(quantity: Quantity, number: number, named: boolean): Quantity {
  if (!named) return quantity
  const isTariff = quantity.path.endsWith(`.${TARIFFS}`)
  return {
    ...quantity, path: `${quantity.path}.${number}`,
    en: `${quantity.en}, ${isTariff ? 'tariff' : 'number'} ${number}`, zh: `${quantity.zh} ${isTariff ? '费率' : '第'}${number}${isTariff ? '' : '个'}`,
  }
}
