import { randomBytes } from 'node:crypto'
import { manualClock } from '@zhuzhan/core'
import fc from 'fast-check'
import { createTokens } from './tokens.js'

const VALID_MS = 100
const CAPACITY = 5

const happening = fc.oneof(
  { weight: 4, arbitrary: fc.constant({ kind: 'issue' as const }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('drop' as const), which: fc.nat(50) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.constantFrom(10, 30, 50) }) },
)

// Mutations seen failing: no end after what was given up (`firstEnd` left at Infinity), a full table that gives nothing up, `>` for `>=` at an end.
it('whatever happens, a token is good for its owner until its end, and what is given up is the oldest', () => {
  fc.assert(fc.property(fc.array(happening, { minLength: 20, maxLength: 60 }), (story) => {
    const clock = manualClock()
    const expired: number[] = []
    const tokens = createTokens<number>({ random: randomBytes, clock, validMs: VALID_MS, capacity: CAPACITY, onExpire: (value) => expired.push(value) })
    const issued: { token: string; until: number }[] = []
    const gone: number[] = []
    let kept: number[] = []
    for (const one of story) {
      if (one.kind === 'wait') clock.advance(one.ms)
      else if (one.kind === 'drop') {
        tokens.drop(issued[one.which]?.token ?? 'none')
        kept = kept.filter((n) => n !== one.which)
      } else {
        while (kept.length > 0 && (kept.length === CAPACITY || (issued[kept[0] as number]?.until ?? 0) <= clock.monotonic())) gone.push(kept.shift() as number)
        kept.push(issued.length)
        issued.push({ token: tokens.issue('owner', issued.length), until: clock.monotonic() + VALID_MS })
      }
      expect([tokens.size, expired]).toEqual([kept.length, gone])
      for (const [n, { token, until }] of issued.entries()) {
        expect(tokens.find('owner', token)).toBe(kept.includes(n) && until > clock.monotonic() ? n : undefined)
        expect(tokens.find('another', token)).toBeUndefined()
      }
    }
  }))
})

// Mutation seen failing: a pool that is spelt again from its beginning.
it('no token comes twice, each is 16 random bytes', () => {
  let drawn = 0
  const random = (count: number): Buffer => { drawn += count; return randomBytes(count) }
  const tokens = createTokens<number>({ random, clock: manualClock(), validMs: VALID_MS, capacity: 2_000 })
  const all = Array.from({ length: 1_000 }, (_, n) => tokens.issue('owner', n))
  expect(new Set(all).size).toBe(1_000)
  for (const token of all) expect(token).toMatch(/^[0-9A-F]{32}$/)
  expect(drawn).toBeGreaterThanOrEqual(16_000)
})
