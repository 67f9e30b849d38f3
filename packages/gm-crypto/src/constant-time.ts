import { timingSafeEqual } from 'node:crypto'

/** Equal content in a time that depends on the lengths only. Unequal lengths are unequal (lengths are public). */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b)
}
