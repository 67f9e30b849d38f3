import { equalBytes } from '@zhuzhan/gm-crypto'
import type { Clock } from '@zhuzhan/core'
import { markMac } from '../authority/row-macs.js'
import type { Vault } from '../keys/vault.js'
import type { MachineStore } from '../store/store.js'

/** The machine's own clock, before it lets a ticket count. §7.6 */
export interface ClockGuard {
  /** Why nothing with a ticket may be sealed now; `undefined` when the clock is good. */
  wrong(): Promise<string | undefined>
  /** Keep the highest time seen; called every minute. */
  tick(): Promise<void>
}

export interface ClockGuardOptions {
  store: MachineStore
  vault: Vault
  clock: Clock
  /** Does the system say that its clock follows a source? */
  synchronised(): Promise<boolean>
}

const MARK = 'highest-time'

export function createClockGuard({ store, vault, clock, synchronised }: ClockGuardOptions): ClockGuard {
  let highest: number | undefined
  const load = async (): Promise<number | 'changed'> => {
    if (highest !== undefined) return highest
    const row = await store.mark(MARK)
    if (row && !equalBytes(row.rowMac, markMac(vault, row))) return 'changed'
    highest ??= row ? Number(row.value.readBigUInt64BE()) : 0
    return highest
  }
  return {
    async wrong() {
      const seen = await load()
      if (seen === 'changed') return 'clock-mark-changed'
      const now = clock.now()
      if (now < seen) return 'clock-behind'
      highest = Math.max(highest ?? 0, now)
      return (await synchronised()) ? undefined : 'clock-not-synchronised'
    },
    async tick() {
      const seen = await load()
      if (seen === 'changed') return
      highest = Math.max(seen, clock.now())
      const value = Buffer.alloc(8)
      value.writeBigUInt64BE(BigInt(highest))
      await store.setMark({ name: MARK, value, rowMac: markMac(vault, { name: MARK, value }) })
    },
  }
}
