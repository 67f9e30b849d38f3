import { DecodeError, Tracer } from '@zhuzhan/codec'
import type { FrameValue } from '@zhuzhan/codec'
import type { AnalyseOptions, AnalysisError } from '../frames/analyse.js'
import { analyse, readFrame } from '../frames/analyse.js'
import { carriedIn } from '../frames/carried.js'
import { declaredSize, wakeUpsBefore } from '../frames/detect.js'
import { entryOf } from '../frames/registry.js'
import type { ProtocolName } from '../frames/registry.js'
import { piecesOf } from '../frames/stream.js'
import { innermost, nodesOf } from './node.js'
import type { Node } from './node.js'

/** A frame with the places of its members, whole or up to where reading stopped. */
export interface Reading {
  protocol: ProtocolName | undefined
  /** Where its first byte stands in the bytes given. */
  from: number
  to: number
  nodes: Node[]
  values: FrameValue[]
  /** Why reading stopped, when it did. */
  error?: AnalysisError
  /** What the frame says of itself could not be read further: `apduError` and the like. */
  remarks: Remark[]
}

/** `unread`: a member named like `apduError` stands beside data that could not be read further. `size`: the length field says another size. */
export type Remark =
  | { kind: 'unread'; name: string; at: number; expected: string }
  | { kind: 'size'; declared: number; given: number }

const DEEPEST = 6

/** Reads one frame. `shift`: where its first byte stands in the bytes given. */
export function readWithPlaces(bytes: Buffer, options: AnalyseOptions, shift = 0, depth = 0): Reading {
  const analysis = analyse(bytes, options)
  const { protocol } = analysis
  const reading: Reading = { protocol, from: shift, to: shift + bytes.length, nodes: [], values: [], remarks: [] }
  if (protocol === undefined) return analysis.ok ? reading : { ...reading, error: shifted(analysis.error, shift) }

  const entry = entryOf(protocol)
  const wakeUps = wakeUpsBefore(bytes)
  const trace = new Tracer(protocol)
  let frame: object = {}
  const declared = declaredSize(bytes, protocol)
  if (!analysis.ok) reading.error = shifted(analysis.error, shift)
  if (!analysis.ok && declared !== bytes.length) reading.remarks.push({ kind: 'size', declared, given: bytes.length })
  try {
    // A frame that was cut off is read as far as it goes.
    const sized = analysis.ok ? bytes : Buffer.concat([bytes], declared)
    frame = readFrame({ protocol, wakeUps }, sized, options.settings, trace)
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
  }
  reading.nodes = nodesOf(trace.root, entry.protocol, shift + (entry.keepsWakeUps ? 0 : wakeUps)).flatMap((node) => within(node, reading.to))
  reading.values = (frame as { values?: FrameValue[] }).values ?? []
  reading.remarks.push(...remarksIn(frame))
  if (depth < DEEPEST) addCarried(reading, frame, bytes, options, shift, depth)
  return reading
}

/** Without what stands behind the last byte given. */
function within(node: Node, end: number): Node[] {
  if (node.from >= end) return []
  return [node.to <= end ? node : { ...node, to: end, whole: false, words: undefined, children: node.children.flatMap((child) => within(child, end)) }]
}

/** Hangs frames that stand in members under the members whose bytes they are. */
function addCarried(reading: Reading, frame: object, bytes: Buffer, options: AnalyseOptions, shift: number, depth: number): void {
  let after = 0
  for (const { bytes: carried } of carriedIn(frame)) {
    // Scrambled content stands nowhere as it is.
    const at = bytes.indexOf(carried, after)
    if (at < 0) continue
    after = at
    for (const { from, to } of framesIn(carried, options)) {
      const start = shift + at + from
      const inner = readWithPlaces(carried.subarray(from, to), { settings: options.settings }, start, depth + 1)
      const { title, titleZh } = entryOf(inner.protocol ?? 'dlt698')
      const node: Node = {
        name: 'inside', label: { en: title, zh: titleZh }, from: start, to: start + to - from, whole: true, value: undefined, words: undefined,
        heading: { en: `${title} inside`, zh: `内含${titleZh}帧` }, children: inner.nodes,
      }
      const holder = innermost(reading.nodes, node.from, node.to)
      if (holder === undefined) reading.nodes.push(node)
      else holder.children.push(node)
      reading.values.push(...inner.values)
      if (inner.error !== undefined) reading.remarks.push({ kind: 'unread', name: 'inside', at: inner.error.offset, expected: inner.error.expected })
      reading.remarks.push(...inner.remarks)
    }
  }
}

function framesIn(bytes: Buffer, options: AnalyseOptions): { from: number; to: number }[] {
  const whole = { from: 0, to: bytes.length }
  if (analyse(bytes, { settings: options.settings }).ok) return [whole]
  const pieces = piecesOf(bytes)
  if (pieces.some((piece) => piece.protocol === undefined && piece.reason !== 'wake-up')) return [whole]
  return pieces.filter((piece) => piece.protocol !== undefined).map((piece) => ({ from: piece.from, to: piece.from + piece.bytes.length }))
}

/** Members named like `apduError`, `{offset, expected}`: what stands beside data that could not be read. */
function remarksIn(value: unknown, depth = 0): Remark[] {
  if (typeof value !== 'object' || value === null || depth > DEEPEST) return []
  return Object.entries(value).flatMap(([name, member]: [string, unknown]) => {
    const { expected, offset } = name.endsWith('Error') && typeof member === 'object' && member !== null ? member as { expected?: unknown; offset?: unknown } : {}
    if (typeof expected === 'string' && typeof offset === 'number') return [{ kind: 'unread', name, at: offset, expected }]
    return name === 'inside' || name === 'values' ? [] : remarksIn(member, depth + 1)
  })
}

function shifted(error: AnalysisError, by: number): AnalysisError {
  return { ...error, offset: error.offset + by, message: `at byte ${error.offset + by}: expected ${error.expected}` }
}
