import { DecodeError } from '@zhuzhan/codec'

/** Bytes that stay hex, because nothing says how they are to be read. */
export interface Rest {
  hex: string
  /** Index of their first byte in the frame. */
  at: number
  /** Why they were not read. */
  reason: string
}

/** The rest of a frame from `at` on. `error` is why, its offset counted from `at`. */
export function restOf(bytes: Buffer, at: number, error: unknown): Rest {
  return { hex: bytes.toString('hex').toUpperCase(), at, reason: typeof error === 'string' ? error : reasonOf(error, at) }
}

/** @throws whatever it is, if no DecodeError */
function reasonOf(error: unknown, at: number): string {
  if (!(error instanceof DecodeError)) throw error
  return `at byte ${at + error.offset}: expected ${error.expected}`
}
