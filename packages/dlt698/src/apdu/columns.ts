import type { Csd, Data } from '../data/types.js'
import type { Oad } from '../data/descriptors.js'
import type { ResultRecord } from './records.js'

/** A leaf column; `owner` is the object it stands under (the freeze object of a ROAD). */
export interface LeafColumn {
  oad: Oad
  owner?: Oad
}

/** The columns as rows of reading (a) have them: a ROAD gives one column a related OAD. Reference §3.4. */
export function leafColumns(rcsd: readonly Csd[]): LeafColumn[] {
  const leaves: LeafColumn[] = []
  for (const column of rcsd) {
    if ('related' in column) for (const oad of column.related) leaves.push({ oad, owner: column.oad })
    else leaves.push({ oad: column.oad })
  }
  return leaves
}

/** The OADs of leafColumns. */
export function rowColumns(rcsd: readonly Csd[]): Oad[] {
  return leafColumns(rcsd).map((leaf) => leaf.oad)
}

const NULL: Data = Object.freeze({ type: 'null' as const })

/** Rows with one cell a leaf column, whichever way the device wrote ROAD cells; none when it answered a DAR. */
export function leafRows(record: ResultRecord): Data[][] {
  if (!('rows' in record)) return []
  const { rcsd, rows } = record
  if (record.roadCells === 'nested') return rows.map((row) => row.flatMap((cell, i) => spread(cell, rcsd[i]!)))
  const single = singleRoadCells(rcsd)
  return single.length === 0 ? rows : rows.map((row) => row.map((cell, i) => single.includes(i) ? unwrapped(cell) : cell))
}

function spread(cell: Data, column: Csd): Data[] {
  if (!('related' in column)) return [cell]
  return cell.type === 'array' ? cell.items : column.related.map(() => NULL)
}

/** Cells of ROADs with one related OAD: there both readings have the same length, so that decoding cannot tell them apart. */
function singleRoadCells(rcsd: readonly Csd[]): number[] {
  const cells: number[] = []
  let at = 0
  for (const column of rcsd) {
    const related = 'related' in column ? column.related.length : undefined
    if (related === 1) cells.push(at)
    at += related ?? 1
  }
  return cells
}

/** An array that holds nothing but one array is reading (b): no object of the catalogue has such a value. */
function unwrapped(cell: Data): Data {
  const [only] = cell.type === 'array' && cell.items.length === 1 ? cell.items : []
  return only?.type === 'array' ? only : cell
}
