import { DecodeError, EncodeError, decode, encode } from '@zhuzhan/codec'
import fc from 'fast-check'
import { Dt } from '../../wire/dt.js'
import { upwardCatalogue } from '../afn/index.js'
import { decodeUpward, encodeUpward } from '../frame.js'
import type { UpwardFrame } from '../frame.js'
import { encodeLink } from '../link/frame.js'
import { Da } from './da.js'
import type { DataUnit } from './data-unit.js'
import { MAX_UNITS, pairsOf, unitsFor } from './data-unit.js'

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex')

describe('DA and DT', () => {
  it.each([
    ['00 00 01 00', [0], [1]],
    ['01 01 01 10', [1], [129]],
    ['02 01 01 10', [2], [129]],
    ['00 00 04 00', [0], [3]],
    ['FF 00 01 00', 'all', [1]],
    ['81 03 03 1E', [17, 24], [241, 242]],
    ['80 FF 80 1E', [2040], [248]],
  ] as const)('%s', (bytes, pn, fn) => {
    expect(decode(Da, hex(bytes).subarray(0, 2))).toEqual(pn)
    expect(decode(Dt, hex(bytes).subarray(2))).toEqual(fn)
    expect(Buffer.concat([encode(Da, pn), encode(Dt, [...fn])])).toEqual(hex(bytes))
  })

  it.each(['01 00', '00 01', '7F 00'])('no DA: %s', (bytes) => {
    expect(() => decode(Da, hex(bytes))).toThrow(DecodeError)
  })

  it.each(['00 00', '00 1E', '01 1F'])('no DT: %s', (bytes) => {
    expect(() => decode(Dt, hex(bytes))).toThrow(DecodeError)
  })

  it.each<readonly number[]>([[[]], [[1, 9]], [[2, 1]], [[1, 1]], [[0, 1]], [[-1]], [[2041]], [[1.5]]].map(([list]) => [list] as never))('no points of one DA: %j', (points) => {
    expect(() => encode(Da, points as never)).toThrow(EncodeError)
  })

  it('whatever their bytes mean, they come back', () => {
    fc.assert(fc.property(fc.nat(0xffff), fc.constantFrom(Da, Dt), (word, codec) => {
      const bytes = Buffer.from([word & 0xff, word >> 8])
      try {
        expect(encode(codec as typeof Da, decode(codec as typeof Da, bytes))).toEqual(bytes)
      } catch (error) {
        expect(error).toBeInstanceOf(DecodeError)
      }
    }), { numRuns: 1000 })
  })

  it('units for any points and functions hold exactly those', () => {
    const numbers = (min: number, max: number) => fc.uniqueArray(fc.integer({ min, max }), { minLength: 1, maxLength: 20 })
    fc.assert(fc.property(numbers(0, 2040), numbers(1, 248), (points, functions) => {
      const units = unitsFor(points, functions)
      for (const { pn, fn } of units) {
        encode(Da, pn)
        encode(Dt, [...fn])
      }
      const found = units.flatMap((unit) => [...pairsOf(unit, 'points-first')].map(({ pn, fn }) => `${pn} ${fn}`)).sort()
      expect(found).toEqual(points.flatMap((pn) => functions.map((fn) => `${pn} ${fn}`)).sort())
    }))
  })
})

/** A reply of AFN 0C with these data units. */
function reply(units: string): Buffer {
  return encodeLink({
    protocolId: 2, control: { dir: 1, prm: 0, acd: false, fcv: false, function: 8 }, address: { district: '0200', terminal: 1, group: false, msa: 1 },
    afn: '0C', seq: { tpv: false, fir: true, fin: true, con: false, rseq: 3 }, data: hex(units),
  })
}

const angles = '01 00 02 00 03 00 04 00 05 00 06 00'
const clock = '33 30 14 12 D2 20'

