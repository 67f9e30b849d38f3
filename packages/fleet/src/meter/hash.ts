/**
 * Chance that can be asked again: the virtual meters must give the same value for the same question in every
 * process, so nothing here keeps a state. Not for cryptography.
 */

// Bound once: in a test runner's context each look-up of a global costs more than the arithmetic.
const { floor, imul } = Math

/** A 32-bit seed of a text (FNV-1a, then mixed). */
export function seedOf(text: string): number {
  let h = 0x811c9dc5
  for (let i = 0; i < text.length; i++) h = imul(h ^ text.charCodeAt(i), 0x01000193)
  return mix(h)
}

/** An evenly spread 32-bit number for question `n` of `seed`. */
export function draw(seed: number, n: number): number {
  return mix(seed ^ imul(n | 0, 0x9e3779b1))
}

/** The same as a fraction in [0, 1). */
export function fraction(seed: number, n: number): number {
  return draw(seed, n) / 0x1_0000_0000
}

/** An integer in [low, high]. */
export function between(seed: number, n: number, low: number, high: number): number {
  return low + floor(fraction(seed, n) * (high - low + 1))
}

/** The finishing step of MurmurHash3: every input bit reaches every output bit. */
function mix(value: number): number {
  let h = value >>> 0
  h = imul(h ^ (h >>> 16), 0x85ebca6b)
  h = imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}
