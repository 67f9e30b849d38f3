import { seededWords } from '@zhuzhan/core'

/** Small and fast, the same numbers for the same seed. */
export interface Random {
  /** 0 to 2^32 - 1. */
  word(): number
  /** 0 to bound - 1; 0 when bound is 0. */
  below(bound: number): number
  /** True once in `n` times. */
  oneIn(n: number): boolean
  pick<T>(items: readonly T[]): T
  bytes(size: number): Buffer
}

export function createRandom(seed: number): Random {
  const word = seededWords(seed)
  const below = (bound: number): number => bound <= 0 ? 0 : word() % bound
  return {
    word, below,
    oneIn: (n) => below(n) === 0,
    pick: (items) => items[below(items.length)]!,
    bytes: (size) => {
      const bytes = Buffer.allocUnsafe(size)
      for (let i = 0; i < size; i++) bytes[i] = word() & 0xff
      return bytes
    },
  }
}
