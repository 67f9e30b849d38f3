import { EncodeError, sequence } from '@zhuzhan/codec'
import type { ByteReader, Codec, Fields, Simplify, TypeOf } from '@zhuzhan/codec'

/** A member that stands there when bytes are left. */
export function whenLeft<T>(codec: Codec<T>): Codec<T | undefined> {
  return {
    read: (r) => r.remaining === 0 ? undefined : codec.read(r),
    write: (w, value) => value === undefined ? undefined : codec.write(w, value),
  }
}

/** Everything but the last `count` bytes, as upper-case hex; `order` as in `lowFirst`. */
export function allBut(count: number, order: 'as-sent' | 'low-first' = 'as-sent'): Codec<string> {
  return {
    read: (r) => {
      const size = r.remaining - count
      if (size < 0) r.fail(`${count} more bytes`)
      return order === 'low-first' ? r.hexReversed(size) : r.hex(size)
    },
    write: (w, value) => order === 'low-first' ? w.hexReversed(value) : w.hex(value),
  }
}

type Members = Readonly<Record<string, Codec<never>>>
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- a table holds codecs of every type
type AnyMembers = Readonly<Record<string, Codec<any>>>
type MembersOf<M> = { -readonly [K in keyof M]: TypeOf<M[K]> }

/** How many bytes there are chooses the members, `{ 0: {}, 2: { executed: … } }`. */
export function bySize<const R extends Readonly<Record<number, AnyMembers>>>(rows: R): Fields<{ [S in keyof R]: Simplify<MembersOf<R[S]>> }[keyof R]> {
  const tables = Object.entries(rows as Record<number, Members>).map(([size, members]) => ({
    size: Number(size), keys: Object.keys(members), fields: sequence(members) as Fields<unknown>,
  }))
  const expected = `${tables.map((table) => table.size).join(' or ')} bytes`
  return fields({
    readInto: (r, target) => {
      const table = tables.find(({ size }) => size === r.remaining) ?? r.fail(expected)
      table.fields.readInto(r, target)
    },
    write: (w, value) => {
      const given = value as unknown as Record<string, unknown>
      const table = tables.filter(({ keys }) => keys.every((key) => given[key] !== undefined)).sort((a, b) => b.keys.length - a.keys.length)[0]
      if (table === undefined) throw new EncodeError('', tables.map(({ keys }) => keys.join(', ')).join(' or '))
      table.fields.write(w, value)
    },
  })
}

/** Fields from what they read into an object and write from one. */
export function fields<T>({ readInto, write }: { readInto(r: ByteReader, target: Record<string, unknown>): void; write: Codec<T>['write'] }): Fields<T> {
  return {
    readInto,
    write,
    read: (r) => {
      const target: Record<string, unknown> = {}
      readInto(r, target)
      return target as T
    },
  }
}

/** Reads a member, with its span where spans are collected. */
export function member<T>(r: ByteReader, name: string, codec: Codec<T>): T {
  return r.trace === undefined ? codec.read(r) : r.traced(name, codec)
}
