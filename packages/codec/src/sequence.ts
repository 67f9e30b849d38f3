import type { ByteReader } from './byte-reader.js'
import type { Codec, Fields, Simplify, TypeOf } from './codec.js'
import { within } from './errors.js'

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- a table holds codecs of every type
type AnyCodec = Codec<any>
type Members = { readonly [name: string]: AnyCodec }
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- as above
type Part = Members | Fields<any>

interface Step {
  /** Absent for fields that are spliced in. */
  key: string | undefined
  codec: AnyCodec
}

type MembersOf<M> =
  & { -readonly [K in keyof M as undefined extends TypeOf<M[K]> ? never : K]: TypeOf<M[K]> }
  & { -readonly [K in keyof M as undefined extends TypeOf<M[K]> ? K : never]?: TypeOf<M[K]> }
type PartOf<P> = P extends AnyCodec ? TypeOf<P> : MembersOf<P>
type AllOf<P extends readonly unknown[]> = P extends readonly [infer Head, ...infer Rest] ? PartOf<Head> & AllOf<Rest> : unknown

/**
 * Members one after the other. A part is an object of named codecs, or another table of fields that is spliced in
 * (a common tail, an alternative). Members that read as `undefined` are left out of the object.
 */
export function sequence<const P extends readonly Part[]>(...parts: P): Fields<Simplify<AllOf<P>>> {
  type Value = Simplify<AllOf<P>>
  const steps = parts.flatMap((part): Step[] =>
    isFields(part) ? [{ key: undefined, codec: part }] : Object.entries(part).map(([key, codec]) => ({ key, codec })))

  function readInto(r: ByteReader, target: Record<string, unknown>): void {
    for (let i = 0; i < steps.length; i++) {
      const { key, codec } = steps[i]!
      if (key === undefined) {
        (codec as Fields<unknown>).readInto(r, target)
        continue
      }
      const value: unknown = r.trace === undefined ? codec.read(r) : r.traced(key, codec)
      if (value !== undefined) target[key] = value
    }
  }

  return {
    readInto,
    read: (r) => {
      const target: Record<string, unknown> = {}
      readInto(r, target)
      return target as Value
    },
    write: (w, value) => {
      for (const { key, codec } of steps) {
        if (key === undefined) {
          codec.write(w, value)
          continue
        }
        try {
          codec.write(w, (value as Record<string, unknown>)[key])
        } catch (error) {
          throw within(key, error)
        }
      }
    },
  }
}

function isFields(part: Part): part is Fields<unknown> {
  return typeof (part as Fields<unknown>).readInto === 'function'
}

/** A table without members. */
export const nothing: Fields<Record<never, never>> = { readInto: () => undefined, read: () => ({}), write: () => undefined }

/** 00 and nothing, or 01 and the value. Any other byte is an error. */
export function optional<T>(codec: Codec<T>): Codec<T | undefined> {
  return {
    read: (r) => {
      const present = r.u8()
      if (present === 0) return undefined
      return present === 1 ? codec.read(r) : r.fail('00 or 01 before an optional value', r.offset - 1)
    },
    write: (w, value) => {
      w.u8(value === undefined ? 0 : 1)
      if (value !== undefined) codec.write(w, value)
    },
  }
}
