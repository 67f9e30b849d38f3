import type { Kind } from '../kinds.js'

/** What a meter keeps of a device over a power loss. */
export interface PeerRecord {
  kind: Kind
  /** Hex. */
  pid: string
  /** Pinned, 04 || x || y; suites 1 and 5. */
  publicKey?: Buffer
  /** LK; suites 1 to 4. */
  link?: Buffer
  testReport?: string
  /** Waits beside the active one until a session was opened under it. */
  pending: boolean
}

/** Supplied by whoever runs the meter. `save` resolves when it survives a power loss; it replaces what has the same pid and pending. */
export interface PeerStore {
  load(): Promise<PeerRecord[]>
  save(record: PeerRecord): Promise<void>
  remove(pid: string, pending: boolean): Promise<void>
}

const keyOf = (pid: string, pending: boolean): string => `${pid}/${pending ? 'pending' : 'active'}`

/** A store in memory, for tests and virtual devices. */
export function memoryPeerStore(): PeerStore & { readonly records: ReadonlyMap<string, PeerRecord> } {
  const records = new Map<string, PeerRecord>()
  return {
    records,
    load: async () => [...records.values()],
    save: async (record) => void records.set(keyOf(record.pid, record.pending), record),
    remove: async (pid, pending) => void records.delete(keyOf(pid, pending)),
  }
}

export interface Peers {
  /** The records to try for a device, pending first. */
  candidates(kind: Kind, pid: string): PeerRecord[]
  all(): PeerRecord[]
  /** Store first, then let it be seen. @returns false when there is no room, or the PID belongs to a device of another kind */
  add(record: PeerRecord): Promise<boolean>
  /** A session was opened under this record: it is the active one now. */
  activate(record: PeerRecord): Promise<PeerRecord>
  remove(pid: string): Promise<void>
}

/** Devices one meter keeps. */
export const MAX_PEERS = 64

export async function openPeers(store: PeerStore): Promise<Peers> {
  const known = new Map((await store.load()).map((record): [string, PeerRecord] => [keyOf(record.pid, record.pending), record]))
  const drop = async (pid: string, pending: boolean): Promise<void> => {
    if (!known.has(keyOf(pid, pending))) return
    await store.remove(pid, pending)
    known.delete(keyOf(pid, pending))
  }
  return {
    candidates: (kind, pid) => [known.get(keyOf(pid, true)), known.get(keyOf(pid, false))].filter((one): one is PeerRecord => one?.kind === kind),
    all: () => [...known.values()],
    async add(record) {
      const key = keyOf(record.pid, record.pending)
      if (!known.has(key) && known.size >= MAX_PEERS) return false
      if ([true, false].some((pending) => (known.get(keyOf(record.pid, pending))?.kind ?? record.kind) !== record.kind)) return false
      await store.save(record)
      known.set(key, record)
      return true
    },
    async activate(record) {
      if (!record.pending) return record
      const active = { ...record, pending: false }
      await store.save(active)
      known.set(keyOf(record.pid, false), active)
      await drop(record.pid, true)
      return active
    },
    async remove(pid) {
      await drop(pid, true)
      await drop(pid, false)
    },
  }
}
