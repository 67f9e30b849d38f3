import { DecodeError } from '@zhuzhan/codec'
import type { Tracer } from '@zhuzhan/codec'
import { fromHex } from '@zhuzhan/core'
import { carriedIn, mayCarry } from './carried.js'
import { detect, likely, wakeUpsBefore } from './detect.js'
import type { Detected } from './detect.js'
import { entryOf } from './registry.js'
import type { ProtocolName } from './registry.js'
import { settingsFor } from './settings.js'
import type { Settings } from './settings.js'
import { piecesOf } from './stream.js'

/** Why bytes are no frame. */
export interface AnalysisError {
  code: string
  /** The byte that reading stumbled over, counted from the first byte given. */
  offset: number
  /** What should have stood there. */
  expected: string
  message: string
}

export interface Decoded {
  ok: true
  protocol: ProtocolName
  /** What the protocol's toJson gives, and `inside`: frames that stand in its members (derived; encoding ignores it). */
  frame: object
}

export interface Failed {
  ok: false
  /** The protocol that was tried, when the bytes begin like one. */
  protocol?: ProtocolName
  error: AnalysisError
}

export type Analysis = Decoded | Failed

/** A frame found in a member of another one. */
export type Inside = { member: string } & (Omit<Decoded, 'ok'> | Omit<Failed, 'ok'>)

export interface AnalyseOptions {
  /** Only this protocol; found by itself unless said. */
  protocol?: ProtocolName | 'auto' | undefined
  settings?: Settings | undefined
  /** Of several frames: bytes between that do not even begin like one are left out, as the words around the hex in a log are. */
  framesOnly?: boolean | undefined
}

/** Frames in frames that are opened: SSAL, 698, a proxy command, 645 are four. */
const DEEPEST = 6

/**
 * One frame, given as bytes or as hex with or without blanks. Wake-up bytes (FE) may stand before it.
 *
 * @returns never throws, whatever the bytes are
 * @throws RangeError only for an unknown protocol name or settings name
 */
export function analyse(given: Uint8Array | string, options: AnalyseOptions = {}): Analysis {
  const bytes = bytesOf(given)
  return 'ok' in bytes ? bytes : analyseBytes(bytes, options, 0)
}

/**
 * Everything in bytes that may hold several frames. One result a frame and one a stretch of bytes between that is no
 * frame; offsets count from the first byte given. Bytes that are meant to be one frame and are broken stay one error,
 * whatever frames may stand inside.
 */
export function analyseAll(given: Uint8Array | string, options: AnalyseOptions = {}): Analysis[] {
  const bytes = bytesOf(given)
  if ('ok' in bytes) return [bytes]
  const whole = analyseBytes(bytes, options, 0)
  if (whole.ok) return [whole]
  const parts = partsOf(bytes, options)
  if (parts.length === 1 && parts[0]!.bytes === bytes) return [whole]
  return parts.map((part) => shifted(analyseBytes(part.bytes, { ...options, ...(part.protocol && { protocol: part.protocol }) }, 0), part.from))
}

export interface Part {
  /** Where it begins in the bytes given. */
  from: number
  bytes: Buffer
  /** Absent for bytes that are no frame. */
  protocol?: ProtocolName
}

/** What analyseAll gives results for, when the bytes are not one whole frame: the bytes themselves, or the frames in them and what lies between. */
export function partsOf(bytes: Buffer, { protocol, framesOnly = false }: AnalyseOptions): Part[] {
  const pieces = piecesOf(bytes, protocol === 'auto' ? undefined : protocol)
  const frames = pieces.filter((piece) => piece.protocol !== undefined)
  const first = frames[0]
  const last = frames.at(-1)
  // A frame in the middle of bytes that are none is most likely carried by a broken one.
  if (first === undefined || (first.from > wakeUpsBefore(bytes) && last!.from + last!.bytes.length < bytes.length)) return [{ from: 0, bytes }]
  return pieces.filter((piece) => piece.protocol !== undefined || (piece.reason !== 'wake-up' && (!framesOnly || likely(piece.bytes) !== undefined)))
}

