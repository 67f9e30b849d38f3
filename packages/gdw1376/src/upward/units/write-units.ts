import { EncodeError, encode, nothing } from '@zhuzhan/codec'
import type { ByteWriter } from '@zhuzhan/codec'
import { Dt } from '../../wire/dt.js'
import { upwardCatalogue } from '../afn/index.js'
import { Da } from './da.js'
import { pairsOf } from './data-unit.js'
import type { DataUnit } from './data-unit.js'

export interface UnitWriting {
  afn: number
  dir: number
  /** Bytes that nobody could read follow, so contents may be missing. */
  open: boolean
}

/** One unit: DADT, then the contents in the order given, which must be one of the two that reference §A2 allows. */
export function writeUnit(w: ByteWriter, unit: DataUnit, { afn, dir, open }: UnitWriting): void {
  Da.write(w, unit.pn)
  Dt.write(w, [...unit.fn])
  const contents = unit.contents ?? []
  if (!['points-first', 'functions-first'].some((order) => isInOrder(unit, order))) {
    throw new EncodeError('contents', 'points and functions of the unit, each once, in the order of the wire')
  }
  contents.forEach((content, i) => {
    const layout = upwardCatalogue.layout(afn, content.fn, dir)
    if (layout === undefined) throw new EncodeError(`contents.${i}`, `no content of F${content.fn}, whose layout is not known`)
    layout.write(w, content)
  })
  if (!open) checkMissing(unit, afn, dir)
}

/** Are the contents some of the unit's, one behind the other in this order? */
function isInOrder(unit: DataUnit, order: string): boolean {
  const places = new Map([...pairsOf(unit, order)].map(({ pn, fn }, i) => [`${pn} ${fn}`, i]))
  let before = -1
  // Of how many points all points are nobody knows, so no data can stand there.
  return (unit.contents ?? []).every(({ pn, fn }) => {
    const place = pn === 'all' ? undefined : places.get(`${pn} ${fn}`)
    const follows = place !== undefined && place > before
    before = place ?? before
    return follows
  })
}

/** @throws EncodeError when a function that always has data has none */
function checkMissing(unit: DataUnit, afn: number, dir: number): void {
  const given = new Set(unit.contents?.map(({ pn, fn }) => `${pn} ${fn}`))
  for (const { pn, fn } of pairsOf(unit, 'points-first')) {
    const layout = upwardCatalogue.layout(afn, fn, dir)
    // Under a setting that does not take the layout, a unit at the end of a frame may have been read without data.
    if (pn === 'all' || given.has(`${pn} ${fn}`) || layout === undefined || layout === nothing || upwardCatalogue.isOpen(afn, fn, dir)) continue
    if (encode(layout, {}).length > 0) throw new EncodeError('contents', `the content of F${fn}`)
  }
}
