import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { createDlt645Splitter, decodeFrame, readingsOf } from '@zhuzhan/dlt645'
import { machine, median } from './harness.js'
import { answersStream } from './wire-645/stream.js'
import type { AnswersStream } from './wire-645/stream.js'

/**
 * Answers of meters from bytes to frames with their decoded value, in nine ways: the stream in one buffer, in pieces of
 * 1400 bytes (a packet) and byte by byte, with 0, 1 and 10 % of the frames damaged. Frames a second of CPU time, same
 * bytes for both, taking turns.
 *
 * The foil is the stream parser of a public repository, olivenet-iot/ivy-4g-gateway, which is no part of this project:
 *
 *   git clone https://github.com/olivenet-iot/ivy-4g-gateway DIR
 *   npm run bench -- wire-645 --foil DIR
 *
 * Without it only ours is measured.
 */
/** About 57 kB: a read of a socket brings 64 KiB at most, and that is the stream in one buffer. */
const FRAMES = 3_000
const ROUNDS = 11
/** CPU seconds of one measurement. */
const SECONDS = 0.15
const CUTS = { whole: Number.POSITIVE_INFINITY, packets: 1400, bytes: 1 } as const
const DAMAGED = [0, 1, 10] as const

/** What came out of a stream. */
interface Outcome { frames: number; values: number }
/** Hands each value on as it is given by the parser: ours a decimal, the foil's an integer without its point. */
type Parser = (chunks: readonly Buffer[], take: (value: string | number) => void) => Outcome

function ours(chunks: readonly Buffer[], take: (value: string | number) => void): Outcome {
  const outcome: Outcome = { frames: 0, values: 0 }
  const splitter = createDlt645Splitter({
    onFrame: (bytes) => {
      outcome.frames++
      const values = readingsOf(decodeFrame(bytes))
      for (let i = 0; i < values.length; i++) {
        outcome.values++
        take(values[i]!.value!)
      }
    },
  })
  for (let i = 0; i < chunks.length; i++) splitter.push(chunks[i]!)
  return outcome
}

interface FoilParser {
  createStreamParser(onFrame: (parsed: { controlCode: number; data: Buffer }) => void, onError: () => void): { push(chunk: Buffer): void }
  parseTelemetryData(data: Buffer, register: object | null): { rawValue: number; value: number }
}
interface FoilRegisters { findRegisterById(id: number): object | null }

/** Its own calls, the cheapest way to a value: the frame is parsed once, not again for the value as its server does. */
async function foilIn(directory: string): Promise<Parser> {
  const source = (name: string) => join(directory, 'src/protocol', name)
  if (!existsSync(source('frame-parser.js'))) throw new Error(`${directory} is no checkout of olivenet-iot/ivy-4g-gateway: there is no src/protocol/frame-parser.js`)
  const { createStreamParser, parseTelemetryData } = await import(pathToFileURL(source('frame-parser.js')).href) as FoilParser
  const { findRegisterById } = await import(pathToFileURL(source('registers.js')).href) as FoilRegisters
  return (chunks, take) => {
    const outcome: Outcome = { frames: 0, values: 0 }
    const parser = createStreamParser(({ controlCode, data }) => {
      outcome.frames++
      if (controlCode !== 0x91) return
      const di = data[0]! | (data[1]! << 8) | (data[2]! << 16) | (data[3]! << 24)
      const { rawValue } = parseTelemetryData(data.subarray(4), findRegisterById(di))
      outcome.values++
      take(rawValue)
    }, () => undefined)
    for (let i = 0; i < chunks.length; i++) parser.push(chunks[i]!)
    return outcome
  }
}

/** Where values go while time is taken. */
const taken: (string | number)[] = [0]
const keep = (value: string | number): void => { taken[0] = value }

/** The digits of all values, so that both sides can be compared with what was sent. */
function digitsSum(parser: Parser, chunks: readonly Buffer[]): number {
  let sum = 0
  parser(chunks, (value) => { sum += Number(String(value).replace('.', '')) })
  return sum
}

setFlagsFromString('--expose-gc')
/** A minor collection before each measurement, so that nobody pays for the other's garbage; a full one would throw compiled code away, too. */
const collect = runInNewContext('gc') as (options?: { type: 'minor' }) => void

