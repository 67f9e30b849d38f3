import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { EncodeError } from '@zhuzhan/codec'
import type { FrameReading, Protocol } from '@zhuzhan/codec'
import { alone, check, checkTrace, isSlow } from './check.js'
import type { Outcome } from './check.js'
import { createFeatures } from './features.js'
import { mutateJson } from './json-mutate.js'
import { mutate } from './mutate.js'
import { createRandom } from './random.js'
import type { Random } from './random.js'
import { REPAIRS } from './repairs.js'
import { seedsOf } from './seeds.js'
import { checkStream } from './streams.js'

export interface FuzzOptions {
  inputs: number
  seed: number
  /** Stops early; no limit unless said. */
  secondsLimit?: number
  progress?: (text: string) => void
  /** Frames to start from; what seedsOf finds unless said. */
  seeds?: readonly Buffer[]
}

export interface FuzzCounts {
  protocol: string
  inputs: number
  decoded: number
  refused: number
  mismatched: number
  otherErrors: number
  slow: number
  /** CPU, of the slowest input when run alone. */
  slowestMs: number
  streams: number
  /** Inputs that showed something new and were kept to be changed further. */
  corpus: number
  features: number
  heapStartMb: number
  heapMiddleMb: number
  heapEndMb: number
  seconds: number
  seed: number
  /** Inputs that failed, hex; the first fifty. */
  failures: string[]
}

const MOST_KEPT = 4096
const MOST_FAILURES = 50
/** Of forty inputs so many are read with other settings than the default ones. */
const OTHER_READINGS = 8
/** Wall time after which an input is run again alone. */
const SUSPECT_MS = 10
const PROGRESS_EVERY_MS = 10_000

/** Feeds a protocol with bytes nobody should send; see docs/protocol/fuzzing.md. */
export function fuzz(protocol: Protocol, { inputs, seed, secondsLimit = Number.POSITIVE_INFINITY, progress = () => undefined, seeds = seedsOf(protocol) }: FuzzOptions): FuzzCounts {
  const random = createRandom(seed)
  const features = createFeatures()
  const readings = readingsOf(protocol, random)
  const corpus = [...seeds]
  const counts = { decoded: 0, refused: 0, mismatched: 0, otherErrors: 0, slow: 0, slowestMs: 0, streams: 0 }
  const failures: string[] = []
  const started = performance.now()
  let told = started

  function fail(kind: 'mismatched' | 'otherErrors' | 'slow', bytes: Buffer, reason: string): void {
    counts[kind]++
    if (failures.length >= MOST_FAILURES) return
    failures.push(bytes.toString('hex'))
    progress(`${kind}: ${reason.slice(0, 300)}\n  ${bytes.toString('hex').slice(0, 2000)}`)
  }

  function learn(bytes: Buffer, news: number): void {
    if (news === 0) return
    if (corpus.length < MOST_KEPT) corpus.push(Buffer.from(bytes))
    else corpus[seeds.length + random.below(MOST_KEPT - seeds.length)] = Buffer.from(bytes)
  }

  function settle(bytes: Buffer, outcome: Outcome): void {
    if (outcome.kind === 'decoded') {
      counts.decoded++
      learn(bytes, features.ofJson(outcome.json))
    } else if (outcome.kind === 'refused') {
      counts.refused++
      learn(bytes, features.ofError(outcome.error))
    } else fail(outcome.kind === 'mismatched' ? 'mismatched' : 'otherErrors', bytes, outcome.reason)
  }

  function one(n: number): void {
    const bytes = nextInput(protocol, random, corpus, (error, from) => fail('otherErrors', from, `fromJson of a changed object: ${String(error)}`))
    const reading = random.pick(readings)
    const from = performance.now()
    const outcome = check(protocol, bytes, reading, n % 16 === 0)
    const spent = performance.now() - from
    if (spent > SUSPECT_MS) {
      const milliseconds = alone(protocol, bytes, reading)
      counts.slowestMs = Math.max(counts.slowestMs, milliseconds)
      if (isSlow(milliseconds)) fail('slow', bytes, `${milliseconds} ms`)
    }
    settle(bytes, outcome)
    if (n % 32 === 0) {
      const fault = checkTrace(protocol, bytes, reading.settings, outcome)
      if (fault) fail('otherErrors', bytes, fault)
    }
    if (n % 64 === 0) {
      counts.streams++
      const stream = Buffer.concat(Array.from({ length: 1 + random.below(5) }, () => random.oneIn(4) ? random.bytes(random.below(40)) : random.oneIn(2) ? bytes : random.pick(corpus)))
      const fault = checkStream(protocol, stream, random)
      if (fault) fail('otherErrors', stream, `stream: ${fault}`)
    }
  }

  // Code is compiled and the corpus settles before the heap is looked at.
  const warmUp = Math.min(20_000, Math.floor(inputs / 10))
  let done = 0
  const upTo = (target: number): void => {
    for (; done < target && (done % 256 !== 0 || performance.now() - started < secondsLimit * 1000); done++) {
      one(done)
      if (done % 256 === 0 && performance.now() - told > PROGRESS_EVERY_MS) {
        told = performance.now()
        progress(`${protocol.name}: ${done} of ${inputs}, ${counts.decoded} decoded, ${corpus.length} kept, ${features.count} features, ${failures.length} failures`)
      }
    }
  }
  upTo(warmUp)
  const heapStartMb = heapMb()
  upTo(Math.floor(inputs / 2))
  const heapMiddleMb = heapMb()
  upTo(inputs)
  const heapEndMb = heapMb()
  const seconds = round((performance.now() - started) / 1000, 1)
  return {
    protocol: protocol.name, inputs: done, ...counts, slowestMs: round(counts.slowestMs, 2), corpus: corpus.length, features: features.count,
    heapStartMb, heapMiddleMb, heapEndMb, seconds, seed, failures,
  }
}

