import { analyse, analyseAll, treeAll } from '@zhuzhan/analyser'
import type { AnalyseOptions, Analysis, Language, Piece } from '@zhuzhan/analyser'
import type { Captured } from '../capture/capture.js'
import { createCaptureDecoder } from '../capture/capture.js'
import { isCapture } from '../capture/reader.js'
import { hexRun } from './hex-run.js'
import { createLineReader } from './lines.js'

export interface DecodeOptions extends AnalyseOptions {
  /** Trees for people in place of JSON. */
  pretty: boolean
  language: Language
}

export interface Decoder {
  push(chunk: Buffer): void
  end(): void
}

export interface DecodeEvents {
  /** A result, with its end of line. */
  write(text: string): void
  /** Something did not decode. */
  onFailure(): void
  /** A word for people. */
  say(text: string): void
}

const NOT_HEX: Analysis = { ok: false, error: { code: 'FRAME_INVALID', offset: 0, expected: 'hexadecimal digits in pairs', message: 'not hexadecimal bytes' } }

/**
 * Frames of text lines, or of a capture file when the first bytes say that it is one: a result for each. Everything is
 * synchronous; the caller waits between chunks only.
 */
export function createDecoder(options: DecodeOptions, events: DecodeEvents): Decoder {
  let decoder: Decoder | undefined
  let start = Buffer.alloc(0)
  const begin = () => {
    decoder = isCapture(start) ? captureDecoder(options, events) : textDecoder(options, events)
    decoder.push(start)
  }
  return {
    push: (chunk) => {
      if (decoder !== undefined) return decoder.push(chunk)
      start = Buffer.concat([start, chunk])
      if (start.length >= 4) begin()
    },
    end: () => {
      if (decoder === undefined) begin()
      decoder!.end()
    },
  }
}

function textDecoder({ pretty, language, ...options }: DecodeOptions, events: DecodeEvents): Decoder {
  return createLineReader((line) => {
    if (line.startsWith('#')) return
    const run = hexRun(line)
    if (run === undefined) return writeResult(NOT_HEX, pretty, events)
    const given = { ...options, framesOnly: run.amongWords }
    if (!pretty) return analyseAll(run.bytes, given).forEach((analysis) => writeResult(analysis, false, events))
    const { ok, trees } = treeAll(run.bytes, { ...given, language })
    if (!ok) events.onFailure()
    for (const text of trees) events.write(`${text}\n`)
  })
}

/** The line of `decode`, whose shape others rely on. */
function writeResult(analysis: Analysis, pretty: boolean, events: DecodeEvents, captured?: Captured): void {
  if (!analysis.ok) events.onFailure()
  if (pretty) return events.write(`${analysis.ok ? '' : analysis.error.message}\n\n`)
  const capture = captured === undefined ? {} : { capture: captured }
  if (analysis.ok) return events.write(`${JSON.stringify({ ...analysis, ...capture })}\n`)
  const { code, offset, message } = analysis.error
  events.write(`${JSON.stringify({ ok: false, error: { code, offset, message }, ...capture })}\n`)
}

function captureDecoder({ pretty, language, ...options }: DecodeOptions, events: DecodeEvents): Decoder {
  const { protocol, settings } = options
  const onPiece = (piece: Piece, captured: Captured) => {
    if (piece.reason === 'wake-up') return
    const given = { settings, protocol: piece.protocol ?? protocol }
    if (!pretty) return writeResult(analyse(piece.bytes, given), false, events, captured)
    const { ok, trees } = treeAll(piece.bytes, { ...given, language })
    if (!ok) events.onFailure()
    events.write(`# ${captured.time ?? '-'} ${captured.transport} ${captured.from} → ${captured.to}\n${trees.join('\n')}\n`)
  }
  const capture = createCaptureDecoder({
    onPiece, onStranger: ({ transport, from, to }, bytes) => events.say(`no frame in ${bytes} bytes of ${transport} ${from} → ${to}`),
  }, protocol === 'auto' ? undefined : protocol)
  return {
    push: capture.push,
    end: () => {
      capture.end()
      if (capture.skippedFragments > 0) events.say(`${capture.skippedFragments} fragments of IP packets were left out`)
    },
  }
}
