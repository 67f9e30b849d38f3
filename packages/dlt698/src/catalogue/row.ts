import type { DataType, Oad, Oi } from '../data/index.js'

/**
 * How an attribute's elements are numbered. `phases`: A, B, C. `total-phases`: total, A, B, C. `tariffs`: total,
 * tariff 1, 2, … `demand-tariffs`: the same, each with its moment. `scalar`: one value, no elements.
 */
export type Shape = 'scalar' | 'phases' | 'total-phases' | 'tariffs' | 'demand-tariffs'

/** One attribute of one object. Physical value = raw × 10^scaler; the scaler is not sent with the value (reference §6.2). */
export interface CatalogueRow {
  oi: Oi
  attribute: number
  name: string
  nameZh: string
  /** Interface class, reference §7. */
  class: number
  shape: Shape
  /** Type of one element's value. */
  type: DataType
  scaler: number
  /** Symbol of units.ts, empty for a plain number. */
  unit: string
  access: 'read' | 'read-write'
  /** Section of the DL/T 698.45 reference. */
  clause: string
  /** A recorded frame shows this attribute with a value; the others rest on one source each. */
  sure: boolean
}

/** OI and attribute, the first six digits of its OADs. */
export function attributeKey(row: Pick<CatalogueRow, 'oi' | 'attribute'>): string {
  return row.oi + row.attribute.toString(16).toUpperCase().padStart(2, '0')
}

/** The OAD of element `index`; 0 is the attribute as a whole. */
export function elementOad(row: Pick<CatalogueRow, 'oi' | 'attribute'>, index: number): Oad {
  return attributeKey(row) + index.toString(16).toUpperCase().padStart(2, '0')
}
