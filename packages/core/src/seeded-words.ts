/**
 * Whole numbers from 0 to 2^32 - 1, the same for the same seed everywhere (mulberry32): for schedules of faults, fuzzing, training and made
 * data. No use for secrets.
 */
export function seededWords(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return (mixed ^ (mixed >>> 14)) >>> 0
  }
}
