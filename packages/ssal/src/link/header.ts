import type { TerminalLength } from './addresses.js'
import { CONTROL_FIELDS } from './control-data.js'

/** Start, L, SEQ and C. */
export const BEFORE_CONTROL_DATA = 7
/** Where C stands. */
export const CONTROL_WORD = 5

/** The two readings of the DA length byte, the likelier one first. */
export const TERMINAL_LENGTHS: readonly TerminalLength[] = ['minus-one', 'length']

/**
 * Bytes from the start of a frame to its HCS. `-n` when n bytes from the start must be there before more can be told.
 * Bytes `at` to `at + 7` are there.
 */
export function headerSize(bytes: Uint8Array, at: number, end: number, terminalLength: TerminalLength): number {
  const word = bytes[at + CONTROL_WORD]! | (bytes[at + CONTROL_WORD + 1]! << 8)
  let to = at + BEFORE_CONTROL_DATA
  for (let i = 0; i < CONTROL_FIELDS.length; i++) {
    const { bit, size } = CONTROL_FIELDS[i]!
    if ((word & (1 << bit)) === 0) continue
    if (typeof size === 'number') {
      to += size
      continue
    }
    if (to >= end) return -(to - at + 1)
    to += 1 + size(bytes[to]!, terminalLength)
  }
  return to - at
}

/** An endpoint's length byte that says 4 bytes of IP address and 2 of port. */
const USUAL_ENDPOINT = 0x44

/**
 * The reading of DA that the header's checksum confirms in a whole frame. Where it confirms both: the one under which
 * the length of the LUD fits, then the one under which SA and TA have an IP address of 4 bytes and a port of 2.
 */
export function terminalLengthOf(frame: Uint8Array, holds: (header: number) => boolean): TerminalLength {
  const fits = TERMINAL_LENGTHS.filter((reading) => {
    const header = headerSize(frame, 0, frame.length, reading)
    return header > 0 && header + 2 <= frame.length && holds(header)
  })
  if (fits.length < 2) return fits[0] ?? TERMINAL_LENGTHS[0]!
  return likelihood(frame, fits[1]!) > likelihood(frame, fits[0]!) ? fits[1]! : fits[0]!
}

function likelihood(frame: Uint8Array, reading: TerminalLength): number {
  return (ludFits(frame, headerSize(frame, 0, frame.length, reading) + 2) ? 10 : 0) + usualEndpoints(frame, reading)
}

/** Is the LUD absent, or its length that of what follows, with or without a return code? FCS and 16 stand behind it. */
function ludFits(frame: Uint8Array, at: number): boolean {
  const size = frame.length - 3 - at
  if (size < 2) return size === 0
  const rest = size - 2 - (frame[at]! | (frame[at + 1]! << 8))
  return rest === 0 || rest === 2
}

function usualEndpoints(frame: Uint8Array, terminalLength: TerminalLength): number {
  let usual = 0
  let to = BEFORE_CONTROL_DATA
  const word = frame[CONTROL_WORD]! | (frame[CONTROL_WORD + 1]! << 8)
  for (const { key, bit, size } of CONTROL_FIELDS) {
    if ((word & (1 << bit)) === 0) continue
    if ((key === 'sa' || key === 'ta') && frame[to] === USUAL_ENDPOINT) usual++
    to += typeof size === 'number' ? size : 1 + size(frame[to]!, terminalLength)
  }
  return usual
}
