import { isDeepStrictEqual } from 'node:util'
import { createStreamSplitter } from '@zhuzhan/codec'
import type { Framing } from '@zhuzhan/codec'
import fc from 'fast-check'
import { decodeLink as decodeLocalLink } from './local/link/frame.js'
import { gdw1376_2Framing } from './local/link/framing.js'
import { decodeLink as decodeUpwardLink } from './upward/link/frame.js'
import { gdw1376_1Framing } from './upward/link/framing.js'
import { localFrame, upwardFrame } from './vectors/arbitraries.js'
import { localVectors, upwardVectors } from './vectors/load.js'
import { localRule, plainly, upwardRule } from './vectors/plain-splitter.js'
import type { Outcome } from './vectors/plain-splitter.js'

const MAX = 400

const accepting = (decode: (bytes: Buffer) => unknown) => (bytes: Buffer): boolean => {
  try {
    decode(bytes)
    return true
  } catch {
    return false
  }
}
const upward = { name: 'gdw1376.1', framing: gdw1376_1Framing({ maxLength: MAX }), rule: { size: upwardRule(MAX), accepts: accepting(decodeUpwardLink) } }
const local = { name: 'gdw1376.2', framing: gdw1376_2Framing({ maxSize: MAX }), rule: { size: localRule(MAX), accepts: accepting(decodeLocalLink) } }

function split(framings: readonly Framing[], stream: Buffer, cuts: readonly number[]): Outcome {
  const frames: string[] = []
  let discarded = 0
  const splitter = createStreamSplitter(framings, { onFrame: (bytes) => frames.push(bytes.toString('hex')), onDiscard: (count) => { discarded += count } })
  for (let at = 0, i = 0; at < stream.length; i++) {
    const size = cuts.length === 0 ? stream.length : cuts[i % cuts.length]!
    splitter.push(stream.subarray(at, at + size))
    at += size
  }
  return { frames, discarded, pending: splitter.pending }
}

const frame = fc.oneof(upwardFrame, localFrame)
const damaged = fc.tuple(frame, fc.nat(), fc.nat(255)).map(([bytes, at, byte]) => {
  const wrong = Buffer.from(bytes)
  wrong[at % wrong.length] = byte
  return wrong
})
const cut = fc.tuple(frame, fc.nat()).map(([bytes, size]) => bytes.subarray(0, size % bytes.length))
const starts = fc.array(fc.constantFrom(0x68, 0xfe, 0x16, 0x32, 0x00, 0x43), { maxLength: 12 }).map((list) => Buffer.from(list))
const decoy = fc.constantFrom('68320132016843', '6820004304', '680F0043000028').map((text) => Buffer.from(text, 'hex'))
const stream = fc.array(fc.oneof({ weight: 4, arbitrary: frame }, damaged, cut, starts, decoy), { maxLength: 8 }).map((pieces) => Buffer.concat(pieces))

it.each([['gdw1376.1', [upward]], ['gdw1376.2', [local]], ['both', [upward, local]]])('%s: finds the same frames as the plain rule, however the stream is cut', (_, chosen) => {
  const framings = chosen.map(({ framing }) => framing as Framing)
  const rules = chosen.map(({ rule }) => rule)
  fc.assert(fc.property(stream, fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 6 }), (bytes, cuts) =>
    isDeepStrictEqual(split(framings, bytes, cuts), plainly(bytes, rules))), { numRuns: 400 })
})

it('finds every recorded frame of both on one stream with wake-up bytes, and tells them apart', () => {
  const vectors = [...upwardVectors, ...localVectors]
  const found: [string, string][] = []
  const splitter = createStreamSplitter([gdw1376_2Framing(), gdw1376_1Framing()] as Framing[], { onFrame: (bytes, protocol) => found.push([protocol, bytes.toString('hex').toUpperCase()]) })
  for (const { hex } of vectors) splitter.push(Buffer.from(`FEFEFEFE${hex}`, 'hex'))
  expect(found).toEqual(vectors.map(({ protocol, hex }) => [protocol === 'Q/GDW 1376.1' ? 'gdw1376.1' : 'gdw1376.2', hex]))
  expect(splitter.pending).toBe(0)
})

it('does not take frames of DL/T 645 or 698.45 for its own', () => {
  const foreign = ['68611001301215681104333334337B16', '6817004305010000000000 1026F60501002000020000E5BE16'.replace(' ', '')]
  const names: string[] = []
  const splitter = createStreamSplitter([gdw1376_1Framing(), gdw1376_2Framing()] as Framing[], { onFrame: (_, protocol) => names.push(protocol) })
  for (const hex of foreign) splitter.push(Buffer.from(hex, 'hex'))
  splitter.push(Buffer.alloc(400))
  expect(names).toEqual([])
  expect(splitter.pending).toBe(0)
})

it('keeps to the limit of radio, and to any other', () => {
  const long = Buffer.from(upwardVectors[4]!.hex, 'hex')
  const length = long.length - 8
  const count = (framing: Framing) => split([framing], long, []).frames.length
  expect(count(gdw1376_1Framing({ maxLength: length }))).toBe(1)
  expect(count(gdw1376_1Framing({ maxLength: length - 1 }))).toBe(0)
  expect(gdw1376_1Framing().maxSize).toBe(16_391)
  const module = Buffer.from(localVectors[2]!.hex, 'hex')
  expect(split([gdw1376_2Framing({ maxSize: module.length })], module, []).frames).toHaveLength(1)
  expect(split([gdw1376_2Framing({ maxSize: module.length - 1 })], module, []).frames).toHaveLength(0)
})

it('takes frames of 130-2005 only when told to', () => {
  const old = Buffer.from(upwardVectors[0]!.hex, 'hex')
  old[1] = old[3] = (old[1]! & ~3) | 1
  expect(split([gdw1376_1Framing()], old, []).frames).toHaveLength(0)
  expect(split([gdw1376_1Framing({ accept130: true })], old, []).frames).toHaveLength(1)
})

it.each([7, 16_384, 8.5])('refuses maxLength %p', (maxLength) => {
  expect(() => gdw1376_1Framing({ maxLength })).toThrow(RangeError)
})

it.each([14, 32_768, 20.5])('refuses maxSize %p', (maxSize) => {
  expect(() => gdw1376_2Framing({ maxSize })).toThrow(RangeError)
})
