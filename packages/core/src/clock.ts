/** Time is a parameter everywhere, so that a frozen clock makes window and expiry tests trivial. */
export interface Clock {
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  now(): number
  /** Milliseconds that only rise; the origin is arbitrary. */
  monotonic(): number
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
}

/** A clock a test moves by hand. */
export function manualClock(startMs = Date.UTC(2026, 9, 5)): Clock & { advance(ms: number): void } {
  let at = startMs
  return { now: () => at, monotonic: () => at, advance: (ms) => { at += ms } }
}
