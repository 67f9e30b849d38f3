import type { Data, DateTimeS, Oad } from '../data/index.js'
import { describeItem, readings } from './catalogue.js'
import { decimal } from '@zhuzhan/codec'
import { attributeKey, elementOad } from './row.js'
import type { CatalogueRow } from './row.js'

/** One reading of one item. */
export interface Element {
  item: Oad
  /** Exact decimal, scaled, e.g. `1234.56`. */
  value: string
  unit: string
  /** When a maximum demand occurred; parts may be unspecified. */
  at?: DateTimeS
}

/** Element indexes are one byte; index 0 is the whole attribute. */
const MAX_INDEX = 255

interface Entry {
  row: CatalogueRow
  /** OADs of the elements by index, made when first needed; null where the attribute has no such element. */
  items: (Oad | null)[]
}

const byKey = new Map<string, Entry>(readings.map((row) => [attributeKey(row), { row, items: [] }]))
/** Of OADs met so far whose attribute is a reading: at most 256 an attribute. */
const places = new Map<Oad, { entry: Entry; index: number }>()

function placeOf(oad: Oad): { entry: Entry; index: number } | undefined {
  const known = places.get(oad)
  if (known !== undefined) return known
  const entry = byKey.get(oad.slice(0, 6))
  if (entry === undefined) return undefined
  const place = { entry, index: Number.parseInt(oad.slice(6), 16) }
  if (/^[0-9A-F]{8}$/.test(oad)) places.set(oad, place)
  return place
}

function itemOf(entry: Entry, index: number): Oad | null {
  const known = entry.items[index]
  if (known !== undefined) return known
  const oad = elementOad(entry.row, index)
  return entry.items[index] = describeItem(oad) === undefined ? null : oad
}

/**
 * Single readings of an attribute's value. Index 0 with an array gives items 1 to n; a scalar, and any given index,
 * is the item itself. NULL cells, fillers (all FF in a type without sign), values that are no whole numbers and
 * elements the catalogue does not know (describeItem) are left out; an OAD that names no reading gives none.
 *
 * An all-FF value in a signed type is -1 and kept: it is a legal reading of power or current.
 */
export function elements(oad: Oad, data: Data): Element[] {
  const found: Element[] = []
  const place = placeOf(oad)
  if (place === undefined) return found
  const { entry, index } = place
  if (data.type === 'array' && index === 0) {
    const { items } = data
    for (let i = 0; i < items.length && i < MAX_INDEX; i++) add(found, entry, i + 1, items[i]!)
  } else {
    add(found, entry, index, data)
  }
  return found
}

function add(to: Element[], entry: Entry, index: number, cell: Data): void {
  const { row } = entry
  const item = itemOf(entry, index)
  if (item === null) return
  if (row.shape === 'demand-tariffs') return addDemand(to, row, item, cell)
  const value = numberOf(cell, row.scaler)
  if (value !== undefined) to.push({ item, value, unit: row.unit })
}

/** {value, moment}; reference §8.1. */
function addDemand(to: Element[], row: CatalogueRow, item: Oad, cell: Data): void {
  if (cell.type !== 'structure') return
  const [first, second] = cell.items
  const value = first && numberOf(first, row.scaler)
  if (value === undefined) return
  to.push(second?.type === 'date-time-s' ? { item, value, unit: row.unit, at: second.value } : { item, value, unit: row.unit })
}

function numberOf(cell: Data, scaler: number): string | undefined {
  switch (cell.type) {
    case 'double-long-unsigned': return cell.value === 0xffffffff ? undefined : decimal(cell.value, scaler)
    case 'long-unsigned': return cell.value === 0xffff ? undefined : decimal(cell.value, scaler)
    case 'unsigned': return cell.value === 0xff ? undefined : decimal(cell.value, scaler)
    case 'long64-unsigned': return cell.value === 0xffffffffffffffffn ? undefined : decimal(cell.value, scaler)
    case 'double-long': case 'long': case 'integer': case 'long64': return decimal(cell.value, scaler)
    default: return undefined
  }
}
