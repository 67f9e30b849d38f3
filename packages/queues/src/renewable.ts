/** An object that may come up dead and must then be made anew. */
export interface Renewable<T> {
  /** The one in use; made, and waited for, when there is none. @throws what making it threw */
  get(): Promise<T>
  /** The one in use, if there is one; what comes later is not made any more. */
  end(): Promise<T | undefined>
}

/**
 * BullMQ remembers the outcome of its first connection for ever: a Queue that came up while the server was away rejects
 * every call after the server is back (queue facts §2). So `make` must reject when the object did not become ready, and
 * only one that did is kept.
 */
export function renewable<T>(make: () => Promise<T>): Renewable<T> {
  let current: Promise<T> | undefined
  let ended = false
  return {
    get: () => {
      if (ended) return Promise.reject(new Error('closed'))
      if (!current) {
        const attempt = make()
        current = attempt
        attempt.catch(() => { if (current === attempt) current = undefined })
      }
      return current
    },
    end: async () => {
      ended = true
      return current?.catch(() => undefined)
    },
  }
}
