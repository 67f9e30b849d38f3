import { DecodeError, EncodeError, Tracer } from '@zhuzhan/codec'
import type { FrameReading, Protocol, Span } from '@zhuzhan/codec'

/** What became of one input. `failed` is a fault of ours, with what happened. */
export type Outcome =
  | { kind: 'decoded'; json: object }
  | { kind: 'refused'; error: DecodeError }
  | { kind: 'mismatched' | 'otherError'; reason: string }

/** Decodes and, when that succeeds, encodes again. `throughText`: by way of JSON text, as the command line does it. */
export function check(protocol: Protocol, bytes: Buffer, reading: FrameReading, throughText: boolean): Outcome {
  let json: object
  try {
    json = protocol.toJson(bytes, reading)
  } catch (error) {
    if (error instanceof DecodeError) return offsetFault(error, bytes) ?? { kind: 'refused', error }
    return { kind: 'otherError', reason: `toJson: ${String(error)}` }
  }
  try {
    const again = protocol.fromJson(throughText ? JSON.parse(JSON.stringify(json)) as object : json)
    return again.equals(bytes) ? { kind: 'decoded', json } : { kind: 'mismatched', reason: `came back as ${again.toString('hex')}` }
  } catch (error) {
    return { kind: error instanceof EncodeError ? 'mismatched' : 'otherError', reason: `fromJson: ${String(error)}` }
  }
}

function offsetFault({ offset, expected }: DecodeError, bytes: Buffer): Outcome | undefined {
  const sound = Number.isInteger(offset) && offset >= 0 && offset <= bytes.length && expected !== ''
  return sound ? undefined : { kind: 'otherError', reason: `offset ${offset} of ${bytes.length} bytes, expected '${expected}'` }
}

/** The same input with a tracer: the same outcome, spans that lie inside each other, words that never fail. */
export function checkTrace(protocol: Protocol, bytes: Buffer, settings: FrameReading['settings'], plain: Outcome): string | undefined {
  const trace = new Tracer('frame')
  const traced = check(protocol, bytes, { trace, ...(settings && { settings }) }, false)
  if (traced.kind !== plain.kind) return `with a trace ${traced.kind}, without ${plain.kind}`
  if (traced.kind === 'decoded' && plain.kind === 'decoded' && JSON.stringify(traced.json) !== JSON.stringify(plain.json)) return 'another value with a trace'
  try {
    return spanFault(protocol, trace.root, [], bytes.length)
  } catch (error) {
    return `describe: ${String(error)}`
  }
}

function spanFault(protocol: Protocol, span: Span, parents: Span[], size: number): string | undefined {
  const outer = parents.at(-1)
  // What stopped an error stays open; its end is where it began.
  const low = outer?.from ?? 0
  const high = outer === undefined || outer.value === undefined ? size : outer.to
  if (span.from > span.to || span.from < low || span.to > high) return `span ${span.name} ${span.from}-${span.to} in ${outer?.name ?? ''} ${low}-${high}`
  protocol.describe?.(span, parents)
  for (const child of span.children) {
    const fault = spanFault(protocol, child, [...parents, span], size)
    if (fault) return fault
  }
  return undefined
}

const SLOW_MS = 10
const RUNS = 7

/** CPU milliseconds that decoding an input takes alone, the least of some runs: other people's work on the machine does not count. */
export function alone(protocol: Protocol, bytes: Buffer, reading: FrameReading): number {
  let least = Number.POSITIVE_INFINITY
  for (let run = 0; run < RUNS; run++) {
    const before = process.cpuUsage()
    try {
      protocol.toJson(bytes, reading)
    } catch {
      // What it throws is looked at elsewhere.
    }
    const { user, system } = process.cpuUsage(before)
    least = Math.min(least, (user + system) / 1000)
  }
  return least
}

export const isSlow = (milliseconds: number): boolean => milliseconds > SLOW_MS
