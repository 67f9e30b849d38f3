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
  return rcsd.flatMap((column) => 'related' in column ? column.related.map((oad) => ({ oad, owner: column.oad })) : [{ oad: column.oad }])
}

/** The OADs of leafColumns. */
export function rowColumns(rcsd: readonly Csd[]): Oad[] {
  return rcsd.flatMap((column) => 'related' in column ? column.related : [column.oad])
}

const NULL: Data = Object.freeze({ type: 'null' as const })

/** Rows with one cell a leaf column, whichever way the device wrote ROAD cells; none when it answered a DAR. */
export function leafRows(record: ResultRecord): Data[][] {
  if (!('rows' in record)) return []
  if (record.roadCells !== 'nested') return record.rows
  return record.rows.map((row) => row.flatMap((cell, i) => {
    const column = record.rcsd[i]!
    if (!('related' in column)) return [cell]
    return cell.type === 'array' ? cell.items : column.related.map(() => NULL)
  }))
}