describe('units of one frame', () => {
  it('one behind the other, several points of one function', () => {
    const bytes = reply(`00 00 02 00 ${clock} 03 01 01 06 ${angles} ${angles.replaceAll('00', '10')}`)
    const frame = decodeUpward(bytes)
    expect(frame.units.map(({ contents }) => contents!.map(({ pn, fn }) => [pn, fn]))).toEqual([[[0, 2]], [[1, 49], [2, 49]]])
    expect(frame.units[1]!.contents![1]!['angles']).toEqual(['100.1', '100.2', '100.3', '100.4', '100.5', '100.6'])
    expect(frame).not.toHaveProperty('dataError')
    expect(encodeUpward(frame)).toEqual(bytes)
  })

  it('in the order of points, or of functions when a setting says so', () => {
    const register = (digits: string) => `05 00 22 05 22 00 ${digits} 00 00 00 00 ${'00 00 00 00 '.repeat(3)}`
    const bytes = reply(`03 01 03 04 ${register('11')} ${register('12')} ${register('21')} ${register('22')}`)
    const order = (unitOrder?: string) => {
      const frame = decodeUpward(bytes, unitOrder === undefined ? {} : { settings: { unitOrder } })
      expect(encodeUpward(frame)).toEqual(bytes)
      return frame.units[0]!.contents!.map((content) => [content.pn, content.fn, (Object.values(content)[3] as { total: string }).total])
    }
    expect(order()).toEqual([[1, 33, '0.0011'], [1, 34, '0.0012'], [2, 33, '0.0021'], [2, 34, '0.0022']])
    expect(order('functions-first')).toEqual([[1, 33, '0.0011'], [2, 33, '0.0012'], [1, 34, '0.0021'], [2, 34, '0.0022']])
  })

  it('stay hex from the first whose layout is not known', () => {
    const bytes = reply(`00 00 02 00 ${clock} 01 01 04 00 AA BB 00 00 02 00 ${clock}`)
    const { units, data, dataError } = decodeUpward(bytes)
    expect(units.map(({ fn, names }) => [fn, names![0]!.en])).toEqual([[[2], 'Terminal clock'], [[3], 'Parameter state']])
    expect([data, dataError]).toEqual([`AABB00000200${clock.replaceAll(' ', '')}`, { offset: 14 + 10 + 4, expected: 'a known layout of 0C F3 up' }])
    expect(encodeUpward({ ...decodeUpward(bytes) })).toEqual(bytes)
  })

  it('stay hex from the first that does not fit its layout, and say where', () => {
    const bytes = reply(`01 01 01 06 ${angles} 01 01 01 06 01 00 02`)
    const { units, data, dataError } = decodeUpward(bytes)
    expect(units).toHaveLength(2)
    expect([data, dataError]).toEqual(['010002', { offset: 34, expected: 'bytes for 6 elements' }])
    expect(encodeUpward(decodeUpward(bytes))).toEqual(bytes)
  })

  it('stay hex where no unit begins', () => {
    const bytes = reply(`00 00 02 00 ${clock} 01 00`)
    expect(decodeUpward(bytes)).toMatchObject({ data: '0100', dataError: { offset: 24, expected: 'a DA of the terminal, of points in one group, or of all points' } })
    expect(encodeUpward(decodeUpward(bytes))).toEqual(bytes)
  })

  it('of all points cannot be told apart in a reply', () => {
    const bytes = reply(`FF 00 01 06 ${angles}`)
    expect(decodeUpward(bytes)).toMatchObject({ units: [{ pn: 'all', fn: [49] }], dataError: { offset: 18, expected: 'points by number, to know how many data follow' } })
    expect(encodeUpward(decodeUpward(bytes))).toEqual(bytes)
  })

  it('without data are known without a layout', () => {
    expect(decodeUpward(reply('00 00 0C 00'))).not.toHaveProperty('dataError')
  })

  it('are not written with contents that do not belong to them', () => {
    const frame = decodeUpward(reply(`00 00 02 00 ${clock}`))
    const content = frame.units[0]!.contents![0]!
    const wrong: Partial<DataUnit>[] = [{ contents: [] }, { contents: [content, content] }, { contents: [{ ...content, fn: 49 }] }, { fn: [3] }, { contents: [{ pn: 0, fn: 2 }] }]
    for (const change of wrong) expect(() => encodeUpward({ ...frame, units: [{ ...frame.units[0]!, ...change }] } as UpwardFrame)).toThrow(EncodeError)
  })
})

it('a function that no reference names still reads', () => {
  expect(upwardCatalogue.describeFn(0x0c, 23)).toBeUndefined()
  expect(decodeUpward(reply('00 00 40 02 11'))).toMatchObject({ data: '11', dataError: { offset: 18 } })
})

it('reads so many units of a frame that it costs its sender as much as us, and the bytes come back', () => {
  const unit = { pn: [2], fn: [10] }
  const frame: UpwardFrame = { ...decodeUpward(reply('')), control: { dir: 0, prm: 1, fcb: false, fcv: false, function: 11 }, seq: { tpv: false, fir: true, fin: true, con: false, pseq: 3 }, units: Array.from({ length: MAX_UNITS }, () => unit) }
  const bytes = encodeUpward(frame)
  expect(decodeUpward(bytes).units).toHaveLength(MAX_UNITS)
  expect(() => encodeUpward({ ...frame, units: [...frame.units, unit] })).toThrow(EncodeError)
  const more = encodeUpward({ ...frame, data: '02010201'.repeat(3000) })
  const read = decodeUpward(more)
  expect(read).toMatchObject({ data: '02010201'.repeat(3000), dataError: { expected: `at most ${MAX_UNITS} data units` } })
  expect(encodeUpward(read)).toEqual(more)
})
