import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { createSplitter, decodeApdu, decodeFrame, elements } from '@zhuzhan/dlt698'
import { machine, median } from './harness.js'
import { foilIn } from './wire-698/foil.js'
import type { ReadFrame } from './wire-698/foil.js'
import { answersStream } from './wire-698/stream.js'
import type { AnswersStream } from './wire-698/stream.js'

/**
 * Answers of meters (GET-Response NormalList of five attributes, 19 values) from bytes to values with item and scale, in nine
 * ways: the stream in one buffer, in pieces of 1400 bytes (a packet) and byte by byte, with 0, 1 and 10 % of the frames damaged.
 * Values a second of CPU time of one core.
 *
 * The foil is the public TypeScript reader github.com/tensoar/DLT698Reader-4N, no part of this project. It reads whole frames
 * only, so it takes part in the first column alone, where the stream is cut for it:
 *
 *   git clone https://github.com/tensoar/DLT698Reader-4N DIR
 *   npm run bench -- wire-698 --foil DIR
 */
/** About 57 kB. */
const FRAMES = 420
const ROUNDS = 11
/** CPU seconds of one measurement. */
const SECONDS = 0.15
const CUTS = { whole: Number.POSITIVE_INFINITY, packets: 1400, bytes: 1 } as const
const DAMAGED = [0, 1, 10] as const

/** Each value as its reader gives it: ours a scaled decimal, the foil's a raw integer. */
type Take = (value: string | number) => void
let kept: string | number = ''
/** What is read must not be optimised away. */
const keep: Take = (value) => { kept = value }

function ours(chunks: readonly Buffer[], take: Take): number {
  let frames = 0
  const splitter = createSplitter({
    onFrame: (bytes) => {
      const apdu = decodeApdu(decodeFrame(bytes).data)
      frames++
      if (apdu.apdu !== 'get-response' || apdu.choice !== 'normal-list') return
      for (const result of apdu.results) {
        if (!('data' in result)) continue
        for (const element of elements(result.oad, result.data)) take(element.value)
      }
    },
  })
  for (let i = 0; i < chunks.length; i++) splitter.push(chunks[i]!)
  return frames
}

/** Of all values' digits as integers. */
const sumOf = (run: (take: Take) => void): number => {
  let sum = 0
  run((value) => { sum += Number(String(value).replace('.', '')) })
  return sum
}

/** Values a second of CPU time; those of damaged frames do not count. */
function perSecond(run: () => void, values: number): number {
  const from = process.cpuUsage()
  for (let done = 0; ;) {
    run()
    done += values
    const { user, system } = process.cpuUsage(from)
    if (user + system >= SECONDS * 1e6) return Math.round(done / ((user + system) / 1e6))
  }
}

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

/** Bytes on the heap a frame: so few frames that no collection comes in between. */
function allocatedPerFrame(stream: AnswersStream): number {
  const few = [Buffer.concat(stream.frames.slice(0, 100))]
  return Math.round(median(Array.from({ length: 9 }, () => {
    collect()
    const before = process.memoryUsage()
    ours(few, keep)
    const after = process.memoryUsage()
    return (after.heapUsed - before.heapUsed + after.arrayBuffers - before.arrayBuffers) / 100
  })))
}

interface Run { ours: number; foil?: number }
interface Column extends Run { split: string; damagedPercent: number; found: number; ratio?: number; runs: Run[] }

function column(split: keyof typeof CUTS, damagedPercent: number, foil: ReadFrame | undefined): Column {
  const stream = answersStream(FRAMES, damagedPercent)
  const chunks = stream.cut(CUTS[split])
  const found = ours(chunks, keep)
  const values = found * (stream.values / FRAMES)
  const mine = () => void ours(chunks, keep)
  const theirs = foil && (() => stream.frames.forEach((frame) => foil(frame, keep)))
  if (damagedPercent === 0) {
    if (sumOf((take) => ours(chunks, take)) !== stream.sum) throw new Error('ours read other values than were sent')
    if (foil && sumOf((take) => stream.frames.forEach((frame) => foil(frame, take))) !== stream.sum) throw new Error('the foil read other values than were sent')
  }
  perSecond(mine, values)
  if (theirs) perSecond(theirs, values)
  const runs = Array.from({ length: ROUNDS }, (_, round): Run => {
    const before = theirs && round % 2 === 0 ? perSecond(theirs, values) : undefined
    const run: Run = { ours: perSecond(mine, values) }
    const other = before ?? (theirs && perSecond(theirs, values))
    return other === undefined ? run : { ...run, foil: other }
  })
  return {
    split, damagedPercent, found, ours: median(runs.map((run) => run.ours)), runs,
    ...(foil && { foil: median(runs.map((run) => run.foil!)), ratio: Number(median(runs.map((run) => run.ours / run.foil!)).toFixed(2)) }),
  }
}

const option = process.argv.indexOf('--foil')
const foil = option < 0 ? undefined : await foilIn(process.argv[option + 1] ?? '')
if (!foil) process.stderr.write('No foil: git clone https://github.com/tensoar/DLT698Reader-4N DIR, then npm run bench -- wire-698 --foil DIR\n')

const columns: Column[] = []
for (const damaged of DAMAGED) {
  for (const split of Object.keys(CUTS) as (keyof typeof CUTS)[]) {
    const done = column(split, damaged, damaged === 0 && split === 'whole' ? foil : undefined)
    columns.push(done)
    process.stderr.write([
      `${split.padEnd(8)} ${String(damaged).padStart(3)} %`, `ours ${String(done.ours).padStart(9)} values/s`, `frames found ${done.found} of ${FRAMES}`,
      done.ratio === undefined ? '\n' : `foil ${done.foil}   ratio ${done.ratio}\n`,
    ].join('   '))
  }
}
const worst = columns.reduce((least, next) => next.ours < least.ours ? next : least)
const [first] = columns
const result = {
  name: 'wire-698', ours: worst.ours, ...(first?.ratio !== undefined && { foil: first.foil, ratio: first.ratio }), unit: 'values per CPU second, worst column (foil and ratio: first column)',
  runs: worst.runs, machine: machine(), columns, allocatedBytesPerFrame: allocatedPerFrame(answersStream(FRAMES, 0)), kept: String(kept).length > 0,
}
process.stdout.write(`${process.argv.includes('--json') ? JSON.stringify(result) : JSON.stringify(result, null, 2)}\n`)
