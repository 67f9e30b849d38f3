import type { Oad, Oi } from '../data/index.js'
import { collection } from './collection.js'
import { columns } from './columns.js'
import { communication } from './communication.js'
import { control8 } from './control.js'
import { demand } from './demand.js'
import { energy } from './energy.js'
import { events } from './events.js'
import { files, security } from './files.js'
import { freezeObjects } from './freezes.js'
import type { ObjectRow } from './model.js'
import { parameters } from './parameters.js'
import { ports } from './ports.js'
import { reports } from './reports.js'
import { attributeKey, flatRows } from './row.js'
import type { CatalogueRow, Shape } from './row.js'
import { states, variables } from './variables.js'

/** Every object of reference §7 and §8. */
export const objects: readonly ObjectRow[] = [
  ...energy, ...demand, ...variables, ...states, ...Object.values(columns), ...events, ...reports, ...parameters, ...communication, ...freezeObjects,
  ...collection, ...control8, ...files, ...security, ...ports,
]

const byOi = new Map(objects.map((object) => [object.oi, object]))

/** The object with this identifier; also that of an OAD or OMD, whose first two bytes it is. */
export function objectRow(descriptor: Oi | Oad): ObjectRow | undefined {
  return byOi.get(descriptor.slice(0, 4))
}

/** Attributes whose elements are readings. */
export const readings: readonly CatalogueRow[] = [...energy, ...demand, ...variables].flatMap(flatRows)

/** Every attribute that is one number or text, or an array of such, by name. */
export const catalogue: readonly CatalogueRow[] = objects.flatMap(flatRows)

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
export function elementName(shape: Shape, index: number): readonly [en: string, zh: string] | undefined {
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
  const element = elementName(row.shape, index)
  return element && { oad: item, name: `${row.name}, ${element[0]}`, nameZh: `${row.nameZh} ${element[1]}`, unit, scaler }
}
