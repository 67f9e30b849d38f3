import { DecodeError } from '@zhuzhan/codec'

/** Bytes that stay hex, because nothing says how they are to be read, and why. */
export interface Unread {
  /** Upper-case hex, up to the end of the data. */
  data: string
  /** Where in the frame reading stopped, and what would have been needed there. */
  dataError: { offset: number; expected: string }
}

/** The bytes of a frame from `at` on. `why`: the error that reading ended in, its offset counted from `at`, or what is missing. */
export function unreadFrom(bytes: Buffer, at: number, why: unknown): Unread {
  const data = bytes.toString('hex').toUpperCase()
  if (typeof why === 'string') return { data, dataError: { offset: at, expected: why } }
  if (!(why instanceof DecodeError)) throw why
  return { data, dataError: { offset: at + why.offset, expected: why.expected } }
}
