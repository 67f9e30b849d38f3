import type { Oad } from '../data/index.js'
import { columns } from './columns.js'
import { demand } from './demand.js'
import { energy } from './energy.js'
import { parameters } from './parameters.js'
import { attributeKey } from './row.js'
import type { CatalogueRow } from './row.js'
import { variables } from './variables.js'

/** Attributes whose elements are readings. */
export const readings: readonly CatalogueRow[] = [...energy, ...demand, ...variables]

/** Every attribute we know by name. */
export const catalogue: readonly CatalogueRow[] = [...readings, ...Object.values(columns), ...parameters]

const byKey = new Map(catalogue.map((row) => [attributeKey(row), row]))

/** The row of an OAD's attribute, whatever the element index. */
export function catalogueRow(oad: Oad): CatalogueRow | undefined {
  return byKey.get(oad.slice(0, 6))
}

export interface ItemDescription {
  oad: Oad
  name: string
  nameZh: string
  unit: string
  scaler: number
}

const PHASES: readonly (readonly [string, string])[] = [['phase A', 'A相'], ['phase B', 'B相'], ['phase C', 'C相']]
const TOTAL = ['total', '总'] as const
/** Tariff numbers are at most 63 in any meter; beyond that an index is a mistake. */
const MAX_TARIFFS = 63

/** Name of element `index` (1-based) within its attribute. */
function elementName({ shape }: CatalogueRow, index: number): readonly [string, string] | undefined {
  if (shape === 'phases') return PHASES[index - 1]
  if (shape === 'scalar') return undefined
  if (index === 1) return TOTAL
  if (shape === 'total-phases') return PHASES[index - 2]
  return index <= MAX_TARIFFS + 1 ? [`tariff ${index - 1}`, `费率${index - 1}`] : undefined
}

/**
 * Name and unit of an item: `00100201` is "Forward active energy, total", `00100203` "…, tariff 2", `20000201`
 * "Voltage, phase A". Index 0 names the attribute as a whole. `undefined` when the catalogue does not know it.
 */
export function describeItem(item: Oad): ItemDescription | undefined {
  const row = catalogueRow(item)
  if (row === undefined) return undefined
  const index = Number.parseInt(item.slice(6), 16)
  const { unit, scaler } = row
  if (index === 0) return { oad: item, name: row.name, nameZh: row.nameZh, unit, scaler }
  const element = elementName(row, index)
  return element && { oad: item, name: `${row.name}, ${element[0]}`, nameZh: `${row.nameZh} ${element[1]}`, unit, scaler }
}