/** Mostly a changed frame with its checksums repaired; sometimes not repaired, made from a changed object, or any bytes at all. */
function nextInput(protocol: Protocol, random: Random, corpus: readonly Buffer[], onError: (error: unknown, from: Buffer) => void): Buffer {
  if (random.oneIn(40)) return random.oneIn(2) ? random.bytes(random.below(60)) : Buffer.concat([Buffer.of(protocol.framing.start), random.bytes(random.below(300))])
  if (random.oneIn(16)) {
    const made = madeFromJson(protocol, random, corpus, onError)
    if (made) return made
  }
  const bytes = mutate(random.pick(corpus), random, corpus)
  if (!random.oneIn(12)) REPAIRS[protocol.name]?.(bytes, random)
  return bytes
}

function madeFromJson(protocol: Protocol, random: Random, corpus: readonly Buffer[], onError: (error: unknown, from: Buffer) => void): Buffer | undefined {
  const from = random.pick(corpus)
  let json: object
  try {
    json = mutateJson(protocol.toJson(from), protocol.toJson(random.pick(corpus)), random)
  } catch {
    // Refused ones are kept too, for their errors.
    return undefined
  }
  try {
    return protocol.fromJson(json)
  } catch (error) {
    if (!(error instanceof EncodeError)) onError(error, from)
    return undefined
  }
}

/** Default settings, and some choices of others: as many as a busy tool would use at a time. */
function readingsOf({ settings = [] }: Protocol, random: Random): FrameReading[] {
  const chosen = () => ({ settings: Object.fromEntries(settings.map(({ name, readings }) => [name, random.pick(Object.keys(readings))])) })
  return Array.from({ length: 40 }, (_, i) => i >= OTHER_READINGS || settings.length === 0 ? {} : chosen())
}

let collect: (() => void) | undefined

/** What is alive after a collection, in 2^20 bytes. */
function heapMb(): number {
  if (collect === undefined) {
    setFlagsFromString('--expose-gc')
    collect = runInNewContext('gc') as () => void
  }
  collect()
  collect()
  return round(process.memoryUsage().heapUsed / 2 ** 20, 2)
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits))
}
