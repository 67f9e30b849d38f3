import type { Codec } from '@zhuzhan/codec'

/** One scalar of a value, as `values` of a frame lists it: null when the device says that there is none. */
export interface Scalar {
  value: string | null
  /** When it was so. */
  time?: string
}

/** How a value stands in the data, reference §3. */
export interface Form {
  /** As the standard writes it, e.g. `XXXXXX.XX`. */
  readonly name: string
  /** Bytes of one value; 0 when it takes all that is there. */
  readonly size: number
  readonly codec: Codec<unknown>
  /** The scalar in a value; undefined when it is none (a list, a password, digits that are not BCD). */
  scalar(value: unknown): Scalar | undefined
}

/** Nothing to be said about it in one word. */
export const NO_SCALAR = (): undefined => undefined

/** Hex digits as they are; FF or EE in every byte means that there is no value. */
export function textScalar(value: unknown): Scalar | undefined {
  if (typeof value !== 'string') return undefined
  return { value: /^(?:(?:FF)+|(?:EE)+)$/.test(value) ? null : value }
}
