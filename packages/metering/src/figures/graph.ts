/** Name of an input or a figure. */
export type Key = string

/** A kind of derived figure. Kinds are ordered: one reads inputs and kinds before it, or earlier figures of its own kind. */
export interface FigureKind<V> {
  kind: string
  /** Computes one figure from what `read` gives; everything it depends on goes through `read`. Undefined: there is none. */
  compute(key: Key, read: (key: Key) => V | undefined): V | undefined
  /** Which figures of this kind look at `key`, an input or a figure. May name too many, never too few. */
  affectedBy(key: Key): readonly Key[]
}

export interface Change<V> {
  key: Key
  before: V | undefined
  after: V | undefined
}

export interface Recomputed<V> {
  /** Figures that are now other than before; nothing else was touched. */
  changes: Change<V>[]
  /** Everything that was computed, changed or not. */
  looked: Key[]
}

/**
 * Computes anew what depends on changed inputs, and what depends on that, each once and in the order of the kinds. A figure that comes out
 * equal stops there: nothing is looked at for its sake. `values` holds inputs (already changed) and figures; it is written to.
 * @param order sorts keys of one kind, so that a figure comes after those of its kind that it reads
 */
export function recompute<V>(
  kinds: readonly FigureKind<V>[], values: Map<Key, V>, changed: Iterable<Key>, equal: (a: V, b: V) => boolean, order: (a: Key, b: Key) => number,
): Recomputed<V> {
  const moved: Key[] = [...changed]
  const result: Recomputed<V> = { changes: [], looked: [] }
  for (const { compute, affectedBy } of kinds) {
    const due = new Set(moved.flatMap((key) => affectedBy(key)))
    const done = new Set<Key>()
    for (let next = first(due, order); next !== undefined; next = first(due, order)) {
      due.delete(next)
      done.add(next)
      result.looked.push(next)
      const before = values.get(next)
      const after = compute(next, (key) => values.get(key))
      if (before === undefined ? after === undefined : after !== undefined && equal(before, after)) continue
      if (after === undefined) values.delete(next)
      else values.set(next, after)
      result.changes.push({ key: next, before, after })
      moved.push(next)
      // Later figures of the same kind may read this one.
      for (const key of affectedBy(next)) if (!done.has(key)) due.add(key)
    }
  }
  return result
}

function first(due: ReadonlySet<Key>, order: (a: Key, b: Key) => number): Key | undefined {
  let least: Key | undefined
  for (const key of due) if (least === undefined || order(key, least) < 0) least = key
  return least
}
