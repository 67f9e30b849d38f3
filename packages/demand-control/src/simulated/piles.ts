import { HesError } from '@zhuzhan/core'
import type { Acknowledgement, ChargingPiles, PileReading, SetPointCommand } from '../command.js'
import { createSetPointDevice } from './set-point-device.js'
import type { SetPointDevice } from './set-point-device.js'

export interface Session {
  pile: string
  from: number
  to: number
  kwh: number
  maxKw: number
  minKw: number
}

/** What happens to one message on its way. `againMs`: it arrives a second time that much later. */
export interface Fate {
  lost?: boolean
  delayMs?: number
  againMs?: number
}

export interface SimulatedOptions {
  safeKw: ReadonlyMap<string, number>
  sessions: readonly Session[]
  startAt: number
  fate?: (message: { direction: 'down' | 'up'; at: number; command: SetPointCommand }) => Fate
  gatewayDown?: (at: number) => boolean
  /** Off for a moment, then back at the safe limit. */
  restarts?: readonly { pile: string; at: number; offMs: number }[]
  watch?: (at: number, setPointsKw: number, powerKw: number) => void
}

export interface SimulatedPiles extends ChargingPiles {
  /** Lets time pass. Before it returns, everything that arrived has been answered. */
  advance(to: number): Promise<void>
  readonly devices: ReadonlyMap<string, SetPointDevice>
  /** kWh by session, in their order, and what each drew with its time, for a bill. */
  readonly delivered: readonly number[]
  readonly drawn: readonly { at: number; kwh: number }[]
}

const DELAY_MS = 300
const NO_ANSWER_MS = 10_000
/** Powers are constant for at most this long; set-points and vehicles change at whole multiples of it. */
const CHUNK_MS = 30_000

/** Piles behind a gateway in simulated time, with vehicles that come and go, and with every fault of the way between. */
export function createSimulatedPiles({ safeKw, sessions, startAt, fate = () => ({}), gatewayDown = () => false, restarts = [], watch }: SimulatedOptions): SimulatedPiles {
  const devices = new Map([...safeKw].map(([pile, safe]) => [pile, createSetPointDevice({ safeKw: safe, largestKw: 1_000 })]))
  const delivered = sessions.map(() => 0)
  const drawn: { at: number; kwh: number }[] = []
  const events: { at: number; run: () => void }[] = restarts.map(({ pile, at }) => ({ at, run: () => devices.get(pile)?.restart() }))
  let now = startAt

  const isOff = (pile: string, at: number): boolean => restarts.some((one) => one.pile === pile && one.at <= at && at < one.at + one.offMs)
  const send = (direction: 'down' | 'up', command: SetPointCommand, arrive: () => void): void => {
    const { lost, delayMs = DELAY_MS, againMs } = fate({ direction, at: now, command })
    const through = (): void => { if (!gatewayDown(now)) arrive() }
    if (lost !== true) events.push({ at: now + delayMs, run: through })
    if (againMs !== undefined) events.push({ at: now + delayMs + againMs, run: through })
  }
  const powerOf = (index: number, hours: number): number => {
    const one = sessions[index] as Session
    const missing = one.kwh - (delivered[index] as number)
    if (now < one.from || now >= one.to || missing <= 1e-9 || isOff(one.pile, now)) return 0
    const kw = Math.min(devices.get(one.pile)?.setPoint(now) ?? 0, one.maxKw)
    return kw < one.minKw - 1e-9 ? 0 : hours === 0 ? kw : Math.min(kw, missing / hours)
  }
  const pass = (until: number): void => {
    if (until <= now) return
    const hours = (until - now) / 3_600_000
    let total = 0
    sessions.forEach((_, index) => {
      const kw = powerOf(index, hours)
      if (kw === 0) return
      total += kw
      delivered[index] = (delivered[index] as number) + kw * hours
      drawn.push({ at: now, kwh: kw * hours })
    })
    watch?.(now, [...devices.values()].reduce((sum, device) => sum + device.setPoint(now), 0), total)
    now = until
  }
  return {
    devices,
    delivered,
    drawn,
    set: (command) => new Promise<Acknowledgement>((resolve, reject) => {
      if (gatewayDown(now)) return reject(new HesError('UNAVAILABLE', 'The gateway is not reachable.'))
      const device = devices.get(command.pile)
      send('down', command, () => {
        if (!device || isOff(command.pile, now)) return
        const answer = device.take(command, now)
        send('up', command, () => resolve(answer))
      })
      events.push({ at: now + NO_ANSWER_MS, run: () => reject(new HesError('TERMINAL_TIMEOUT', `No acknowledgement from ${command.pile}.`)) })
    }),
    power: () => {
      if (gatewayDown(now)) return Promise.reject(new HesError('UNAVAILABLE', 'The gateway is not reachable.'))
      const readings = new Map<string, PileReading>()
      for (const pile of devices.keys()) {
        if (isOff(pile, now)) continue
        const index = sessions.findIndex((one) => one.pile === pile && one.from <= now && now < one.to)
        readings.set(pile, { kw: index < 0 ? 0 : powerOf(index, 0), plugged: index >= 0, sessionKwh: delivered[index] ?? 0 })
      }
      return Promise.resolve(readings)
    },
    advance: async (to) => {
      while (now < to) {
        events.sort((a, b) => a.at - b.at)
        const next = Math.min(to, events[0]?.at ?? Infinity, (Math.floor(now / CHUNK_MS) + 1) * CHUNK_MS)
        pass(next)
        while (events[0] && events[0].at <= now) events.shift()?.run()
        await Promise.resolve()
      }
      // Whoever waits for an answer gets it before time goes on.
      for (let turn = 0; turn < 4; turn++) await Promise.resolve()
    },
  }
}
