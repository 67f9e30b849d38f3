import { DecodeError } from '@zhuzhan/codec'
import type { Protocol } from '@zhuzhan/codec'
import { gdw1376_1 } from '../upward/protocol.js'
import { gdw1376_2 } from '../local/protocol.js'
import { localFacts, upwardFacts } from './facts.js'
import { localVectors, recorded, upwardVectors } from './load.js'
import type { FrameVector } from './load.js'

/** Prose, and what only a decoder of the meter's protocol can say; their content is expected below in our own words. */
const PROSE = ['meaning', 'note', 'value', 'inner', 'inner value']

const factsIn = ({ decoded }: FrameVector) => Object.fromEntries(Object.entries(decoded).filter(([name]) => !PROSE.includes(name)))
const named = (vectors: readonly FrameVector[]) => vectors.map((vector, i) => [i, vector.description, vector] as const)
/** @throws whatever is no DecodeError */
function accepts(protocol: Protocol, bytes: Buffer): boolean {
  try {
    protocol.toJson(bytes)
    return true
  } catch (error) {
    if (error instanceof DecodeError && error.code === 'FRAME_INVALID') return false
    throw error
  }
}

const hex = (vector: FrameVector) => Buffer.from(vector.hex, 'hex')

describe.each([
  { protocol: gdw1376_1, vectors: upwardVectors, facts: upwardFacts, count: 31 },
  { protocol: gdw1376_2, vectors: localVectors, facts: localFacts, count: 19 },
])('$protocol.name', ({ protocol, vectors, facts, count }) => {
  it('has its recorded frames', () => {
    expect(vectors).toHaveLength(count)
  })

  it.each(named(vectors))('%i %s: every fact', (_, __, vector) => {
    expect(facts(hex(vector))).toEqual(factsIn(vector))
  })

  it.each(named(vectors))('%i %s: leaves nothing as hex and comes back byte by byte', (_, __, vector) => {
    const json = protocol.toJson(hex(vector))
    if (!vector.description.startsWith('AFN F0')) expect(json).not.toHaveProperty('dataError')
    expect(protocol.fromJson(JSON.parse(JSON.stringify(json)) as object).toString('hex').toUpperCase()).toBe(vector.hex)
  })

  it.each(named(vectors))('%i %s: every truncation and every flipped bit is refused', (_, __, vector) => {
    const bytes = hex(vector)
    const accepted: string[] = []
    for (let size = 0; size < bytes.length; size++) if (accepts(protocol, bytes.subarray(0, size))) accepted.push(`the first ${size} bytes`)
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const wrong = Buffer.from(bytes)
      wrong[bit >> 3]! ^= 1 << (bit & 7)
      if (accepts(protocol, wrong)) accepted.push(`bit ${bit}`)
    }
    expect(accepted).toEqual([])
  })
})

describe('what the prose of the collection says', () => {
  const upward = (description: string) => gdw1376_1.toJson(recorded(upwardVectors, description))
  const local = (description: string) => gdw1376_2.toJson(recorded(localVectors, description))

  it('a login asks for link and wants a confirmation', () => {
    expect(upward('login (AFN 02 F1)')).toMatchObject({ afn: '02', seq: { con: true }, units: [{ names: [{ en: 'Login', zh: '登录' }] }] })
  })

  it('a daily freeze: day, reading time, no tariffs, one A.14 value', () => {
    expect(upward('daily freeze reply')).toMatchObject({
      units: [{ contents: [{ pn: 1, fn: 161, frozenDay: '2022-05-21', readingTime: '2022-05-22 00:05', forwardActiveEnergy: { total: '123456.7800', tariffs: [] } }] }],
      values: [{
        item: '0D F161 forwardActiveEnergy.total', name: 'Forward active energy, total', nameZh: '正向有功电能示值 总', value: '123456.7800', unit: 'kWh',
        of: 'p1', time: '2022-05-21',
      }],
    })
  })

  it('what meters answered inside of forwarded frames', () => {
    const inner = (description: string) => {
      const { content } = (upward(description) as { units: { contents: { content: string }[] }[] }).units[0]!.contents[0]!
      const bytes = Buffer.from(content, 'hex')
      return Buffer.from(Array.from(bytes.subarray(14, -2), (byte) => byte - 0x33)).reverse().toString('hex')
    }
    expect(Number(inner('transparent forward reply: forward active energy')) / 100).toBe(6.78)
    expect(inner('transparent forward reply: status word 3')).toBe('0000')
  })

  it('reset: PW of zeros and a time tag', () => {
    expect(upward('hardware reset')).toMatchObject({ pw: '0'.repeat(32), tp: { pfc: 0, time: '07 13:53:28', delay: 5 } })
  })

  it('a concurrent read without answer of the meter', () => {
    expect(local('concurrent read failed')).toMatchObject({ address: { source: '000009285772' }, data: { protocol: 'dlt645-2007', content: '' } })
  })

  it('a power-off event of one meter', () => {
    expect(local('active report')).toMatchObject({ data: { device: 'meter', kind: 'power-event', report: { event: 'off', addresses: ['123456781012'] } } })
  })

  it('a denial because of a duplicate address', () => {
    expect(local('deny')).toMatchObject({ data: { denied: 'duplicate-address' } })
  })

  it('a confirmation without the six bytes', () => {
    expect(local('confirm (00 F1) without data')).not.toHaveProperty('data')
  })
})