/** Hex as bytes, or why it is none. */
function bytesOf(given: Uint8Array | string): Buffer | Failed {
  if (typeof given !== 'string') return Buffer.isBuffer(given) ? given : Buffer.from(given.buffer, given.byteOffset, given.byteLength)
  try {
    return fromHex(given)
  } catch (error) {
    return failed('FRAME_INVALID', 0, 'hexadecimal digits in pairs', (error as Error).message)
  }
}

function analyseBytes(bytes: Buffer, { protocol = 'auto', settings }: AnalyseOptions, depth: number): Analysis {
  const found = detect(bytes)
  if (protocol !== 'auto') return decodeAs({ protocol, wakeUps: found?.wakeUps ?? wakeUpsBefore(bytes) }, bytes, settings, depth)
  if (found !== undefined) return decodeAs(found, bytes, settings, depth)
  const guess = likely(bytes)
  const wakeUps = wakeUpsBefore(bytes)
  if (guess !== undefined) return decodeAs({ protocol: guess, wakeUps }, bytes, settings, depth)
  return failed('FRAME_INVALID', wakeUps, bytes.length === wakeUps ? 'a frame' : '68 or 98, the start of a frame')
}

function decodeAs(found: Detected, bytes: Buffer, settings: Settings | undefined, depth: number): Analysis {
  const { protocol } = found
  try {
    return { ok: true, protocol, frame: withInside(readFrame(found, bytes, settings), mayCarry(bytes, protocol), settings, depth) }
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    return { ...failed(error.code, error.offset, error.expected), protocol }
  }
}

/**
 * The JSON of one frame by one protocol, without `inside`.
 *
 * @throws DecodeError with the offset counted from the first byte given
 */
export function readFrame({ protocol, wakeUps }: Detected, bytes: Buffer, settings: Settings | undefined, trace?: Tracer): object {
  const entry = entryOf(protocol)
  const said = settingsFor(entry.protocol, settings)
  const reading = { ...(said && { settings: said }), ...(trace && { trace }) }
  if (wakeUps === 0 || entry.keepsWakeUps) return entry.protocol.toJson(bytes, reading)
  try {
    return entry.protocol.toJson(bytes.subarray(wakeUps), reading)
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    throw new DecodeError('FRAME_INVALID', wakeUps + error.offset, error.expected)
  }
}

function withInside(frame: object, carrying: boolean, settings: Settings | undefined, depth: number): object {
  if (!carrying || depth >= DEEPEST) return frame
  const carried = carriedIn(frame)
  if (carried.length === 0) return frame
  const inside: Inside[] = carried.flatMap(({ member, bytes }) => analyseCarried(bytes, settings, depth + 1).map(({ ok: _, ...analysis }) => ({ member, ...analysis })))
  return { ...frame, inside }
}

/** One frame mostly; several in a row where a member holds them. */
export function analyseCarried(bytes: Buffer, settings: Settings | undefined, depth: number): Analysis[] {
  const whole = analyseBytes(bytes, { settings }, depth)
  if (whole.ok) return [whole]
  const pieces = piecesOf(bytes)
  if (pieces.some((piece) => piece.protocol === undefined && piece.reason !== 'wake-up')) return [whole]
  return pieces.filter((piece) => piece.protocol !== undefined).map((piece) => decodeAs({ protocol: piece.protocol!, wakeUps: 0 }, piece.bytes, settings, depth))
}

function failed(code: string, offset: number, expected: string, message = `at byte ${offset}: expected ${expected}`): Failed {
  return { ok: false, error: { code, offset, expected, message } }
}

function shifted(analysis: Analysis, by: number): Analysis {
  if (analysis.ok || by === 0) return analysis
  const { offset, ...error } = analysis.error
  return { ...analysis, error: { ...error, offset: offset + by, message: `at byte ${offset + by}: expected ${error.expected}` } }
}
