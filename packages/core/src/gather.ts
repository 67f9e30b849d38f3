/**
 * Turns single questions into one for many: what is asked in one turn of the event loop is looked up together. A storm
 * of first contacts then costs a few statements, not thousands.
 */
export function gather<K, V>(lookUp: (keys: readonly K[]) => Promise<Map<K, V>>): (key: K) => Promise<V | undefined> {
  let asked: { keys: Set<K>; answer: Promise<Map<K, V>> } | undefined
  return async (key) => {
    if (!asked) {
      const keys = new Set<K>()
      const answer = new Promise<void>((resolve) => {
        setImmediate(resolve)
      }).then(() => {
        asked = undefined
        return lookUp([...keys])
      })
      asked = { keys, answer }
    }
    asked.keys.add(key)
    return (await asked.answer).get(key)
  }
}
