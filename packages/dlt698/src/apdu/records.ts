import { EncodeError, sequence } from '@zhuzhan/codec'
import type { ByteReader, ByteWriter, Codec } from '@zhuzhan/codec'
import { Data, Rcsd, Rsd } from '../data/data.js'
import { readRcsd } from './known-columns.js'
import { Oad } from '../data/descriptors.js'
import { Length } from '../data/length.js'
import { Dar } from './members.js'
import type { Csd, Data as DataValue, Rsd as RsdValue } from '../data/types.js'

/** Which rows and columns of a record table are wanted. */
export interface RecordRequest {
  oad: Oad
  rsd: RsdValue
  rcsd: Csd[]
}

export const RecordRequest: Codec<RecordRequest> = sequence({ oad: Oad, rsd: Rsd, rcsd: Rcsd })

/** `roadCells: 'nested'` when a ROAD column is one array cell, reading (b) of reference §3.4; otherwise one cell a related OAD. */
export type ResultRecord =
  | { oad: Oad; rcsd: Csd[]; dar: number }
  | { oad: Oad; rcsd: Csd[]; rows: DataValue[][]; roadCells?: 'nested' | undefined }

/** How decodeApdu asks for the second reading: set in the reader's settings under `roads`. */
export interface RoadReading {
  nested: boolean
  /** Set while reading when a ROAD column with rows occurred, i.e. when the readings differ. */
  seen: boolean
}

const Head = sequence({ oad: Oad, rcsd: { read: readRcsd, write: Rcsd.write } satisfies Codec<Csd[]> })

/** A-ResultRecord: OAD, RCSD, then 00 DAR or 01 rows. A missing value is NULL. Reference §3.4, §4.4. */
export const ResultRecord: Codec<ResultRecord> = {
  read: (r) => {
    const { oad, rcsd } = Head.read(r)
    const kind = r.u8()
    if (kind === 0) return { oad, rcsd, dar: r.trace === undefined ? Dar.read(r) : r.traced('dar', Dar) }
    if (kind !== 1) r.fail('00 (DAR) or 01 (rows)', r.offset - 1)
    const roads = r.settings['roads'] as RoadReading | undefined
    const hasRoad = rcsd.some(isRoad)
    if (roads !== undefined && hasRoad) roads.seen = true
    const nested = hasRoad && roads?.nested === true
    const rows = r.trace === undefined ? readRows(r, rcsd, nested) : r.traced('rows', { read: () => readRows(r, rcsd, nested) })
    return nested ? { oad, rcsd, rows, roadCells: 'nested' } : { oad, rcsd, rows }
  },
  write: (w, record) => {
    Head.write(w, record)
    if ('dar' in record) {
      w.u8(0)
      return Dar.write(w, record.dar)
    }
    w.u8(1)
    writeRows(w, record.rows, cellCount(record.rcsd, record.roadCells === 'nested'))
  },
}

function readRows(r: ByteReader, rcsd: Csd[], nested: boolean): DataValue[][] {
  const cells = cellCount(rcsd, nested)
  const at = r.offset
  const count = r.checkCount(Length.read(r), at, cells)
  if (count > 0 && cells === 0) r.fail('no rows, since there are no columns', at)
  const rows: DataValue[][] = []
  for (let i = 0; i < count; i++) {
    rows.push(r.trace === undefined ? readRow(r, rcsd, cells, nested) : r.traced(String(i), { read: () => readRow(r, rcsd, cells, nested) }))
  }
  return rows
}

function readRow(r: ByteReader, rcsd: Csd[], cells: number, nested: boolean): DataValue[] {
  const row: DataValue[] = []
  for (let k = 0; k < cells; k++) {
    if (r.trace !== undefined) row.push(r.traced(String(k), nested ? { read: () => readNestedCell(r, rcsd[k]!) } : Data))
    else row.push(nested ? readNestedCell(r, rcsd[k]!) : Data.read(r))
  }
  return row
}

function readNestedCell(r: ByteReader, column: Csd): DataValue {
  const at = r.offset
  const cell = Data.read(r)
  if (isRoad(column) && cell.type !== 'null' && !(cell.type === 'array' && cell.items.length === column.related.length)) {
    r.fail(`an array of ${column.related.length} cells`, at)
  }
  return cell
}

function writeRows(w: ByteWriter, rows: DataValue[][], cells: number): void {
  if (cells === 0 && rows.length > 0) throw new EncodeError('rows', 'no rows without columns')
  Length.write(w, rows.length)
  rows.forEach((row, i) => {
    if (row.length !== cells) throw new EncodeError(`rows.${i}`, `${cells} cells`)
    for (const cell of row) Data.write(w, cell)
  })
}

function isRoad(column: Csd): column is { oad: Oad; related: Oad[] } {
  return 'related' in column
}

function cellCount(rcsd: Csd[], nested: boolean): number {
  return nested ? rcsd.length : rcsd.reduce((sum, column) => sum + (isRoad(column) ? column.related.length : 1), 0)
}
