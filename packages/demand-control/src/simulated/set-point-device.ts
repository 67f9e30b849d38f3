import type { Acknowledgement, SetPointCommand } from '../command.js'

/** What a pile or an appliance does with commands: the device's half of the loop. */
export interface SetPointDevice {
  take(command: SetPointCommand, at: number): Acknowledgement
  setPoint(at: number): number
  /** Set-points are given up for what it falls back to until a newer command holds; ids and sequences survive. */
  restart(): void
  /** How often each id was applied. */
  readonly applied: ReadonlyMap<string, number>
}

export function createSetPointDevice({ safeKw, largestKw }: { safeKw: number; largestKw: number }): SetPointDevice {
  const seen = new Map<string, number>()
  const applied = new Map<string, number>()
  let schedule: SetPointCommand[] = []
  let lastBeforeRestart = -1
  return {
    applied,
    take: (command, at) => {
      if (seen.has(command.id)) return { outcome: 'repeated' }
      if (command.to <= at) return { outcome: 'refused', why: 'its time is over' }
      if (!(command.kw >= 0 && command.kw <= largestKw)) return { outcome: 'refused', why: `${command.kw} kW is beyond this device` }
      schedule = [...schedule.filter(({ to }) => to > at), command]
      // An id whose time is over would be refused anyway: the memory stays small.
      for (const [id, to] of seen) if (to <= at) seen.delete(id)
      seen.set(command.id, command.to)
      applied.set(command.id, (applied.get(command.id) ?? 0) + 1)
      return { outcome: 'applied' }
    },
    setPoint: (at) => {
      let holding: SetPointCommand | undefined
      for (const one of schedule) if (one.from <= at && at < one.to && one.sequence > (holding?.sequence ?? -1)) holding = one
      return holding && holding.sequence > lastBeforeRestart ? holding.kw : safeKw
    },
    restart: () => { lastBeforeRestart = Math.max(lastBeforeRestart, ...schedule.map(({ sequence }) => sequence)) },
  }
}
