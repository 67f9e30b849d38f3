import { DecodeError } from '@zhuzhan/codec'
import { fromHex, toHex } from '@zhuzhan/core'
import { createDlt645Splitter, decodeFrame, encodeFrame } from '../link/index.js'
import { decodeMessage, encodeMessage } from '../message/index.js'
import { FACTS, MEANINGS, NOTES, VALUES, linkFacts, valueFact } from './facts.js'
import { frameVectors } from './load.js'
import type { Decoded, FrameVector } from './load.js'

const LINK = ['preambleFE', 'address', 'control', 'direction', 'abnormal', 'followUp', 'function', 'length'] as const
const pick = (decoded: Decoded) => Object.fromEntries(LINK.map((key) => [key, decoded[key]]))

/** Those of the inputs that are not refused with a DecodeError. */
function accepted(inputs: Buffer[]): string[] {
  return inputs.filter((bytes) => {
    try {
      decodeFrame(bytes)
      return true
    } catch (error) {
      return !(error instanceof DecodeError)
    }
  }).map(toHex)
}

it('has every recorded frame, and every kind of fact is looked at', () => {
  expect(frameVectors).toHaveLength(54)
  const kinds = new Set(frameVectors.flatMap((vector) => Object.keys(vector.decoded)))
  expect([...kinds].sort()).toEqual([...LINK, ...Object.keys(FACTS), 'dataMinus33', 'value', 'meaning', 'note'].sort())
})

describe.each(frameVectors.map((v, i): [string, FrameVector] => [`${i}: ${v.description}`, v]))('%s', (_, { hex, decoded }) => {
  const bytes = fromHex(hex)
  const frame = decodeFrame(bytes)

  it('has the link fields and data that are stated', () => {
    expect(linkFacts(frame)).toEqual(pick(decoded))
    if (decoded.dataMinus33 !== undefined) expect(toHex(frame.data)).toBe(decoded.dataMinus33)
  })

  const stated = Object.entries(FACTS).filter(([key]) => decoded[key as keyof Decoded] !== undefined)
  if (stated.length > 0) {
    it('has the members that are stated', () => {
      const message = decodeMessage(frame)
      expect(Object.fromEntries(stated.map(([key, fact]) => [key, fact(message, frame)]))).toEqual(Object.fromEntries(stated.map(([key]) => [key, decoded[key as keyof Decoded]])))
    })
  }

  if (decoded.value !== undefined) it('has the value that is stated', () => expect(valueFact(decodeMessage(frame), frame)).toBe(VALUES[decoded.value!] ?? decoded.value))

  if (decoded.meaning !== undefined) {
    it('means what is stated', () => {
      const [fact, expected] = MEANINGS[decoded.meaning!]!
      expect(fact(decodeMessage(frame), frame)).toEqual(expected)
    })
  }

  if (decoded.note !== undefined) {
    it('is treated as its note asks', () => {
      const [fact, expected] = NOTES[decoded.note!]!
      expect(fact(frame)).toEqual(expected)
    })
  }

  it('is written again byte by byte', () => {
    expect(toHex(encodeFrame(frame))).toBe(hex)
  })

  it('is refused when a byte is missing, a byte too many is there or a bit is wrong', () => {
    const shorter = Array.from(bytes, (_byte, size) => bytes.subarray(0, size))
    const flipped = Array.from(bytes, (byte, i) => Buffer.concat([bytes.subarray(0, i), Buffer.from([byte ^ (1 << (i % 8))]), bytes.subarray(i + 1)]))
    expect(accepted([...shorter, ...flipped, Buffer.concat([bytes, Buffer.of(0x16)])])).toEqual([])
  })
})

it('writes again every message it reads', () => {
  const written = frameVectors.map(({ hex }) => decodeFrame(fromHex(hex))).map((frame) => {
    try {
      return encodeMessage(decodeMessage(frame))
    } catch (error) {
      if (error instanceof DecodeError) return { control: frame.control, data: frame.data }
      throw error
    }
  })
  expect(written.map(({ data }) => toHex(data))).toEqual(frameVectors.map(({ hex }) => toHex(decodeFrame(fromHex(hex)).data)))
  expect(written.map(({ control }) => control)).toEqual(frameVectors.map(({ hex }) => decodeFrame(fromHex(hex)).control))
})

it('finds every recorded frame in one stream with wake-up bytes', () => {
  const found: string[] = []
  let wakeUps = 0
  const splitter = createDlt645Splitter({ onFrame: (bytes) => found.push(toHex(bytes)), onDiscard: (count, reason) => { wakeUps += reason === 'wake-up' ? count : 1000 } })
  for (const { hex } of frameVectors) splitter.push(fromHex(`FEFEFEFE${hex}`))
  expect(found).toEqual(frameVectors.map(({ hex }) => hex))
  expect(wakeUps).toBe(4 * frameVectors.length)
})
