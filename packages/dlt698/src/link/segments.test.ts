import { manualClock } from '@zhuzhan/core'
import { DecodeError, EncodeError } from '@zhuzhan/codec'
import fc from 'fast-check'
import { linkFrame } from '../vectors/arbitraries.js'
import { CONTROL } from './control.js'
import { decodeFrame, encodeFrame } from './frame.js'
import type { LinkFrame } from './frame.js'
import { createJoiner } from './joiner.js'
import { SEGMENT, cutSegments, readSegment, segmentFrame } from './segments.js'

const address = { type: 'single', logical: 0, server: '000000000001', client: 0 } as const
const response: LinkFrame = { control: CONTROL.serverResponse, address, data: Buffer.from('0123456789'.repeat(60)) }
const joinerOf = (maxBytes = 10_000) => {
  const clock = manualClock()
  return { clock, joiner: createJoiner({ maxBytes, clock }) }
}

it('cuts to frames of at most the agreed length, which join to the same frame', () => {
  fc.assert(fc.property(linkFrame, fc.integer({ min: 32, max: 200 }), (frame, maxFrame) => {
    const whole = { ...frame, control: { ...frame.control, segmented: false } }
    const cut = cutSegments(whole, maxFrame)
    const { joiner } = joinerOf()
    const steps = cut.map((segment) => joiner.accept(decodeFrame(encodeFrame(segment))))
    const last = steps.pop()!
    return cut.every((segment) => encodeFrame(segment).length - 2 <= maxFrame)
      && (cut.length === 1) === (encodeFrame(whole).length - 2 <= maxFrame)
      && steps.every((step, i) => step.ack !== undefined && step.whole === undefined && readSegment(step.ack).word.number === i)
      && last.ack === undefined && last.whole !== undefined && encodeFrame(last.whole).equals(encodeFrame(whole)) && joiner.pending === 0
  }), { numRuns: 500 })
})

it('acknowledges like the recorded client: same exchange, other direction, word number | 8000', () => {
  const [first] = cutSegments(response, 200)
  const { joiner } = joinerOf()
  const ack = joiner.accept(first!).ack!
  expect(encodeFrame(ack).toString('hex').toUpperCase()).toBe('681100630501000000000000E9E40080D67816')
  expect(joiner.accept(ack)).toEqual({ acknowledged: 0 })
})

it('acknowledges a repeated segment again and appends it once', () => {
  const { joiner } = joinerOf()
  const cut = cutSegments(response, 200)
  const steps = cut.flatMap((segment, i) => i === cut.length - 1 ? [joiner.accept(segment)] : [joiner.accept(segment), joiner.accept(segment)])
  expect(steps.slice(0, -1).every((step) => step.ack !== undefined)).toBe(true)
  expect(steps.at(-1)!.whole!.data).toEqual(response.data)
})

it('wraps the number after 4095 and takes any start', () => {
  const { joiner } = joinerOf()
  const send = (kind: number, number: number) => joiner.accept(segmentFrame(response, kind, number, Buffer.from([number & 0xff])))
  expect(send(SEGMENT.first, 4094).ack).toBeDefined()
  expect(send(SEGMENT.middle, 4095).ack).toBeDefined()
  expect(send(SEGMENT.middle, 0).ack).toBeDefined()
  expect(send(SEGMENT.last, 1).whole!.data).toEqual(Buffer.from([0xfe, 0xff, 0x00, 0x01]))
})

describe('a transfer ends when', () => {
  const cut = cutSegments(response, 200)

  it('a number is left out', () => {
    const { joiner } = joinerOf()
    joiner.accept(cut[0]!)
    expect(joiner.accept(cut[2]!)).toEqual({ error: 'out-of-order' })
    expect(joiner.accept(cut[1]!)).toEqual({ error: 'no-transfer' })
  })

  it('it grows beyond the limit', () => {
    const { joiner } = joinerOf(300)
    joiner.accept(cut[0]!)
    expect(joiner.accept(cut[1]!)).toEqual({ error: 'too-large' })
    expect(joiner.pending).toBe(0)
  })

  it('it is silent too long', () => {
    const { joiner, clock } = joinerOf()
    joiner.accept(cut[0]!)
    clock.advance(60_000)
    expect(joiner.accept(cut[1]!).ack).toBeDefined()
    clock.advance(60_001)
    expect(joiner.accept(cut[2]!)).toEqual({ error: 'timed-out' })
  })

  it('a new one starts, even at the same number', () => {
    const { joiner } = joinerOf()
    const other = cutSegments({ ...response, data: Buffer.alloc(300, 7) }, 200)
    joiner.accept(cut[0]!)
    other.slice(0, -1).forEach((segment) => joiner.accept(segment))
    expect(joiner.accept(other.at(-1)!).whole!.data).toEqual(Buffer.alloc(300, 7))
  })

  it.each([['has no word', '00'], ['has an empty slice', '01C0'], ['carries data behind an acknowledgement', '018001']])('a segment %s', (_, data) => {
    const { joiner } = joinerOf()
    joiner.accept(cut[0]!)
    expect(joiner.accept({ ...cut[1]!, data: Buffer.from(data, 'hex') })).toEqual({ error: 'malformed' })
    expect(joiner.pending).toBe(0)
  })
})

it('passes on frames that are no segments, also between segments', () => {
  const { joiner } = joinerOf()
  const [first, ...rest] = cutSegments(response, 200)
  joiner.accept(first!)
  const report: LinkFrame = { ...response, control: CONTROL.serverReport }
  expect(joiner.accept(report)).toEqual({ whole: report })
  expect(rest.map((segment) => joiner.accept(segment)).at(-1)!.whole!.data).toEqual(response.data)
})

it('refuses what cannot be cut or read', () => {
  expect(() => cutSegments(response, 17)).toThrow(EncodeError)
  expect(cutSegments(response, 20)[0]!.data).toHaveLength(5)
  expect(() => readSegment({ ...response, data: Buffer.from([1]) })).toThrow(DecodeError)
})
