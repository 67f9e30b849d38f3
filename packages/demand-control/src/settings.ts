/** kW, ms and shares of one transformer area's loop. */
export interface LoopSettings {
  /** The area's limit: ramps are shares of it. */
  areaKw: number
  /** What piles may draw together at a time: the limit less base load and margin. Must not be under the sum of the safe limits. */
  roomKw(at: number): number
  /** What each load falls back to when no command is valid: a pile's safe limit, an appliance's rated power. */
  safeKw: ReadonlyMap<string, number>
  /** Largest change of the area's set-points in one step; a single pile's own step is never split. */
  rampShare: number
  stepMs: number
  /** Between two read-backs; a command is judged after two. */
  intervalMs: number
  /** After which a command without acknowledgement goes out again with the same id. */
  repeatMs: number
  /** Below this share of verified commands a batch is planned anew. */
  verifiedShare: number
  /** A read-back this far over a set-point contradicts it. */
  toleranceKw: number
  /** `rule`: a batch whose worst case keeps the limit is approved at once; `person`: each waits for approve(). */
  approval: 'rule' | 'person'
  /** Before the ids of batches' commands: makes them differ from those of other nights. */
  name?: string
  /** What its log calls a load. */
  load?: 'pile' | 'appliance'
  /** All that falls by more than a step begins before its slot: what was promised for the slot is there when it begins. */
  fallEarly?: boolean
}

export const LOOP_DEFAULTS = {
  rampShare: 0.2, stepMs: 30_000, intervalMs: 60_000, repeatMs: 30_000, verifiedShare: 0.9, toleranceKw: 0.2, approval: 'rule',
} as const satisfies Partial<LoopSettings>
