import { DAY_MS } from '@zhuzhan/core'
import type { Acknowledgement, SetPointCommand } from '../command.js'
import { createSetPointDevice } from './set-point-device.js'

/** Power was constant from one time to another. */
export interface Stretch {
  from: number
  to: number
  watts: number
}

/** What an appliance says of itself. */
export interface ApplianceSays {
  watts: number
  setPointWatts: number
  /** All it ever used, 10^-4 kWh. */
  energy: number
  comfort: 'normal' | 'held' | 'left' | 'recovering'
  heldSeconds: number
  heldTodaySeconds: number
  /** Until it may be held again. */
  restSeconds: number
}

export interface ApplianceNature {
  kind: 'air-conditioner' | 'water-heater'
  /** The most it draws. */
  ratedWatts: number
  /** A set-point under this is refused. */
  leastWatts: number
  /** What it draws when nobody holds it and it has nothing to make up. */
  drawWatts: number
  longestHoldSeconds: number
  dayHoldSeconds: number
  /** After a hold it follows no set-point for so long. */
  recoverySeconds: number
}

/**
 * An air conditioner or water heater. It takes set-points like a charging pile and runs normally when none is valid. Comfort is its
 * own: it refuses a set-point that lasts beyond its longest hold, leaves what holds it too long in one go or in a day, and follows none while it
 * recovers. What it did not use while it was held it makes up afterwards with its rated power. Nothing here waits: what happened since the last
 * look is computed when somebody looks.
 */
export interface SimulatedAppliance {
  take(setPoint: Pick<SetPointCommand, 'id' | 'sequence' | 'from' | 'to'> & { watts: number }, nowMs: number): Acknowledgement
  state(nowMs: number): ApplianceSays
  /** Another appliance in its place, without a past. */
  become(nature: ApplianceNature, nowMs: number): void
  /** Its own meter since then, newest last. */
  trace(nowMs: number): readonly Stretch[]
}

export const USUAL_APPLIANCE: ApplianceNature = { kind: 'air-conditioner', ratedWatts: 2_500, leastWatts: 200, drawWatts: 1_500, longestHoldSeconds: 1_800, dayHoldSeconds: 7_200, recoverySeconds: 1_800 }

/** W × ms of one 10^-4 kWh. */
const ENERGY_UNIT = 360_000

/** @param zoneMinutes of the local day in which it counts its holds */
export function createSimulatedAppliance(zoneMinutes: number, first: ApplianceNature = USUAL_APPLIANCE): SimulatedAppliance {
  let nature = first
  let device = deviceOf(nature)
  let edges: number[] = []
  let stretches: Stretch[] = []
  let seen: number | undefined
  let [heldMs, todayMs, restUntil, left] = [0, 0, 0, false]
  /** W × ms: what it did not use and makes up, and all it used. */
  let [owed, used] = [0, 0]

  const setPointWatts = (at: number): number => Math.round(device.setPoint(at) * 1_000)
  const isAsked = (at: number): boolean => setPointWatts(at) < nature.ratedWatts
  const isHeld = (at: number): boolean => isAsked(at) && at >= restUntil
  const wattsAt = (at: number): number => {
    const wants = owed > 0 ? nature.ratedWatts : nature.drawWatts
    return isHeld(at) ? Math.min(setPointWatts(at), wants) : wants
  }
  const rest = (at: number): void => { [restUntil, heldMs] = [Math.max(restUntil, at + nature.recoverySeconds * 1_000), 0] }
  /** From one instant to the next at which anything may change, `to` at the latest. */
  const pass = (from: number, to: number): number => {
    const [watts, held, midnight] = [wattsAt(from), isHeld(from), localMidnight(from, zoneMinutes)]
    const allowed = held ? Math.min(nature.longestHoldSeconds * 1_000 - heldMs, nature.dayHoldSeconds * 1_000 - todayMs) : Infinity
    const paid = watts > nature.drawWatts ? owed / (watts - nature.drawWatts) : Infinity
    const next = Math.min(to, midnight, from + allowed, from + paid, ...edges.filter((at) => at > from), restUntil > from ? restUntil : Infinity)
    const ms = next - from
    used += watts * ms
    owed = next === from + paid ? 0 : Math.max(0, owed + (nature.drawWatts - watts) * ms)
    if (held) [heldMs, todayMs] = [heldMs + ms, todayMs + ms]
    const last = stretches.at(-1)
    if (last?.watts === watts && last.to === from) last.to = next
    else if (ms > 0) stretches.push({ from, to: next, watts })
    if (next === midnight) todayMs = 0
    const spent = next === from + allowed
    if (held && (spent || !isAsked(next))) rest(next)
    // A day that is used up ends at midnight.
    if (held && spent && todayMs >= nature.dayHoldSeconds * 1_000) restUntil = Math.max(restUntil, localMidnight(next, zoneMinutes))
    left = isAsked(next) && (left || (held && spent))
    return next
  }
  const advance = (nowMs: number): void => {
    for (let at = seen ?? nowMs; at < nowMs;) at = pass(at, nowMs)
    seen = Math.max(seen ?? nowMs, nowMs)
    edges = edges.filter((at) => at > nowMs)
  }
  return {
    take: ({ watts, ...setPoint }, nowMs) => {
      advance(nowMs)
      if (watts < nature.leastWatts) return { outcome: 'refused', why: `${watts} W is less than it may be held to` }
      if (watts < nature.ratedWatts && setPoint.to - Math.max(nowMs, setPoint.from) > nature.longestHoldSeconds * 1_000) return { outcome: 'refused', why: 'beyond its longest hold' }
      const wasHeld = isHeld(nowMs)
      const answer = device.take({ ...setPoint, kw: watts / 1_000, pile: '', reason: '', planVersion: 0 }, nowMs)
      edges.push(setPoint.from, setPoint.to)
      if (wasHeld && !isAsked(nowMs)) rest(nowMs)
      return answer
    },
    state: (nowMs) => {
      advance(nowMs)
      const resting = restUntil > nowMs
      return {
        watts: wattsAt(nowMs), setPointWatts: setPointWatts(nowMs), energy: Math.floor(used / ENERGY_UNIT + 1e-6),
        comfort: isHeld(nowMs) ? 'held' : left ? 'left' : resting ? 'recovering' : 'normal',
        heldSeconds: Math.round(heldMs / 1_000), heldTodaySeconds: Math.round(todayMs / 1_000), restSeconds: resting ? Math.ceil((restUntil - nowMs) / 1_000) : 0,
      }
    },
    become: (other, nowMs) => {
      nature = other
      device = deviceOf(nature)
      ;[edges, stretches, seen] = [[], [], nowMs]
      ;[heldMs, todayMs, restUntil, left] = [0, 0, 0, false]
      ;[owed, used] = [0, 0]
    },
    trace: (nowMs) => {
      advance(nowMs)
      return stretches
    },
  }
}

const localMidnight = (after: number, zoneMinutes: number): number => (Math.floor((after + zoneMinutes * 60_000) / DAY_MS) + 1) * DAY_MS - zoneMinutes * 60_000

/** Its normal operation is what it falls back to: any power up to the rated one. */
const deviceOf = ({ ratedWatts }: ApplianceNature): ReturnType<typeof createSetPointDevice> => createSetPointDevice({ safeKw: ratedWatts / 1_000, largestKw: ratedWatts / 1_000 })
