import { z } from 'zod'
import type { ControlState, HoldPlannerState, PileReading, PlannerState } from '@zhuzhan/demand-control'

/** A night's loop between two of its steps, as it lies in charging_night.loop. */
export interface LoopState {
  /** The slot that is planned next. */
  next: number
  /** By slot, kW, as it was when the last plan was made. */
  baseKw: number[]
  aborted: boolean
  control: ControlState
  /** Of the piles, or of holds in the run of an event. */
  planner?: PlannerState | HoldPlannerState | undefined
  /** Read-backs that were asked for and are waited for. */
  round?: { at: number } | undefined
  nextRoundAt: number
  /** The last answer of each load. */
  readings: [string, PileReading][]
  readAt?: number | undefined
  /** Who ended the night, and since when it is being ended. */
  cancel?: { by: string; why: string | null; at: number } | undefined
  /** Why there was no plan, as last written to the log. */
  problem?: string | undefined
  /** Why the last plan does not bring what was asked for, as last written to the log. */
  short?: string | undefined
}

// Its own writing, so only that it is one; what is inside follows the types of what wrote it.
const Written = z.looseObject({ next: z.number(), baseKw: z.array(z.number()), control: z.looseObject({ sequence: z.number() }), nextRoundAt: z.number(), readings: z.array(z.unknown()) })

/** Undefined before the first step. */
export function readLoopState(value: unknown): LoopState | undefined {
  return value === null || value === undefined ? undefined : (Written.parse(value) as unknown as LoopState)
}
