import { QUALITIES } from '@zhuzhan/contracts'

/** One value of a row; times in epoch milliseconds, `quality` and `source` as indexes into their lists. */
export interface Element {
  /** OAD as an unsigned number. */
  item: number
  value: string
  quality: number
  source: number
  occurredAt: number | null
  receivedAt: number
}

export interface Merged {
  /** What the row holds now. */
  row: Map<number, Element>
  changed: boolean
  /** Values that took their place, new or instead of an unchecked one. */
  stored: number
  /** Later different values, to be kept beside the first. */
  conflicts: Element[]
  /** Unchecked values that made room for a checked one of another value, to be kept beside it. */
  aside: Element[]
}

const UNCHECKED = QUALITIES.indexOf('replay-unchecked')

/**
 * Puts values into a row in the order they came. The first value of an item counts, except that one which may be an old report sent
 * again (OSP-1 §7.10) makes room for a checked one.
 */
export function merge(row: ReadonlyMap<number, Element>, incoming: readonly Element[]): Merged {
  const merged: Merged = { row: new Map(row), changed: false, stored: 0, conflicts: [], aside: [] }
  for (const element of incoming) {
    const first = merged.row.get(element.item)
    const replaces = first?.quality === UNCHECKED && element.quality !== UNCHECKED
    const equal = first !== undefined && sameDecimal(first.value, element.value)
    if (!first || replaces) {
      if (first && !equal) merged.aside.push(first)
      merged.row.set(element.item, element)
      merged.changed = true
      merged.stored += 1
    } else if (!equal) {
      merged.conflicts.push(element)
    }
  }
  return merged
}

/** Equal as numbers: 1.50 and 1.5 are. */
export function sameDecimal(a: string, b: string): boolean {
  return a === b || plain(a) === plain(b)
}

function plain(value: string): string {
  const [, sign = '', whole = '', part = ''] = /^(-?)0*([0-9]*)(?:\.([0-9]*?)0*)?$/.exec(value) ?? []
  return whole === '' && part === '' ? '0' : `${sign}${whole}.${part}`
}
