import { seededWords } from '@zhuzhan/core'

/** Numbers in [0, 1) from a seed: the same for training and for tests. */
export function createRandom(seed: number): () => number {
  const word = seededWords(seed)
  return () => word() / 2 ** 32
}
