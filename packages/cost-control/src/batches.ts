import { areaShare } from './facts.js'
import type { BatchLimits } from './facts.js'

/** A meter that may be cut by all rules about itself. */
export interface Candidate {
  meter: string
  area: string
  overdueSince: number
}

export interface Load {
  /** By area: its meters, and how many of them were cut or are about to be within 24 h. */
  areas: ReadonlyMap<string, { meters: number; cut: number }>
  /** Cut or about to be within the hour. */
  hour: number
}

/** Who of the candidates comes into the list two people are asked about: the oldest debt first, within the limits of area, hour and ticket. */
export function planBatch(candidates: readonly Candidate[], load: Load, limits: BatchLimits): { chosen: Candidate[]; left: { meter: string; code: 'AREA_LIMIT' | 'HOUR_LIMIT' }[] } {
  const cut = new Map([...load.areas].map(([area, one]) => [area, one.cut]))
  const chosen: Candidate[] = []
  const left: { meter: string; code: 'AREA_LIMIT' | 'HOUR_LIMIT' }[] = []
  for (const one of [...candidates].sort((a, b) => a.overdueSince - b.overdueSince || (a.meter < b.meter ? -1 : 1))) {
    const before = cut.get(one.area) ?? 0
    if (before >= areaShare(load.areas.get(one.area)?.meters ?? 0, limits)) left.push({ meter: one.meter, code: 'AREA_LIMIT' })
    else if (load.hour + chosen.length >= limits.perHour || chosen.length >= limits.perTicket) left.push({ meter: one.meter, code: 'HOUR_LIMIT' })
    else {
      cut.set(one.area, before + 1)
      chosen.push(one)
    }
  }
  return { chosen, left }
}
