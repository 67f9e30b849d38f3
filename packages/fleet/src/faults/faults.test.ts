import fc from 'fast-check'
import { manualClock } from '@zhuzhan/core'
import { CONTROL, createSplitter, encodeFrame } from '@zhuzhan/dlt698'
import { seededRandom } from '../run/random.js'
import { createScheduler } from '../run/scheduler.js'
import { createFaults, drawFaults, parseFaultShares } from './faults.js'
import { createLineWriter } from './line-faults.js'

const ADDRESS = '000100000001'
const frame = (size: number) => encodeFrame({ control: CONTROL.serverResponse, address: { type: 'single', logical: 0, server: ADDRESS, client: 0 }, data: Buffer.alloc(size, 0x68) })

function line() {
  const clock = manualClock()
  const scheduler = createScheduler({ clock, onError: (e) => { throw e } })
  const faults = createFaults()
  const chunks: Buffer[] = []
  const writer = createLineWriter({ address: ADDRESS, faults, random: seededRandom(7), scheduler, put: (b) => chunks.push(Buffer.from(b)) })
  const run = (ms: number) => { for (let i = 0; i < ms; i++) { clock.advance(1); scheduler.runDue() } }
  return { faults, chunks, writer, run }
}

function frames(chunks: Buffer[]): Buffer[] {
  const found: Buffer[] = []
  const splitter = createSplitter({ onFrame: (bytes) => found.push(bytes) })
  chunks.forEach((chunk) => splitter.push(chunk))
  return found
}

describe('faults', () => {
  it('are switched on with their usual options and off again', () => {
    const changes: string[] = []
    const faults = createFaults((address, name) => changes.push(`${address} ${name}`))
    faults.set(ADDRESS, 'slow', true)
    faults.set(ADDRESS, 'die-after-receive', true, { seconds: 1 })
    expect(faults.get(ADDRESS, 'slow')).toEqual({ ms: 8000 })
    expect(faults.get(ADDRESS, 'die-after-receive')).toEqual({ seconds: 1, acted: 1, times: 1 })
    faults.set(ADDRESS, 'slow', false)
    expect(faults.get(ADDRESS, 'slow')).toBeUndefined()
    expect(faults.count).toBe(1)
    expect(changes).toHaveLength(3)
  })

  it('unknown ones and unknown options are refused', () => {
    const faults = createFaults()
    expect(() => faults.set(ADDRESS, 'nonsense', true)).toThrow(/no fault/)
    expect(() => faults.set(ADDRESS, 'slow', true, { seconds: 1 })).toThrow(/no option/)
  })

  it('shares are drawn from the address: the same terminals each time, about as many as asked for', () => {
    const addresses = Array.from({ length: 4000 }, (_, i) => String(i).padStart(12, '0'))
    const drawn = () => {
      const faults = createFaults()
      drawFaults(faults, addresses, parseFaultShares('slow:0.1, garbage:25%'))
      return addresses.map((a) => [faults.get(a, 'slow') !== undefined, faults.get(a, 'garbage') !== undefined])
    }
    const first = drawn()
    expect(drawn()).toEqual(first)
    expect(first.filter(([slow]) => slow).length / 4000).toBeCloseTo(0.1, 1)
    expect(first.filter(([, garbage]) => garbage).length / 4000).toBeCloseTo(0.25, 1)
    expect(() => parseFaultShares('slow:2')).toThrow(/share/)
    expect(() => parseFaultShares('slw:0.5')).toThrow(/no fault/)
  })
})

describe('line', () => {
  it('is transparent without a fault', () => {
    const { writer, chunks } = line()
    writer.write(frame(20))
    expect(chunks).toEqual([frame(20)])
  })

  it('garbage: the frames are all there between the rubbish', () => {
    const { writer, chunks, faults } = line()
    faults.set(ADDRESS, 'garbage', true)
    for (let i = 0; i < 30; i++) writer.write(frame(i + 1))
    expect(Buffer.concat(chunks).length).toBeGreaterThan(30 * 20 + 30 * 31 / 2)
    expect(frames(chunks)).toEqual(Array.from({ length: 30 }, (_, i) => frame(i + 1)))
  })

  it('half-frame: the n-th frame is cut in the middle', () => {
    const { writer, chunks, faults } = line()
    faults.set(ADDRESS, 'half-frame', true, { every: 3 })
    for (let i = 0; i < 3; i++) writer.write(frame(40))
    expect(chunks.map((c) => c.length)).toEqual([frame(40).length, frame(40).length, frame(40).length >> 1])
  })

  it('byte-at-a-time: single bytes, in order, also when the fault ends halfway', () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 60 }), (stopAfter) => {
      const { writer, chunks, faults, run } = line()
      faults.set(ADDRESS, 'byte-at-a-time', true)
      writer.write(frame(10))
      run(stopAfter)
      expect(chunks.every((c) => c.length === 1)).toBe(true)
      faults.set(ADDRESS, 'byte-at-a-time', false)
      writer.write(frame(12))
      run(100)
      expect(Buffer.concat(chunks)).toEqual(Buffer.concat([frame(10), frame(12)]))
    }))
  })

  it('what trickles ends with the connection', () => {
    const { writer, chunks, faults, run } = line()
    faults.set(ADDRESS, 'byte-at-a-time', true)
    writer.write(frame(10))
    run(5)
    const before = chunks.length
    writer.reset()
    run(50)
    expect(chunks.length).toBe(before)
  })
})
