import { MAX_BATCH } from './messages.js'

export interface Batcher {
  add(op: string, batch: readonly unknown[]): Promise<unknown[]>
  /** Requests collected and not sent yet. */
  readonly pending: number
}

interface Call {
  size: number
  resolve(results: unknown[]): void
  reject(error: unknown): void
}

/**
 * Collects the calls of one turn of the event loop and sends each operation as few messages, then hands every caller
 * its own part of the results. A call larger than a message is cut by the caller's side here, too.
 */
export function createBatcher(send: (op: string, batch: readonly unknown[]) => Promise<unknown[]>): Batcher {
  let groups = new Map<string, { items: unknown[]; calls: Call[] }>()
  let pending = 0

  const flush = (): void => {
    const now = groups
    groups = new Map()
    pending = 0
    for (const [op, { items, calls }] of now) {
      const parts: Promise<unknown[]>[] = []
      for (let at = 0; at < items.length; at += MAX_BATCH) parts.push(send(op, items.slice(at, at + MAX_BATCH)))
      Promise.all(parts).then(
        (results) => {
          const all = results.length === 1 ? (results[0] ?? []) : results.flat()
          let at = 0
          for (const call of calls) call.resolve(all.slice(at, (at += call.size)))
        },
        (error: unknown) => {
          for (const call of calls) call.reject(error)
        },
      )
    }
  }

  return {
    get pending() {
      return pending
    },
    add: (op, batch) =>
      new Promise((resolve, reject) => {
        if (pending === 0) setImmediate(flush)
        pending += batch.length
        let group = groups.get(op)
        if (!group) groups.set(op, (group = { items: [], calls: [] }))
        for (const item of batch) group.items.push(item)
        group.calls.push({ size: batch.length, resolve, reject })
      }),
  }
}
