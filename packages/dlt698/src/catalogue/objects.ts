import type { AttributeRow, Confidence, Layout, ObjectMethod, ObjectRow } from './model.js'
import { nothing } from './layouts.js'

/** Short forms for the rows of the catalogue. */

interface AttributeOptions {
  access?: AttributeRow['access']
  confidence?: Confidence
}

/** An attribute of an object; read-write and from one source unless said. */
export function attribute(name: string, nameZh: string, layout: Layout, { access = 'read-write', confidence = 'one-source' }: AttributeOptions = {}): AttributeRow {
  return { name, nameZh, layout, access, confidence }
}

/** A method of an object; from one source unless said. */
export function method(name: string, nameZh: string, parameter: Layout = nothing, { returns, confidence = 'one-source' }: { returns?: Layout; confidence?: Confidence } = {}): ObjectMethod {
  return { name, nameZh, parameter, ...(returns && { returns }), confidence }
}

interface ObjectOptions {
  attributes?: ObjectRow['attributes']
  methods?: ObjectRow['methods']
  confidence?: Confidence
}

/** Makes the rows of one section; the confidence of an object is the best of its attributes unless said. */
export function objectsOf(clause: string): (oi: string, className: number | undefined, name: string, nameZh: string, options?: ObjectOptions) => ObjectRow {
  return (oi, number, name, nameZh, { attributes = {}, methods = {}, confidence } = {}) => {
    const all = [...Object.values(attributes), ...Object.values(methods)]
    const recorded = all.some((row) => row.confidence === 'recorded')
    return { oi, class: number, name, nameZh, clause, confidence: confidence ?? (recorded ? 'recorded' : 'one-source'), attributes, methods }
  }
}
