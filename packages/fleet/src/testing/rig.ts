import { manualClock } from '@zhuzhan/core'
import { createFleet } from '../run/fleet.js'
import type { Fleet, FleetOptions } from '../run/fleet.js'
import { seededRandom } from '../run/random.js'
import { memoryStation } from './memory-station.js'
import type { MemoryStation } from './memory-station.js'

/** A fleet and a station in one process, with a clock that the test moves. */
export interface Rig {
  fleet: Fleet
  station: MemoryStation
  now(): number
  /** Lets time pass in small steps, everything that is due happening on the way. */
  pass(ms: number): Promise<void>
  /** Waits in real time, for what other threads do (SM2). */
  until(holds: () => boolean): Promise<void>
}

export const START = Date.UTC(2026, 9, 5, 3, 7, 21)

export async function startRig(options: Omit<FleetOptions, 'dial' | 'clock' | 'random' | 'selfRunning'> & { before?(station: MemoryStation): void }): Promise<Rig> {
  const clock = manualClock(START)
  const station = memoryStation(clock)
  const { before, ...rest } = options
  before?.(station)
  const fleet = await createFleet({ ...rest, settings: { instant: true, ...rest.settings }, dial: station.dial, clock, random: seededRandom(5), selfRunning: false })
  const settle = async (): Promise<void> => { for (let i = 0; i < 6; i++) await new Promise((resolve) => setImmediate(resolve)) }
  const pass = async (ms: number): Promise<void> => {
    for (let left = ms; left > 0;) {
      const step = Math.min(left, ms > 5_000 ? 500 : 50)
      clock.advance(step)
      left -= step
      fleet.scheduler.runDue()
      await settle()
    }
  }
  const until = async (holds: () => boolean): Promise<void> => {
    for (let i = 0; !holds(); i++) {
      if (i > 1_000) throw new Error('waited in vain')
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  }
  fleet.start()
  await settle()
  return { fleet, station, now: () => clock.now(), pass, until }
}