/** Frames of the stream a CPU second. */
function framesPerSecond(parser: Parser, chunks: readonly Buffer[]): number {
  collect({ type: 'minor' })
  const from = process.cpuUsage()
  let done = 0
  for (;;) {
    parser(chunks, keep)
    done += FRAMES
    const { user, system } = process.cpuUsage(from)
    if (user + system >= SECONDS * 1e6) return done / ((user + system) / 1e6)
  }
}

/** Bytes on the heap a frame: so few frames that no collection comes in between. */
function allocatedPerFrame(parser: Parser, stream: AnswersStream): number {
  const frames = 500
  const few = [stream.bytes.subarray(0, stream.ends[frames - 1])]
  return median(Array.from({ length: 9 }, () => {
    collect()
    const before = process.memoryUsage()
    parser(few, keep)
    const after = process.memoryUsage()
    return (after.heapUsed - before.heapUsed + after.arrayBuffers - before.arrayBuffers) / frames
  }))
}

interface Both { ours: number; foil?: number }
interface Column extends Both { split: string; damagedPercent: number; ratio?: number; found: Both; runs: Both[] }

function column(split: keyof typeof CUTS, damagedPercent: number, foil: Parser | undefined): Column {
  const stream = answersStream(FRAMES, damagedPercent)
  const chunks = stream.cut(CUTS[split])
  const found = { ours: ours(chunks, keep), ...(foil && { foil: foil(chunks, keep) }) }
  if (damagedPercent === 0) {
    for (const [name, parser] of Object.entries({ ours, ...(foil && { foil }) })) {
      if (digitsSum(parser, chunks) !== stream.sum) throw new Error(`${name} read other values than were sent`)
    }
  }
  // Both are compiled before time is taken.
  for (const parser of [ours, ...(foil ? [foil] : [])]) framesPerSecond(parser, chunks)
  const runs = Array.from({ length: ROUNDS }, (_, round) => {
    const run: Both = { ours: 0 }
    if (foil && round % 2 === 0) run.foil = Math.round(framesPerSecond(foil, chunks))
    run.ours = Math.round(framesPerSecond(ours, chunks))
    if (foil && round % 2 === 1) run.foil = Math.round(framesPerSecond(foil, chunks))
    return run
  })
  return {
    split, damagedPercent, ours: median(runs.map((run) => run.ours)),
    ...(foil && { foil: median(runs.map((run) => run.foil!)), ratio: Number(median(runs.map((run) => run.ours / run.foil!)).toFixed(2)) }),
    found: { ours: found.ours.frames, ...(found.foil && { foil: found.foil.frames }) }, runs,
  }
}

const option = process.argv.indexOf('--foil')
const directory = option < 0 ? undefined : process.argv[option + 1]
const foil = directory === undefined ? undefined : await foilIn(resolve(process.env['INIT_CWD'] ?? '.', directory))
if (!foil) process.stderr.write('No foil: git clone https://github.com/olivenet-iot/ivy-4g-gateway DIR, then npm run bench -- wire-645 --foil DIR\n')

const columns: Column[] = []
for (const damaged of DAMAGED) {
  for (const split of Object.keys(CUTS) as (keyof typeof CUTS)[]) {
    const done = column(split, damaged, foil)
    columns.push(done)
    const { ours: mine, foil: theirs = '-', ratio = '-', found } = done
    process.stderr.write([
      `${split.padEnd(8)} ${String(damaged).padStart(3)} %`, `ours ${String(mine).padStart(8)}`, `foil ${String(theirs).padStart(7)}`,
      `ratio ${String(ratio).padStart(6)}`, `frames found ${found.ours} and ${found.foil ?? '-'}\n`,
    ].join('   '))
  }
}
const worst = columns.reduce((least, next) => (next.ratio ?? next.ours) < (least.ratio ?? least.ours) ? next : least)
const clean = answersStream(FRAMES, 0)
const result = {
  name: 'wire-645', ours: worst.ours, ...(foil && { foil: worst.foil, ratio: worst.ratio }), unit: 'frames per CPU second, worst column',
  runs: worst.runs, machine: machine(),
  columns, allocatedBytesPerFrame: { ours: Math.round(allocatedPerFrame(ours, clean)), ...(foil && { foil: Math.round(allocatedPerFrame(foil, clean)) }) },
}
process.stdout.write(`${process.argv.includes('--json') ? JSON.stringify(result) : JSON.stringify(result, null, 2)}\n`)
