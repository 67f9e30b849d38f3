import { isDeepStrictEqual } from 'node:util'
import { DecodeError, EncodeError, Tracer } from '@zhuzhan/codec'
import type { Protocol, Span } from '@zhuzhan/codec'
import fc from 'fast-check'
import { gdw1376_1 } from './upward/protocol.js'
import { gdw1376_2 } from './local/protocol.js'
import { decodeLink as decodeUpwardLink, encodeLink as encodeUpwardLink } from './upward/link/frame.js'
import { decodeLink as decodeLocalLink, encodeLink as encodeLocalLink } from './local/link/frame.js'
import { localFrame, localLink, settings, upwardFrame, upwardLink } from './vectors/arbitraries.js'
import { localVectors, upwardVectors } from './vectors/load.js'

const both = [
  { protocol: gdw1376_1 as Protocol, frame: upwardFrame, vectors: upwardVectors },
  { protocol: gdw1376_2 as Protocol, frame: localFrame, vectors: localVectors },
]

describe.each(both)('$protocol.name', ({ protocol, frame, vectors }) => {
  it('whatever decodes comes back from JSON byte by byte, under all settings', () => {
    let whole = 0
    let partly = 0
    fc.assert(fc.property(frame, settings, (bytes, chosen) => {
      const json = JSON.parse(JSON.stringify(protocol.toJson(bytes, { settings: chosen }))) as object
      if ('dataError' in json) partly++
      else whole++
      return protocol.fromJson(json).equals(bytes)
    }), { numRuns: 500 })
    expect(Math.min(whole, partly)).toBeGreaterThan(50)
  })

  it('reads the same with and without a tracer, and every span lies within the frame and its parent', () => {
    fc.assert(fc.property(frame, settings, (bytes, chosen) => {
      const trace = new Tracer('frame')
      const traced = protocol.toJson(bytes, { settings: chosen, trace })
      if (!isDeepStrictEqual(traced, protocol.toJson(bytes, { settings: chosen }))) return false
      checkSpans(trace.root.children, 0, bytes.length)
      return trace.root.children[0]!.from === 0 && trace.root.children.at(-1)!.to === bytes.length
    }), { numRuns: 300 })
  })

  it('has names for all members and words that do not fail', () => {
    const unnamed = new Set<string>()
    fc.assert(fc.property(frame, (bytes) => {
      const trace = new Tracer('frame')
      protocol.toJson(bytes, { trace })
      visit(trace.root.children, [trace.root], (span, parents) => {
        protocol.describe!(span, parents)
        if (!/^(?:\d+|p(?:\d+|all) F\d+)$/.test(span.name) && !Object.hasOwn(protocol.labels, span.name)) unnamed.add(span.name)
      })
    }), { numRuns: 200 })
    expect([...unnamed]).toEqual([])
  })

  it('any bytes give a frame or one DecodeError', () => {
    fc.assert(fc.property(frame, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 }), (bytes, changes) => {
      const wrong = Buffer.from(bytes)
      for (const [at, byte] of changes) wrong[at % wrong.length] = byte
      try {
        return protocol.fromJson(protocol.toJson(wrong)).equals(wrong)
      } catch (error) {
        return error instanceof DecodeError && error.code === 'FRAME_INVALID'
      }
    }), { numRuns: 1000 })
    fc.assert(fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      expect(() => protocol.toJson(bytes)).toThrow(DecodeError)
    }), { numRuns: 300 })
  })

  it.each<[string, unknown]>([
    ['nothing', {}], ['null', null], ['a text', 'x'], ['no control', { afn: '0C', units: [], fn: [1] }],
  ])('refuses %s', (_, json) => {
    expect(() => protocol.fromJson(json as object)).toThrow(EncodeError)
  })

  it('refuses recorded frames of which one member is spoilt', () => {
    const accepted: string[] = []
    for (const { hex, description } of vectors) {
      const json = protocol.toJson(Buffer.from(hex, 'hex')) as Record<string, unknown>
      for (const name of Object.keys(json)) {
        if (['values', 'names', 'dataError'].includes(name)) continue
        try {
          protocol.fromJson({ ...json, [name]: Symbol('spoilt') })
          accepted.push(`${description}: ${name}`)
        } catch (error) {
          if (!(error instanceof EncodeError)) throw error
        }
      }
    }
    expect(accepted).toEqual([])
  })
})

function visit(spans: readonly Span[], parents: readonly Span[], see: (span: Span, parents: readonly Span[]) => void): void {
  for (const span of spans) {
    see(span, parents)
    visit(span.children, [...parents, span], see)
  }
}

/** Bits of one word share its bytes; otherwise spans follow one another. */
function checkSpans(spans: readonly Span[], from: number, to: number): void {
  let before: Span | undefined
  for (const span of spans) {
    const bitsOfOneWord = before !== undefined && before.from === span.from && before.to === span.to
    if (span.from < from || span.to > to || (!bitsOfOneWord && before !== undefined && span.from < before.to)) throw new Error(`${span.name} at ${span.from}-${span.to}`)
    checkSpans(span.children, span.from, span.to)
    before = span
  }
}

describe('links', () => {
  it('of 1376.1 come back as they were', () => {
    fc.assert(fc.property(upwardLink, (link) => isDeepStrictEqual(decodeUpwardLink(encodeUpwardLink(link)), { ...link, data: Buffer.from(link.data) })), { numRuns: 500 })
  })

  it('of 1376.2 come back as they were', () => {
    fc.assert(fc.property(localLink, (link) => isDeepStrictEqual(decodeLocalLink(encodeLocalLink(link)), { ...link, data: Buffer.from(link.data) })), { numRuns: 300 })
  })

  it('of 1376.1 have the auxiliary field that they announce, and no other', () => {
    const announcing = upwardVectors.filter(({ decoded }) => decoded['tp'] !== undefined).map(({ hex }) => decodeUpwardLink(Buffer.from(hex, 'hex')))
    for (const { tp, ...link } of announcing) {
      expect(() => encodeUpwardLink({ ...link, seq: { ...link.seq, tpv: false }, ...(tp && { tp }) })).toThrow(EncodeError)
      expect(() => encodeUpwardLink({ ...link, ec: { important: 0, general: 0 } })).toThrow(EncodeError)
      if (link.data.length >= 22) expect(() => encodeUpwardLink(link)).toThrow(EncodeError)
    }
  })

  it('do not encode more than L can say', () => {
    const upward = decodeUpwardLink(Buffer.from(upwardVectors[0]!.hex, 'hex'))
    expect(encodeUpwardLink({ ...upward, data: Buffer.alloc(16_375) })).toHaveLength(16_391)
    expect(() => encodeUpwardLink({ ...upward, data: Buffer.alloc(16_376) })).toThrow(EncodeError)
    const local = decodeLocalLink(Buffer.from(localVectors[0]!.hex, 'hex'))
    expect(encodeLocalLink({ ...local, data: Buffer.alloc(65_520) })).toHaveLength(65_535)
    expect(() => encodeLocalLink({ ...local, data: Buffer.alloc(65_521) })).toThrow(EncodeError)
  })
})
