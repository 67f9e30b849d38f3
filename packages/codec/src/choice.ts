import type { ByteReader } from './byte-reader.js'
import type { Codec, Fields, Simplify, TypeOf } from './codec.js'
import { EncodeError, within } from './errors.js'

type Constants = Readonly<Record<string, string | number>>
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- a table holds fields of every type
type AnyFields = Fields<any>
type VariantRow = readonly [tag: number, constants: Constants, body: AnyFields]
interface ReadRow {
  constants: [string, string | number][]
  body: AnyFields
}

type VariantsOf<R extends readonly VariantRow[]> = {
  [I in keyof R]: Simplify<{ -readonly [K in keyof R[I][1]]: R[I][1][K] } & TypeOf<R[I][2]>>
}[number]

/**
 * One byte chooses the row; the object carries the row's constants (what tells the alternatives apart) and the
 * members of its body. `what` names the choice in errors.
 */
export function variants<const R extends readonly VariantRow[]>(what: string, rows: R): Fields<VariantsOf<R>> {
  const byTag = new Array<ReadRow | undefined>(256).fill(undefined)
  for (const [tag, constants, body] of rows) {
    if (byTag[tag] !== undefined) throw new RangeError(`${what}: tag ${tag} appears twice`)
    byTag[tag] = { constants: Object.entries(constants), body }
  }
  const keys = [...new Set(rows.flatMap((row) => Object.keys(row[1])))]
  const first = keys[0]!
  const byFirst = new Map<unknown, VariantRow[]>()
  for (const row of rows) byFirst.set(row[1][first], [...byFirst.get(row[1][first]) ?? [], row])

  function readInto(r: ByteReader, target: Record<string, unknown>): void {
    const { constants, body } = byTag[r.u8()] ?? r.fail(what, r.offset - 1)
    // Members are added one by one to an object that began empty: V8 handles that ten times faster than adding to a copy.
    for (let i = 0; i < constants.length; i++) target[constants[i]![0]] = constants[i]![1]
    if (r.trace !== undefined && constants.length > 0) r.trace.leaf(constants[0]![0], r.origin + r.offset - 1, r.origin + r.offset, constants[0]![1])
    body.readInto(r, target)
  }

  return {
    readInto,
    read: (r) => {
      const target: Record<string, unknown> = {}
      readInto(r, target)
      return target as VariantsOf<R>
    },
    write: (w, value) => {
      const given = value as Record<string, unknown>
      const candidates = byFirst.get(given[first])
      // Nearly always the first constant decides.
      const row = candidates?.length === 1 ? candidates[0] : candidates?.find(([, constants]) =>
        keys.every((key) => constants[key] === undefined || constants[key] === given[key]))
      if (row === undefined) throw new EncodeError(first, what)
      w.u8(row[0])
      row[2].write(w, value)
    },
  }
}

type ChoiceRows = Readonly<Record<string, readonly [tag: number, body: AnyFields]>>
type ChoiceOf<K extends string, R extends ChoiceRows> = {
  [N in keyof R]: Simplify<{ [P in K]: N } & TypeOf<R[N][1]>>
}[keyof R]

/** The common case of variants: the alternatives differ by a name under one key, `{ normal: [1, …], list: [2, …] }`. */
export function choice<K extends string, const R extends ChoiceRows>(key: K, rows: R): Fields<ChoiceOf<K, R>> {
  const table = Object.entries(rows).map(([name, [tag, body]]): VariantRow => [tag, { [key]: name }, body])
  return variants(`a ${key}`, table) as unknown as Fields<ChoiceOf<K, R>>
}

type NumberedRows = Readonly<Record<number, AnyFields>>
type NumberedOf<K extends string, R extends NumberedRows> = {
  [N in keyof R & number]: Simplify<{ [P in K]: N } & TypeOf<R[N]>>
}[keyof R & number]

/** Alternatives known by their number alone, `{ 0: …, 1: … }`. */
export function numbered<K extends string, const R extends NumberedRows>(key: K, rows: R): Fields<NumberedOf<K, R>> {
  const table = Object.entries(rows).map(([tag, body]): VariantRow => [Number(tag), { [key]: Number(tag) }, body])
  return variants(`a ${key}`, table) as unknown as Fields<NumberedOf<K, R>>
}

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- a table holds codecs of every type
type EitherRows = Readonly<Record<string, readonly [tag: number, codec: Codec<any>]>>
type EitherOf<R extends EitherRows> = { [N in keyof R]: { [P in N]: TypeOf<R[N][1]> } }[keyof R]

/** One byte chooses which member the object has, `{ dar: [0, u8], data: [1, Data] }`. */
export function either<const R extends EitherRows>(rows: R): Fields<EitherOf<R>> {
  const table = Object.entries(rows).map(([name, [tag, codec]]) => ({ name, tag, codec }))
  const what = table.map((row) => `${row.tag} (${row.name})`).join(' or ')
  function readInto(r: ByteReader, target: Record<string, unknown>): void {
    const tag = r.u8()
    const row = table.find((candidate) => candidate.tag === tag) ?? r.fail(what, r.offset - 1)
    target[row.name] = r.trace === undefined ? row.codec.read(r) : r.traced(row.name, row.codec)
  }
  return {
    readInto,
    read: (r) => {
      const target: Record<string, unknown> = {}
      readInto(r, target)
      return target as EitherOf<R>
    },
    write: (w, value) => {
      const given = value as Record<string, unknown>
      const row = table.find(({ name }) => given[name] !== undefined)
      if (row === undefined) throw new EncodeError('', what)
      w.u8(row.tag)
      try {
        row.codec.write(w, given[row.name])
      } catch (error) {
        throw within(row.name, error)
      }
    },
  }
}
