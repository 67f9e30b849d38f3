import fc from 'fast-check'
import { chooseFrontEnd } from './choose.js'

const addresses = Array.from({ length: 3_000 }, (_, n) => String(n).padStart(12, '0'))
const frontEnds = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 12 }), { minLength: 1, maxLength: 6 })
const address = fc.nat({ max: 999_999_999 }).map((n) => String(n).padStart(12, '0'))

test('nobody there, nobody chosen', () => expect(chooseFrontEnd('000000000001', [])).toBeUndefined())

test('every gateway chooses alike, in whatever order it knows the front ends', () => {
  fc.assert(fc.property(address, frontEnds, (terminal, ids) => {
    const chosen = chooseFrontEnd(terminal, ids)
    expect(ids).toContain(chosen)
    expect(chooseFrontEnd(terminal, [...ids].reverse())).toBe(chosen)
  }))
})

test('when one leaves only its share moves; when one comes it only takes', () => {
  fc.assert(fc.property(address, frontEnds, fc.nat(), (terminal, ids, pick) => {
    const gone = ids[pick % ids.length]
    const [before, after] = [chooseFrontEnd(terminal, ids), chooseFrontEnd(terminal, ids.filter((id) => id !== gone))]
    if (before !== gone) expect(after).toBe(before)
  }))
})

test('the load is shared about evenly', () => {
  const share = new Map<string, number>()
  for (const terminal of addresses) {
    const chosen = chooseFrontEnd(terminal, ['fep-1', 'fep-2', 'fep-3']) as string
    share.set(chosen, (share.get(chosen) ?? 0) + 1)
  }
  for (const count of share.values()) expect(Math.abs(count - 1_000)).toBeLessThan(120)
})
