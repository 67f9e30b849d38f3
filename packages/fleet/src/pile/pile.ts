import { createSetPointDevice } from '@zhuzhan/demand-control'
import type { Acknowledgement, Stretch } from '@zhuzhan/demand-control'
import type { PileSetPoint, PileState } from '@zhuzhan/dlt698'

/** A vehicle that will be plugged in from a time on, epoch ms. */
export interface Vehicle {
  from: number
  to: number
  kwh: number
  maxKw: number
  minKw: number
}

/**
 * A charging pile behind a terminal: holds the set-points it was told for their times, drops repeats of an id, is at its safe power when none
 * is valid, and counts what flowed. Nothing here waits: what happened since the last look is computed when somebody looks.
 */
export interface VirtualPile {
  take(setPoint: PileSetPoint, nowMs: number): Acknowledgement
  state(nowMs: number): PileState
  /** Vehicles to come, in place of the ones before. `speed`: hours of charging in an hour of the clock, for nights in compressed time. */
  announce(night: { vehicles: readonly Vehicle[]; safeWatts: number; speed: number }, nowMs: number): void
  /** The pile's own meter since the night was announced, newest last. */
  trace(nowMs: number): readonly Stretch[]
  /** kWh by announced vehicle. */
  delivered(nowMs: number): readonly number[]
}

const LARGEST_KW = 350
const SAFE_WATTS = 1_380

export function createVirtualPile(): VirtualPile {
  let safeWatts = SAFE_WATTS
  let device = createSetPointDevice({ safeKw: safeWatts / 1_000, largestKw: LARGEST_KW })
  let vehicles: readonly Vehicle[] = []
  let delivered: number[] = []
  let speed = 1
  let edges: number[] = []
  let stretches: Stretch[] = []
  let seen: number | undefined

  const setPointWatts = (at: number): number => Math.round(device.setPoint(at) * 1_000)
  const present = (at: number): number => vehicles.findIndex(({ from, to }) => from <= at && at < to)
  const wattsAt = (at: number): number => {
    const index = present(at)
    const one = vehicles[index]
    if (!one || one.kwh - (delivered[index] ?? 0) <= 1e-9) return 0
    const watts = Math.min(setPointWatts(at), Math.round(one.maxKw * 1_000))
    return watts < Math.round(one.minKw * 1_000) ? 0 : watts
  }
  const pass = (from: number, to: number): void => {
    const watts = wattsAt(from)
    const index = present(from)
    let end = to
    if (watts > 0) {
      const missing = (vehicles[index] as Vehicle).kwh - (delivered[index] as number)
      // The vehicle ends by itself when it is full.
      end = Math.min(to, from + (missing / (watts / 1_000) / speed) * 3_600_000)
      delivered[index] = end < to ? (vehicles[index] as Vehicle).kwh : (delivered[index] as number) + (watts / 1_000) * speed * ((end - from) / 3_600_000)
    }
    note(from, end, watts)
    note(end, to, 0)
  }
  const note = (from: number, to: number, watts: number): void => {
    if (to <= from) return
    const last = stretches.at(-1)
    if (last?.watts === watts && last.to === from) last.to = to
    else stretches.push({ from, to, watts })
  }
  const advance = (nowMs: number): void => {
    const due = [...new Set([...edges, ...vehicles.flatMap(({ from, to }) => [from, to])])].filter((at) => seen !== undefined && at > seen && at < nowMs).sort((a, b) => a - b)
    for (const at of [...due, nowMs]) {
      if (seen !== undefined && at > seen) pass(seen, at)
      seen = Math.max(seen ?? at, at)
    }
    edges = edges.filter((at) => at > nowMs)
  }
  return {
    take: ({ watts, ...setPoint }, nowMs) => {
      advance(nowMs)
      edges.push(setPoint.from, setPoint.to)
      return device.take({ ...setPoint, kw: watts / 1_000, pile: '', reason: '', planVersion: 0 }, nowMs)
    },
    state: (nowMs) => {
      advance(nowMs)
      const index = present(nowMs)
      return { watts: wattsAt(nowMs), plugged: index >= 0, session: Math.floor((delivered[index] ?? 0) * 10_000 + 1e-6), setPointWatts: setPointWatts(nowMs) }
    },
    announce: (night, nowMs) => {
      ({ vehicles, safeWatts, speed } = night)
      device = createSetPointDevice({ safeKw: safeWatts / 1_000, largestKw: LARGEST_KW })
      delivered = vehicles.map(() => 0)
      stretches = []
      edges = []
      seen = nowMs
    },
    trace: (nowMs) => {
      advance(nowMs)
      return stretches
    },
    delivered: (nowMs) => {
      advance(nowMs)
      return delivered
    },
  }
}
