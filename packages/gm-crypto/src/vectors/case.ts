/** One entry of a vector file: hex strings, numbers and texts by name. Shape: reference vectors-sm.json, `meta.conventions`. */
export type VectorCase = Readonly<Record<string, unknown>>

/** A case that lacks a field or holds the wrong kind: the file is wrong, not the code under test. */
export class VectorFormatError extends Error {
  override readonly name = 'VectorFormatError'
}

export interface CaseReader {
  readonly id: string
  has(field: string): boolean
  bytes(field: string): Buffer
  text(field: string): string
  number(field: string): number
  /** Bytes of an optional field, or the fallback. */
  bytesOr(field: string, fallback: Buffer): Buffer
  cases(field: string): CaseReader[]
  texts(field: string): string[]
}

export function readCase(source: VectorCase): CaseReader {
  const id = typeof source['id'] === 'string' ? source['id'] : '(no id)'
  const wrong = (field: string, kind: string): never => {
    throw new VectorFormatError(`${id}: field '${field}' is no ${kind}`)
  }
  const has = (field: string): boolean => source[field] !== undefined && source[field] !== null
  const text = (field: string): string => {
    const value = source[field]
    return typeof value === 'string' ? value : wrong(field, 'text')
  }
  const bytes = (field: string): Buffer => {
    const value = text(field)
    return /^([0-9a-fA-F]{2})*$/.test(value) ? Buffer.from(value, 'hex') : wrong(field, 'hex')
  }
  return {
    id,
    has,
    text,
    bytes,
    number(field) {
      const value = source[field]
      return typeof value === 'number' ? value : wrong(field, 'number')
    },
    bytesOr: (field, fallback) => (has(field) ? bytes(field) : fallback),
    texts(field) {
      const value = source[field]
      return Array.isArray(value) && value.every((entry) => typeof entry === 'string') ? value : wrong(field, 'list of texts')
    },
    cases(field) {
      const value = source[field]
      return Array.isArray(value) ? value.map((entry) => readCase(entry as VectorCase)) : wrong(field, 'list')
    },
  }
}
