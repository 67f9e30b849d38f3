/** A connection that has not logged in yet. */
export interface Stranger {
  readonly id: number
  readonly remote: string
}

/**
 * Connections without a login, bounded in all and per peer address. When the bound is reached the one that has been silent
 * for longest must go, so that thousands of silent connections never keep a terminal out that logs in at once.
 */
export interface Strangers<T extends Stranger> {
  readonly size: number
  /** Adds a connection; returns those to shed. */
  admit(stranger: T): T[]
  leave(stranger: T): void
}

export function createStrangers<T extends Stranger>(maxAll: number, maxPerAddress: number): Strangers<T> {
  const all = new Map<number, T>()
  const byAddress = new Map<string, Map<number, T>>()
  const leave = (stranger: T): void => {
    if (!all.delete(stranger.id)) return
    const group = byAddress.get(stranger.remote)
    group?.delete(stranger.id)
    if (group?.size === 0) byAddress.delete(stranger.remote)
  }
  const oldest = (group: Map<number, T>): T => group.values().next().value as T
  return {
    get size() { return all.size },
    admit: (stranger) => {
      all.set(stranger.id, stranger)
      const group = byAddress.get(stranger.remote) ?? new Map<number, T>()
      byAddress.set(stranger.remote, group.set(stranger.id, stranger))
      const shed: T[] = []
      if (group.size > maxPerAddress) shed.push(oldest(group))
      else if (all.size > maxAll) shed.push(oldest(all))
      shed.forEach(leave)
      return shed
    },
    leave,
  }
}
