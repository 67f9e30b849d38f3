import type { Purpose } from '../keys.js'

/** What a meter keeps over a power loss. §7.10 */
export interface DeviceState {
  /** Highest accepted counter of a CONNECT; stored before the answer. */
  asctr: number
  /** Highest report counter that may have been used; blocks are reserved before sending. */
  rspctr: number
  /** Highest accepted broadcast counter; stored before acting. */
  agseq: number
  /** Seconds the clock was shifted by broadcasts since it was last set in a session. */
  broadcastShift: number
  /** Keys that a key update brought; absent while those of the key file count. A chip keeps them inside. */
  active?: StoredKeySet | undefined
  pending?: StoredKeySet | undefined
}

/** Hex, so that any store can keep it. */
export interface StoredKeySet {
  keyState: number
  keyVersion: number
  dispersion: string
  keys: Record<Purpose, string>
  updateId?: string
}

export const FIRST_STATE: DeviceState = { asctr: 0, rspctr: 0, agseq: 0, broadcastShift: 0 }

/** Supplied by whoever runs the device. `store` resolves when the state survives a power loss. */
export interface DeviceStore {
  load(): Promise<DeviceState | undefined>
  store(state: DeviceState): Promise<void>
}

export interface Counters {
  readonly state: Readonly<DeviceState>
  /** Store the change first, then let it be seen. */
  change(change: Partial<DeviceState>): Promise<void>
}

export async function openCounters(store: DeviceStore): Promise<Counters> {
  let state = { ...FIRST_STATE, ...(await store.load()) }
  return {
    get state() {
      return state
    },
    async change(change) {
      const next = { ...state, ...change }
      await store.store(next)
      state = next
    },
  }
}

/** A store in memory, for tests and for devices that may forget. */
export function memoryStore(initial?: DeviceState): DeviceStore & { readonly saved: DeviceState | undefined; writes: number } {
  let saved = initial
  const store = {
    writes: 0,
    get saved() {
      return saved
    },
    load: async () => saved,
    store: async (state: DeviceState) => {
      saved = { ...state }
      store.writes++
    },
  }
  return store
}
