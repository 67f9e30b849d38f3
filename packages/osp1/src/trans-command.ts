import { DecodeError, decodeApdu, decodeFrame } from '@zhuzhan/dlt698'

/** DL/T 645 controls that only read: 11 read, 12 read the rest, 13 read the address. §7.4 */
const READ_CONTROLS = new Set([0x11, 0x12, 0x13])
/** Wake-up bytes some meters want in front. */
const WAKE_UP = 0xfe
const MAX_WAKE_UP = 4
const START = 0x68

/**
 * May a TransCommand (PROXY 7) go out as task 3? It must be one whole 698 frame with CONNECT, SECURITY (10, 90) or a
 * plain GET, or one whole DL/T 645 read frame.
 *
 * The bytes end up on a bus where other meters resynchronise on any 68. So nothing in them, at any offset and under
 * either protocol's reading, may be a valid frame that is not a read: a trip hidden inside a harmless frame counts as
 * the trip it is.
 */
export function commandIsRead(command: Uint8Array): boolean {
  let start = 0
  while (start < MAX_WAKE_UP && command[start] === WAKE_UP) start++
  const whole = command.subarray(start)
  const readings = [frame698(whole), frame645(whole, 0, true)]
  if (!readings.includes('read')) return false
  for (let at = 0; at < whole.length; at++) {
    if (whole[at] !== START) continue
    if (frame645(whole, at, false) === 'other') return false
    if (embedded698(whole, at) === 'other') return false
  }
  return true
}

/**
 * The meter a TransCommand speaks to, 12 digits; `undefined` unless the command is one whole frame to one meter's own
 * number, with no other frame hidden in it. A ticket names the meters it reaches, so wildcards and broadcasts reach none.
 */
export function commandMeter(command: Uint8Array): string | undefined {
  let start = 0
  while (start < MAX_WAKE_UP && command[start] === WAKE_UP) start++
  const whole = command.subarray(start)
  for (let at = 1; at < whole.length; at++) {
    if (whole[at] === START && (frame645(whole, at, false) !== 'none' || embedded698(whole, at) !== 'none')) return undefined
  }
  if (frame645(whole, 0, true) !== 'none') return number(Buffer.from(whole.subarray(1, 7)).reverse().toString('hex'))
  try {
    const { address } = decodeFrame(whole)
    return address.type === 'single' && address.logical === 0 ? number(address.server) : undefined
  } catch (error) {
    if (error instanceof DecodeError) return undefined
    throw error
  }
}

const number = (digits: string): string | undefined => (/^[0-9]{12}$/.test(digits) && digits !== '999999999999' ? digits : undefined)

type Reading = 'read' | 'other' | 'none'

/** Is this exactly one 698 frame, and does it only read or carry what has its own protection? */
function frame698(bytes: Uint8Array): Reading {
  try {
    const { control, data } = decodeFrame(bytes)
    if (control.dir !== 0 || control.segmented) return 'other'
    const tag = data[0]
    if (tag === 0x02 || tag === 0x10 || tag === 0x90) return decodeApdu(data) ? 'read' : 'other'
    if (tag !== 0x05) return 'other'
    return decodeApdu(data).apdu === 'get-request' ? 'read' : 'other'
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    return error.code === 'FRAME_INVALID' ? 'none' : 'other'
  }
}

/** A 698 frame that starts here and ends anywhere. */
function embedded698(bytes: Uint8Array, at: number): Reading {
  const length = (bytes[at + 1] ?? 0) | ((bytes[at + 2] ?? 0) << 8)
  if (length > 0x3fff || at + length + 2 > bytes.length) return 'none'
  return frame698(bytes.subarray(at, at + length + 2))
}

/** 68 A0..A5 68 C L data CS 16. */
function frame645(bytes: Uint8Array, at: number, toTheEnd: boolean): Reading {
  const length = bytes[at + 9]
  if (bytes[at] !== START || bytes[at + 7] !== START || length === undefined) return 'none'
  const end = at + 12 + length
  if (end > bytes.length || (toTheEnd && end !== bytes.length) || bytes[end - 1] !== 0x16) return 'none'
  let sum = 0
  for (let i = at; i < end - 2; i++) sum = (sum + (bytes[i] ?? 0)) & 0xff
  if (sum !== bytes[end - 2]) return 'none'
  return READ_CONTROLS.has(bytes[at + 8] ?? 0) ? 'read' : 'other'
}
