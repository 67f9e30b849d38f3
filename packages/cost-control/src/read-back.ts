/** What was read after a command; absent where the meter gave nothing. */
export interface ReadBack {
  relay?: 'open' | 'closed' | undefined
  /** Active power in 0.1 W, sign as read. */
  power?: number | undefined
  /** Highest phase voltage in 0.1 V. */
  voltage?: number | undefined
}

/** A switch that says one thing and measures another: a fault, and the batch stops (analytics §8). */
export function contradiction({ relay, power, voltage }: ReadBack): string | undefined {
  if (relay === 'open' && power !== undefined && power > 0) return `the switch reads open and ${power / 10} W flow`
  if (relay === 'closed' && voltage === 0) return 'the switch reads closed and there is no voltage'
  return undefined
}
