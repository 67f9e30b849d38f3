import { ByteReader, DecodeError, nothing } from '@zhuzhan/codec'
import fc from 'fast-check'
import type { Arbitrary } from 'fast-check'
import type { Catalogue, Layout } from '../afn-table.js'

/** Random bytes that layouts of all kinds can be read from, for tests. */

const bcd = fc.integer({ min: 0, max: 99 }).map((n) => Number.parseInt(String(n), 16))
const small = fc.nat(3)
const byte = fc.oneof({ weight: 5, arbitrary: bcd }, { weight: 3, arbitrary: small }, { weight: 1, arbitrary: fc.constantFrom(0xff, 0xee) }, fc.nat(255))
const bytesOf = (size: number) => fc.array(byte, { minLength: size, maxLength: size })

const loose = fc.array(byte, { maxLength: 300, size: 'max' })
/** A length of one or two bytes behind some others, and as many bytes as it says. */
const counted = fc.tuple(fc.nat(3), fc.nat(250), fc.boolean()).chain(([before, size, wide]) =>
  fc.tuple(fc.array(fc.oneof(small, fc.nat(6)), { minLength: before, maxLength: before }), bytesOf(size))
    .map(([head, body]) => [...head, size, ...(wide ? [0] : []), ...body]))

/** An AFN, then DADT with a byte each, as a confirmation per unit has them. */
const confirmation = fc.tuple(fc.constantFrom([0, 0], [1, 1], [0xff, 0], [5, 2]), fc.integer({ min: 1, max: 255 }), fc.nat(30), fc.nat(2))
const confirmed = fc.tuple(byte, fc.array(confirmation, { maxLength: 20 }))
  .map(([afn, units]) => [afn, ...units.flatMap(([da, ...rest]) => [...da, ...rest])])

export const anyBytes: Arbitrary<Buffer> = fc.oneof({ weight: 3, arbitrary: loose }, { weight: 3, arbitrary: counted }, { weight: 1, arbitrary: confirmed })
  .map((list) => Buffer.from(list))

export interface Sample {
  bytes: Buffer
  value: Record<string, unknown>
}

/** What a layout reads from the front of these bytes, undefined when it cannot. */
export function sampleOf(layout: Layout, bytes: Buffer): Sample | undefined {
  const r = new ByteReader(bytes)
  try {
    const value = layout.read(r) as Record<string, unknown>
    return { bytes: bytes.subarray(0, r.offset), value }
  } catch (error) {
    if (error instanceof DecodeError) return undefined
    throw error
  }
}

export interface Case {
  name: string
  afn: number
  fn: number
  dir: 0 | 1
  layout: Layout
}

/** Every layout of a catalogue that has bytes. */
export function casesOf({ afns }: Catalogue): Case[] {
  return afns.flatMap(({ afn, rows }) => rows.flatMap((row) => ([0, 1] as const).flatMap((dir): Case[] => {
    const layout = dir === 1 ? row.up : row.down
    const name = `${afn.toString(16).toUpperCase().padStart(2, '0')} F${row.fn} ${dir === 1 ? 'up' : 'down'}`
    return layout === undefined || layout === nothing ? [] : [{ name, afn, fn: row.fn, dir, layout }]
  })))
}
