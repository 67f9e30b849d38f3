import type { Logger, Part } from '@zhuzhan/service-kit'
import type { Machine } from './app.js'
import type { MachineStore } from './store/store.js'

const EVERY_MS = 2_000

/** Looks after the lease also while nothing is written: a process that was fenced off must stop serving soon. */
export function leaseWatch({ store, machine, log }: { store: MachineStore; machine: Pick<Machine, 'serving' | 'retire'>; log: Logger }): Part {
  let timer: NodeJS.Timeout | undefined
  const look = async (): Promise<void> => {
    // A database that cannot be asked proves nothing: sessions in memory go on, and every write checks anyway.
    const owned = await store.owned().catch(() => true)
    if (owned || !machine.serving) return
    machine.retire()
    log.error('another process took the crypto machine over; this one serves no more')
  }
  return {
    name: 'lease-watch',
    start: async () => {
      timer = setInterval(() => void look(), EVERY_MS)
    },
    stop: async () => {
      clearInterval(timer)
      machine.retire()
    },
  }
}
