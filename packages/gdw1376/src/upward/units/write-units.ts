import { EncodeError, nothing } from '@zhuzhan/codec'
import type { ByteWriter } from '@zhuzhan/codec'
import { Dt } from '../../wire/dt.js'
import { upwardCatalogue } from '../afn/index.js'
import { Da } from './da.js'
import { pairsOf } from './data-unit.js'
import type { DataUnit, UnitContent } from './data-unit.js'

/** One unit: DADT and the contents in the order given. `open`: bytes that nobody could read follow, so contents may be missing. */
export function writeUnit(w: ByteWriter, unit: DataUnit, { afn, dir, open }: { afn: number; dir: number; open: boolean }): void {
  Da.write(w, unit.pn)
  Dt.write(w, [...unit.fn])
  const contents = unit.contents ?? []
  let next = 0
  for (const pair of pairsOf(unit, orderOf(unit, contents))) {
    // Of how many points all points are nobody knows, so no data can stand there.
    if (pair.pn === 'all') continue
    const content = contents[next]
    const given = content !== undefined && content.pn === pair.pn && content.fn === pair.fn
    if (given) next++
    else if (open && content === undefined) break
    writeContent(w, given ? content : undefined, pair.fn, { afn, dir })
  }
  if (next < contents.length) throw new EncodeError(`contents.${next}`, 'a point and a function of the unit, in the order of the wire')
}

function writeContent(w: ByteWriter, content: UnitContent | undefined, fn: number, { afn, dir }: { afn: number; dir: number }): void {
  const layout = upwardCatalogue.layout(afn, fn, dir)
  if (layout === nothing || (layout === undefined && content === undefined)) return
  if (layout === undefined) throw new EncodeError('contents', `no content of F${fn}, whose layout is not known`)
  layout.write(w, content ?? {})
}

/** Which of the two orders the contents are in. */
function orderOf(unit: DataUnit, contents: readonly UnitContent[]): string {
  const positions = [...pairsOf(unit, 'points-first')].map(({ pn, fn }) => `${pn} ${fn}`)
  const given = contents.map(({ pn, fn }) => positions.indexOf(`${pn} ${fn}`))
  return given.every((position, i) => i === 0 || position > given[i - 1]!) ? 'points-first' : 'functions-first'
}
