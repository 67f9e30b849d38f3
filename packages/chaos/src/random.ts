import { seededWords } from '@zhuzhan/core'

/** Numbers drawn from a seed: the same seed breaks the same things in the same order. */
export interface Random {
  /** 0 to below 1. */
  next(): number
  /** A whole number from low to high, both included. */
  whole(low: number, high: number): number
  pick<T>(from: readonly T[]): T
  shuffled<T>(list: readonly T[]): T[]
}

export function seeded(seed: number): Random {
  const word = seededWords(seed)
  const next = (): number => word() / 2 ** 32
  const whole = (low: number, high: number): number => low + Math.floor(next() * (high - low + 1))
  return {
    next, whole,
    pick: (from) => from[whole(0, from.length - 1)]!,
    shuffled: (list) => {
      const out = [...list]
      for (let i = out.length - 1; i > 0; i--) {
        const j = whole(0, i)
        ;[out[i], out[j]] = [out[j]!, out[i]!]
      }
      return out
    },
  }
}
