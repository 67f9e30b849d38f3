import { residentMiB } from './process-tree.js'
import { SERVICES } from './rig.js'
import type { Rig } from './rig.js'

const LOOK_MS = 5_000

export interface MemoryWatch {
  /** By process, in MiB. */
  result(): Record<string, { begin: number; most: number }>
  end(): void
}

/** Looks at the resident memory of every service all the time: what a fault piles up must go away again. */
export function watchMemory({ station }: Pick<Rig, 'station'>): MemoryWatch {
  const seen = new Map<string, { begin: number; most: number }>()
  const look = (): void => {
    for (const name of SERVICES) {
      const pid = station.pidOf(name)
      const now = pid === undefined ? undefined : residentMiB(pid)
      if (now === undefined || Number.isNaN(now)) continue
      const known = seen.get(name)
      if (known) known.most = Math.max(known.most, now)
      else seen.set(name, { begin: now, most: now })
    }
  }
  look()
  const timer = setInterval(look, LOOK_MS)
  return { result: () => Object.fromEntries(seen), end: () => clearInterval(timer) }
}
