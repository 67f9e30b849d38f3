import type { Words } from '@zhuzhan/codec'
import type { DataType, Oi } from '../data/index.js'

/**
 * How much stands behind an entry. `recorded`: a recorded frame shows it with a value. `one-source`: read in one
 * source, or general knowledge; most of reference §7 and §8 is of this kind. `unsure`: sources differ, or marked UNSURE.
 */
export type Confidence = 'recorded' | 'one-source' | 'unsure'

/** One value. Physical value = raw × 10^scaler; the scaler is not sent with the value (reference §6.2). */
export interface Leaf {
  type: Exclude<DataType, 'array' | 'structure'>
  scaler?: number
  /** Symbol of units.ts; none for a plain number. */
  unit?: string
  /** What its numbers stand for (an enum), or its bits, bit 0 first (a bit-string). */
  words?: Readonly<Record<number, Words>>
  /** The same where a table would be too long. */
  meaning?: (value: number) => Words
}

/** How the elements of an array are called. `phases`: A, B, C. `total-phases`: total, A, B, C. `tariffs`: total, tariff 1, 2, … */
export type ElementNames = 'phases' | 'total-phases' | 'tariffs'

/** Any number of values of one kind. */
export interface ListLayout {
  type: 'array'
  of: Layout
  elements?: ElementNames
}

/** Named values, one after the other. */
export interface StructureLayout {
  type: 'structure'
  members: readonly Member[]
}

export interface Member {
  name: string
  nameZh: string
  layout: Layout
}

/** What a value looks like; `any` where the reference does not say, or it depends on another value. */
export type Layout = Leaf | ListLayout | StructureLayout | { type: 'any' }

export interface AttributeRow {
  name: string
  nameZh: string
  layout: Layout
  access: 'read' | 'read-write'
  confidence: Confidence
}

export interface ObjectMethod {
  name: string
  nameZh: string
  parameter: Layout
  /** Absent when the response carries no data. */
  returns?: Layout
  confidence: Confidence
}

/** One object with the attributes and methods of its own; those that all objects of its class have stand in classes.ts. */
export interface ObjectRow {
  oi: Oi
  /** Interface class; undefined where the reference does not name it. */
  class: number | undefined
  name: string
  nameZh: string
  /** Section of the DL/T 698.45 reference. */
  clause: string
  confidence: Confidence
  attributes: Readonly<Record<number, AttributeRow>>
  methods: Readonly<Record<number, ObjectMethod>>
}

/** What all objects of a class have. Attribute 1, the logical name, and methods 1 and 2 are those of every class. */
export interface InterfaceClass {
  class: number
  name: string
  nameZh: string
  attributes: Readonly<Record<number, Omit<AttributeRow, 'access' | 'confidence'>>>
  methods: Readonly<Record<number, Omit<ObjectMethod, 'confidence'>>>
}
