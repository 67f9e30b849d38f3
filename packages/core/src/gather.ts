/**
 * Does a work once for all keys that come in one turn of the event loop: a storm of first contacts then costs a few statements,
 * not thousands. Each caller gets the outcome of the whole.
 */
export function inOneTurn<K, R>(work: (keys: readonly K[]) => Promise<R>): (key: K) => Promise<R> {
  let open: { keys: Set<K>; done: Promise<R> } | undefined
  return (key) => {
    if (!open) {
      const keys = new Set<K>()
      const done = new Promise<void>((resolve) => {
        setImmediate(resolve)
      }).then(() => {
        open = undefined
        return work([...keys])
      })
      open = { keys, done }
    }
    open.keys.add(key)
    return open.done
  }
}

/** Turns single questions into one for many. */
export function gather<K, V>(lookUp: (keys: readonly K[]) => Promise<ReadonlyMap<K, V>>): (key: K) => Promise<V | undefined> {
  const ask = inOneTurn(lookUp)
  return async (key) => (await ask(key)).get(key)
}
