import { counted, countedFree } from './native.js'
import type { OpenSsl, Pointer } from './symbols.js'

export interface KeyCache {
  /** The parsed key of this name; parsed by `load` on first use. The cache stays its owner. */
  get(name: string, load: () => Pointer | null): Pointer
  readonly size: number
  clear(): void
}

/**
 * Least-recently-used parsed keys: parsing a public key costs half a verification. Freeing an evicted key is safe
 * while it is in use, because every EVP context holds its own reference.
 */
export function createKeyCache(ssl: OpenSsl, capacity: number): KeyCache {
  const keys = new Map<string, Pointer>()
  const drop = (name: string, pointer: Pointer): void => {
    keys.delete(name)
    countedFree(pointer, ssl.keyFree)
  }
  return {
    get size() {
      return keys.size
    },
    get(name, load) {
      const known = keys.get(name)
      if (known !== undefined) {
        keys.delete(name)
        keys.set(name, known)
        return known
      }
      const pointer = counted(load())
      keys.set(name, pointer)
      if (keys.size > capacity) {
        const oldest = keys.entries().next().value
        if (oldest) drop(...oldest)
      }
      return pointer
    },
    clear() {
      for (const [name, pointer] of [...keys]) drop(name, pointer)
    },
  }
}
