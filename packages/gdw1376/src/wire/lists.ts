import { EncodeError, listOf } from '@zhuzhan/codec'
import type { Codec } from '@zhuzhan/codec'

const write = <T>(element: Codec<T>, count: Codec<number>) => listOf(element, { count }).write
const uncounted: Codec<number> = { read: (r) => r.remaining, write: () => undefined }

/** Elements up to the end. Each must take a byte at least. */
export function listToEnd<T>(element: Codec<T>): Codec<T[]> {
  return {
    read: (r) => {
      const items: T[] = []
      while (r.remaining > 0) items.push(r.trace === undefined ? element.read(r) : r.traced(String(items.length), element))
      return items
    },
    write: write(element, uncounted),
  }
}

/** So many elements, without a count. */
export function fixedList<T>(size: number, element: Codec<T>): Codec<T[]> {
  const list = listOf(element, { count: { read: () => size, write: () => undefined } })
  return {
    read: list.read,
    write: (w, items) => {
      if (items.length !== size) throw new EncodeError('', `${size} elements`)
      list.write(w, items)
    },
  }
}
