import { randomBytes } from 'node:crypto'
import { draw } from '../meter/hash.js'

/** Fresh random bytes; a parameter, so that a test can repeat a run. */
export type Random = (count: number) => Buffer

export const systemRandom: Random = (count) => randomBytes(count)

/** The same bytes each time, for tests. */
export function seededRandom(seed: number): Random {
  let n = 0
  return (count) => Buffer.from(Array.from({ length: count }, () => draw(seed, n++) & 0xff))
}
