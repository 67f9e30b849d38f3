import { gather } from '@zhuzhan/core'
import { equalBytes } from '@zhuzhan/gm-crypto'
import type { Vault } from '../keys/vault.js'
import type { PlaceRow } from '../store/authority-store.js'
import type { MachineStore } from '../store/store.js'
import { placeMac } from './row-macs.js'

export interface Places {
  /** Where the machine believes the device to be; a row whose MAC is wrong counts as none. */
  get(address: string): Promise<PlaceRow | undefined>
  /** By address, those behind `address`; rows whose MAC is wrong are left out. `next`: where to go on, null at the end. */
  after(address: string, limit: number): Promise<{ rows: PlaceRow[]; next: string | null }>
  drop(addresses: readonly string[]): void
}

const CAPACITY = 200_000

export function createPlaces({ store, vault }: { store: MachineStore; vault: Vault }): Places {
  const cache = new Map<string, PlaceRow>()
  /** Rises with every order, so that what was read before it is not kept after it. */
  let generation = 0
  const load = gather(async (addresses: readonly string[]) => new Map((await store.places(addresses)).map((row) => [row.address, row])))
  return {
    async get(address) {
      const known = cache.get(address)
      if (known) return known
      const before = generation
      const row = await load(address)
      if (!row || !equalBytes(row.rowMac, placeMac(vault, row))) return undefined
      if (before === generation) cache.set(address, row)
      if (cache.size > CAPACITY) for (const oldest of [...cache.keys()].slice(0, CAPACITY / 10)) cache.delete(oldest)
      return row
    },
    async after(address, limit) {
      const rows = await store.placesAfter(address, limit)
      return { rows: rows.filter((row) => equalBytes(row.rowMac, placeMac(vault, row))), next: rows.length < limit ? null : (rows.at(-1)?.address ?? null) }
    },
    drop: (addresses) => {
      generation++
      for (const address of addresses) cache.delete(address)
    },
  }
}
