import { counted, countedFree } from './native.js'
import type { OpenSsl, Pointer } from './symbols.js'

export interface KeyCache {
  has(name: string): boolean
  /** The parsed key of this name; parsed by `load` on first use. It lives until it is given back, even when evicted meanwhile. */
  borrow(name: string, load: () => Pointer | null): Pointer
  giveBack(key: Pointer): void
  readonly size: number
  clear(): void
}

/**
 * Least-recently-used parsed keys: parsing a public key costs half a verification. Who borrows one holds a reference
 * of the library, so an evicted key is freed when the last borrower has gone.
 */
export function createKeyCache(ssl: OpenSsl, capacity: number): KeyCache {
  const keys = new Map<string, Pointer>()
  const drop = (name: string, pointer: Pointer): void => {
    keys.delete(name)
    countedFree(pointer, ssl.keyFree)
  }
  return {
    has: (name) => keys.has(name),
    get size() {
      return keys.size
    },
    borrow(name, load) {
      let key = keys.get(name)
      if (key === undefined) {
        key = counted(load())
        if (keys.size >= capacity) {
          const oldest = keys.entries().next().value
          if (oldest) drop(...oldest)
        }
      } else keys.delete(name)
      keys.set(name, key)
      if (ssl.keyUpRef(key) !== 1) throw new Error('OpenSSL gave no reference')
      counted(key)
      return key
    },
    giveBack: (key) => countedFree(key, ssl.keyFree),
    clear() {
      for (const [name, pointer] of [...keys]) drop(name, pointer)
    },
  }
}
