import type { FrameValue, Words } from '@zhuzhan/codec'
import type { Terms } from './terms.js'

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
  /** Members on the way to it, `activePower.total`. */
  path: string
}

/**
 * Every quantity among the members of one Fn: members whose term has a unit. Items are like `0C F25 activePower.total`,
 * names like `Active power, total`; elements of lists count from 1.
 */
export function quantitiesIn(members: object, terms: Terms, place: Place, before = ''): FrameValue[] {
  return Object.entries(members).flatMap(([member, value]): FrameValue[] => {
    const path = before + member
    const term = Object.hasOwn(terms, member) ? terms[member] : undefined
    if (term?.unit !== undefined) return valuesOf(value, { en: term.en, zh: term.zh, unit: term.unit, path }, terms, place)
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
  if (typeof value === 'object' && value !== null && !('missing' in value || 'notBcd' in value)) {
    return Object.entries(value).flatMap(([part, item]) => valuesOf(item, partOf(quantity, part, terms), terms, place))
  }
  return [frameValue(value, quantity, place)]
}

function frameValue(value: unknown, { en, zh, unit, path }: Quantity, { item, of, time }: Place): FrameValue {
  const text = typeof value === 'string' ? value : typeof value === 'number' ? String(value) : null
  return { item: `${item} ${path}`, name: en, nameZh: zh, value: text, unit, ...(of !== undefined && { of }), ...(time !== undefined && { time }) }
}

/** `tariffs` itself is no part of a name: its elements are called tariff 1, tariff 2. */
const TARIFFS = 'tariffs'

function partOf(quantity: Quantity, part: string, terms: Terms): Quantity {
  const path = `${quantity.path}.${part}`
  const term = terms[part]
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
