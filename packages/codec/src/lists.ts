import type { Codec } from './codec.js'
import { EncodeError, within } from './errors.js'

export interface ListOptions {
  /** How the count is written. */
  count: Codec<number>
  max?: number
  /** Size of the smallest element; a count the remaining bytes cannot hold is refused before anything is allocated. */
  least?: number
}

/** A count and that many elements. */
export function listOf<T>(element: Codec<T>, { count, max = Number.POSITIVE_INFINITY, least = 1 }: ListOptions): Codec<T[]> {
  return {
    read: (r) => {
      const at = r.offset
      const size = r.checkCount(count.read(r), at, least)
      if (size > max) r.fail(`at most ${max} elements`, at)
      const items: T[] = []
      for (let i = 0; i < size; i++) items.push(r.trace === undefined ? element.read(r) : r.traced(String(i), element))
      return items
    },
    write: (w, items) => {
      if (!Array.isArray(items) || items.length > max) throw new EncodeError('', max === Number.POSITIVE_INFINITY ? 'a list' : `a list of at most ${max}`)
      count.write(w, items.length)
      for (let i = 0; i < items.length; i++) {
        try {
          element.write(w, items[i]!)
        } catch (error) {
          throw within(i, error)
        }
      }
    },
  }
}
