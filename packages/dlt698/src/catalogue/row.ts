import type { DataType, Oad, Oi } from '../data/index.js'
import type { Confidence, Layout, Leaf, ObjectRow } from './model.js'

/**
 * How an attribute's elements are numbered. `phases`: A, B, C. `total-phases`: total, A, B, C. `tariffs`: total,
 * tariff 1, 2, … `demand-tariffs`: the same, each with its moment. `scalar`: one value, no elements.
 */
export type Shape = 'scalar' | 'phases' | 'total-phases' | 'tariffs' | 'demand-tariffs'

/** One attribute of one object that needs no structure to be told. Physical value = raw × 10^scaler (reference §6.2). */
export interface CatalogueRow {
  oi: Oi
  attribute: number
  name: string
  nameZh: string
  /** Interface class, reference §7; undefined where that does not say. */
  class: number | undefined
  shape: Shape
  /** Type of one element's value. */
  type: DataType
  scaler: number
  /** Symbol of units.ts, empty for a plain number. */
  unit: string
  access: 'read' | 'read-write'
  /** Section of the DL/T 698.45 reference. */
  clause: string
  confidence: Confidence
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

/** The attributes of an object that are a leaf, or an array of leaves or of demands. */
export function flatRows({ oi, class: number, clause, attributes }: ObjectRow): CatalogueRow[] {
  return Object.entries(attributes).flatMap(([attribute, { name, nameZh, layout, access, confidence }]) => {
    const flat = flatten(layout)
    if (flat === undefined) return []
    const { type, scaler = 0, unit = '' } = flat.leaf
    return [{
      oi, attribute: Number(attribute), name, nameZh, class: number, shape: flat.shape, type, scaler, unit, access, clause, confidence, sure: confidence === 'recorded',
    }]
  })
}

function flatten(layout: Layout): { leaf: Leaf; shape: Shape } | undefined {
  if (layout.type === 'any' || layout.type === 'structure') return undefined
  if (layout.type !== 'array') return { leaf: layout, shape: 'scalar' }
  const { of, elements } = layout
  if (of.type === 'structure') return elements === 'tariffs' ? { leaf: of.members[0]!.layout as Leaf, shape: 'demand-tariffs' } : undefined
  const inner = flatten(of)
  return inner?.shape === 'scalar' ? { leaf: inner.leaf, shape: elements ?? 'scalar' } : undefined
}
