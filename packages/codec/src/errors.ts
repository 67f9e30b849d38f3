import { HesError } from '@zhuzhan/core'

export type DecodeCode = 'FRAME_INVALID' | 'APDU_INVALID'

/** The bytes are not what the table says. Nothing else may escape a decode, whatever the bytes are. */
export class DecodeError extends HesError {
  override readonly name: string = 'DecodeError'

  constructor(
    code: DecodeCode,
    /** Index of the byte the reader stumbled over, counted from the start of what was given to decode. */
    readonly offset: number,
    /** What the table wanted there. */
    readonly expected: string,
  ) {
    super(code, `at byte ${offset}: expected ${expected}`, { offset, expected })
  }
}

/** A value does not fit its table: the caller's mistake, found before a byte is sent. */
export class EncodeError extends RangeError {
  override readonly name: string = 'EncodeError'

  constructor(
    /** Where in the value, like `targets.0.oads.2`. */
    readonly path: string,
    readonly expected: string,
    options?: ErrorOptions,
  ) {
    super(`${path === '' ? 'value' : path}: expected ${expected}`, options)
  }
}

/** The same error one level further out; anything foreign (a missing member, a wrong type) becomes an EncodeError. */
export function within(key: string | number, error: unknown): EncodeError {
  if (!(error instanceof EncodeError)) return new EncodeError(String(key), 'a value of another kind', { cause: error })
  return new EncodeError(error.path === '' ? String(key) : `${key}.${error.path}`, error.expected, { cause: error.cause })
}
