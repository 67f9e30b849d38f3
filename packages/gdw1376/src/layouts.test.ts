import { isDeepStrictEqual } from 'node:util'
import { EncodeError, Tracer, decode, encode } from '@zhuzhan/codec'
import type { Span } from '@zhuzhan/codec'
import fc from 'fast-check'
import type { Layout } from './afn-table.js'
import { localCatalogue } from './local/afn/index.js'
import { EventReport } from './local/afn/reports.js'
import { LOCAL_TERMS } from './local/labels.js'
import { upwardCatalogue } from './upward/afn/index.js'
import { UPWARD_TERMS } from './upward/labels.js'
import { anyBytes, casesOf, sampleOf } from './vectors/layout-bytes.js'

/** The same random bytes for all layouts: making them costs more than reading them. */
const drawn = fc.sample(anyBytes, 400)
const readable = (layout: Layout, all: readonly Buffer[]) => all.flatMap((bytes) => sampleOf(layout, bytes) ?? [])
const samplesOf = (layout: Layout) => {
  const samples = readable(layout, drawn)
  // Few random bytes make a picky layout; which ones these are is luck.
  for (let round = 0; samples.length <= 3 && round < 20; round += 1) samples.push(...readable(layout, fc.sample(anyBytes, 400)))
  return samples
}

const both = [
  { standard: '1376.1', cases: casesOf(upwardCatalogue), terms: UPWARD_TERMS },
  { standard: '1376.2', cases: casesOf(localCatalogue), terms: LOCAL_TERMS },
]

describe.each(both)('every layout of $standard', ({ cases, terms }) => {
  it.each(cases.map((one) => [one.name, one.layout] as const))('%s comes back byte by byte, as a value and through JSON', (_, layout) => {
    const samples = samplesOf(layout)
    for (const { bytes, value } of samples) {
      const again = encode(layout, JSON.parse(JSON.stringify(value)) as object)
      if (!again.equals(bytes)) throw new Error(`${bytes.toString('hex')} became ${again.toString('hex')}`)
      if (!isDeepStrictEqual(decode(layout, again), value)) throw new Error(`another value of ${again.toString('hex')}`)
    }
    expect(samples.length).toBeGreaterThan(3)
  })

  it.each(cases.map((one) => [one.name, one.layout] as const))('%s: spans lie inside of each other, follow each other and have names for people', (_, layout) => {
    const unnamed = new Set<string>()
    for (const { bytes } of samplesOf(layout).slice(0, 40)) {
      const trace = new Tracer('layout')
      decode(layout, bytes, { trace, origin: 100 })
      checkSpans(trace.root.children, 100, 100 + bytes.length, (name) => { if (!/^\d+$/.test(name) && !Object.hasOwn(terms, name)) unnamed.add(name) })
    }
    expect([...unnamed]).toEqual([])
  })

  it.each(cases.map((one) => [one.name, one.layout] as const))('%s refuses values of another kind', (_, layout) => {
    for (const wrong of [null, 'x', 7, { fn: 1, records: 7, nodes: {}, content: 'xyz' }]) {
      const outcome = attempt(() => encode(layout, wrong as never))
      // A layout whose members may all be absent writes nothing for an object without them.
      if (!(outcome instanceof EncodeError)) expect(outcome).toEqual(Buffer.alloc(0))
    }
  })
})

function attempt(run: () => Buffer): unknown {
  try {
    return run()
  } catch (error) {
    return error
  }
}

/** Bits of a word all stand where the word stands; other siblings do not overlap. */
function checkSpans(spans: readonly Span[], from: number, to: number, seen: (name: string) => void): void {
  let before: Span | undefined
  for (const span of spans) {
    seen(span.name)
    const bitsOfOneWord = before !== undefined && before.from === span.from && before.to === span.to
    if (span.from < from || span.to > to || (!bitsOfOneWord && before !== undefined && span.from < before.to)) throw new Error(`${span.name} at ${span.from}-${span.to}`)
    checkSpans(span.children, span.from, span.to, seen)
    before = span
  }
}

describe('event reports (06 F5)', () => {
  const address = fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 12, maxLength: 12 }).map((digits) => digits.join(''))
  const record = <T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }) => fc.record<T>(model, { noNullPrototype: true })
  const event = fc.constantFrom('off', 'on')
  const device = fc.constantFrom<string | number>('meter', 'hplc-unit', 9)
  const reports = fc.oneof(
    record({ device, kind: fc.constant('power-event'), report: record({ event, addresses: fc.array(address, { maxLength: 40 }) }) }),
    record({
      device: fc.constant('collector'), kind: fc.constant('power-event'),
      report: record({ event, meters: fc.array(record({ address, state: fc.constantFrom<string | number>('dead', 'live', 7) }), { maxLength: 36 }) }),
    }),
    record({ device, kind: fc.constant('rejected-nodes'), report: record({ rejected: fc.array(record({ address, deviceType: fc.nat(255) }), { maxLength: 32 }) }) }),
    record({ device, kind: fc.constantFrom<string | number>('status-word-645-2007', 'status-word-698.45', 200), report: record({ frame: fc.constantFrom('', '6816', 'AB'.repeat(255)) }) }),
  )

  it('of every kind come back', () => {
    fc.assert(fc.property(reports, (report) => isDeepStrictEqual(decode(EventReport, encode(EventReport, report as never)), report)), { numRuns: 300 })
  })

  it('have at most 32 rejected nodes and 255 bytes', () => {
    const rejected = Array.from({ length: 33 }, () => ({ address: '000000000001', deviceType: 3 }))
    expect(() => encode(EventReport, { device: 'meter', kind: 'rejected-nodes', report: { rejected } })).toThrow(EncodeError)
    expect(() => encode(EventReport, { device: 'meter', kind: 'power-event', report: { event: 'off', addresses: Array.from({ length: 43 }, () => '000000000001') } })).toThrow(EncodeError)
  })
})
