import type { Protocol } from '@zhuzhan/codec'
import { PROTOCOL_NAMES, fuzz, protocolOf, seedsOf } from '../../bench/fuzz/index.js'

/** The short version of `npm run fuzz`: docs/protocol/fuzzing.md has the counts of the long runs. */
const INPUTS = 2_000

it.each(PROTOCOL_NAMES)('%s withstands some thousand hostile inputs', (name) => {
  const told: string[] = []
  const counts = fuzz(protocolOf(name), { inputs: INPUTS, seed: 20, progress: (text) => told.push(text) })
  expect(told.filter((text) => !text.startsWith(name))).toEqual([])
  expect(counts).toMatchObject({ inputs: INPUTS, mismatched: 0, otherErrors: 0, slow: 0, failures: [] })
  // Most inputs get past the link layer, and some do not.
  expect(counts.decoded).toBeGreaterThan(INPUTS / 10)
  expect(counts.refused).toBeGreaterThan(INPUTS / 100)
})

describe('the harness itself', () => {
  const sound = protocolOf('gdw1376.2')
  const broken = (changes: Partial<Protocol>): Protocol => ({ ...sound, ...changes })
  const seeds = seedsOf(sound)
  const run = (protocol: Protocol) => fuzz(protocol, { inputs: 300, seed: 1, seeds })

  it('finds an exception that is no DecodeError', () => {
    const counts = run(broken({ toJson: (bytes, reading) => {
      if (bytes.length % 16 === 5) throw new TypeError('undefined is not a function')
      return sound.toJson(bytes, reading)
    } }))
    expect(counts.otherErrors).toBeGreaterThan(0)
    expect(counts.failures.length).toBeGreaterThan(0)
  })

  it('finds bytes that do not come back', () => {
    expect(run(broken({ fromJson: (json) => Buffer.concat([sound.fromJson(json), Buffer.of(0)]) })).mismatched).toBeGreaterThan(0)
  })

  it('finds what takes too long', () => {
    // By the clock and by the processor's time: the harness suspects by the one and judges by the other, and threads of the
    // engine let the two differ either way.
    const busy = (milliseconds: number): void => {
      const started = performance.now()
      const before = process.cpuUsage()
      for (;;) {
        const { user, system } = process.cpuUsage(before)
        if (performance.now() - started > milliseconds && user + system > milliseconds * 1000) return
      }
    }
    const slow = broken({ toJson: (bytes, reading) => {
      if (bytes.length % 64 === 21) busy(15)
      return sound.toJson(bytes, reading)
    } })
    expect(run(slow).slow).toBeGreaterThan(0)
  })

  it('does the same for the same seed', () => {
    const { decoded, refused, corpus, features } = run(sound)
    expect(run(sound)).toMatchObject({ decoded, refused, corpus, features })
  })
})
