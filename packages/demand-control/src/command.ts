import type { CommandState } from './states.js'

/** What a load (a pile, or an appliance) is told: a set-point for a stretch of time. Times are epoch ms, `to` excluded. */
export interface SetPointCommand {
  id: string
  pile: string
  /** Rises over all commands of the station: of two commands for the same time the higher holds, whichever arrives last. */
  sequence: number
  kw: number
  from: number
  to: number
  reason: string
  planVersion: number
}

/** `applied`: taken now. `repeated`: known by its id, nothing was done again. */
export type Acknowledgement = { outcome: 'applied' | 'repeated' } | { outcome: 'refused'; why: string }

export interface PileReading {
  /** Mean power since a moment ago, kW. */
  kw: number
  plugged: boolean
  /** Delivered to the vehicle that is there now, kWh: the pile's own register, so that a gap in the readings loses nothing. */
  sessionKwh: number
  /** What an appliance says of its holds; a pile has none. */
  hold?: { comfort: 'normal' | 'held' | 'left' | 'recovering'; heldMs: number; todayMs: number; restMs: number }
}

/**
 * Charging piles, or appliances, behind whatever protocol reaches them. Each keeps what it was told for later times, holds at every time the command
 * with the highest sequence that is valid then, drops repeats of an id, and is at its own safe limit, an appliance in its normal operation, when no command is valid.
 */
export interface ChargingPiles {
  /** @throws Error when no acknowledgement comes: whether the pile has the command is then unknown */
  set(command: SetPointCommand): Promise<Acknowledgement>
  /** Only the piles that answer. @throws Error when none can be reached */
  power(): Promise<ReadonlyMap<string, PileReading>>
}

/** A command and what became of it. */
export interface Tracked {
  command: SetPointCommand
  batch: string
  state: CommandState
  tries: number
  sentAt?: number | undefined
  acknowledgedAt?: number | undefined
  /** Refused by the pile: it is certain that it does not hold. */
  refused?: boolean | undefined
  /** Too short for a read-back: it carries a pile over a ramp and does not count in the share of its batch. */
  brief: boolean
}
