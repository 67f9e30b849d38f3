import { EncodeError } from '@zhuzhan/codec'
import type { Codec } from '@zhuzhan/codec'

/** DT2 goes to 30 (reference §A2), so there are functions 1 to 248. */
const MAX_DT2 = 30
export const MAX_FN = (MAX_DT2 + 1) * 8

/** The bits of a mask as numbers from `first` on, ascending. */
export function maskNumbers(mask: number, first: number): number[] {
  const numbers: number[] = []
  for (let bit = 0; bit < 8; bit++) if ((mask & (1 << bit)) !== 0) numbers.push(first + bit)
  return numbers
}

/** Mask and group of numbers of one group of eight. @throws EncodeError when they are not of one group, not ascending or none */
export function maskOf(numbers: readonly number[], what: string): { mask: number; group: number } {
  const group = Math.floor((numbers[0]! - 1) / 8)
  const fits = Array.isArray(numbers) && numbers.length > 0
    && numbers.every((n, i) => Number.isInteger(n) && n >= 1 && Math.floor((n - 1) / 8) === group && (i === 0 || n > numbers[i - 1]!))
  if (!fits) throw new EncodeError('', `${what} of one group of eight, ascending`)
  return { mask: numbers.reduce((mask, n) => mask | (1 << ((n - 1) % 8)), 0), group }
}

/** Information class: DT1 is a mask of eight functions, DT2 their group. As the list of Fn, ascending. Reference §A2, §B1. */
export const Dt: Codec<number[]> = {
  read: (r) => {
    const at = r.offset
    const mask = r.u8()
    const group = r.u8()
    if (mask === 0 || group > MAX_DT2) r.fail('a DT with a function in DT1 and a group of at most 30 in DT2', at)
    return maskNumbers(mask, group * 8 + 1)
  },
  write: (w, functions) => {
    const { mask, group } = maskOf(functions, 'functions')
    if (group > MAX_DT2) throw new EncodeError('', `functions 1 to ${MAX_FN}`)
    w.u8(mask)
    w.u8(group)
  },
}
