import type { ReadingColumns } from '@zhuzhan/contracts'
import type { Element } from './merge.js'
import { ordered } from './shapes.js'
import type { StoredShape } from './shapes.js'

/** All rows of a batch with one meter and time. The first can be inserted as it is; others, which there rarely are, come after it. */
export interface Group {
  meterId: number
  /** Epoch ms. */
  time: number
  rows: number[]
}

/** A batch made ready for the table. */
export interface WideRows {
  groups: Group[]
  unknownMeters: string[]
  /** Shapes in the order of the batch's own. */
  shapes: StoredShape[]
  /** Index in `shapes`. */
  shapeIndex(row: number): number
  /** How many values a row has. */
  width(row: number): number
  /** Values of a row as an array literal, in the order of its stored shape. */
  valuesText(row: number): string
  /** The same of the moments of maxima; null when no value has one. */
  occurredText(row: number): string | null
  elements(row: number): Element[]
}

export function wideRows(columns: ReadingColumns, meterIds: Pick<ReadonlyMap<string, number>, 'get'>): WideRows {
  const ids = columns.meters.map((address) => meterIds.get(address))
  const shapes = columns.shapes.map(ordered)
  const shapeOf = (row: number) => shapes[columns.shape[row] as number] as (typeof shapes)[number]
  const moments = new Map(columns.occurred.value.map((value, n) => [value, columns.occurred.at[n] as number]))
  // A dictionary may name one time twice: what counts is what it means.
  const instants = new Map(columns.times.map((time, index) => [time, index]))
  const start: number[] = []
  const groups = new Map<number, Group>()
  const unknown = new Set<string>()
  let next = 0
  for (let row = 0; row < columns.meter.length; row++) {
    start.push(next)
    next += shapeOf(row).places.length
    const meter = columns.meter[row] as number
    const meterId = ids[meter]
    if (meterId === undefined) {
      unknown.add(columns.meters[meter] as string)
      continue
    }
    const time = columns.times[columns.time[row] as number] as number
    const key = meterId * columns.times.length + (instants.get(time) as number)
    const group = groups.get(key)
    if (group) group.rows.push(row)
    else groups.set(key, { meterId, time, rows: [row] })
  }
  return {
    groups: [...groups.values()],
    unknownMeters: [...unknown],
    shapes: shapes.map(({ shape }) => shape),
    shapeIndex: (row) => columns.shape[row] as number,
    width: (row) => shapeOf(row).places.length,
    valuesText: (row) => {
      const from = start[row] as number
      const { places } = shapeOf(row)
      let text = `{${columns.values[from + (places[0] as number)]}`
      for (let n = 1; n < places.length; n++) text += `,${columns.values[from + (places[n] as number)]}`
      return `${text}}`
    },
    occurredText: (row) => {
      if (moments.size === 0) return null
      const from = start[row] as number
      const own = shapeOf(row).places.map((place) => moments.get(from + place))
      return own.some((at) => at !== undefined) ? `{${own.map((at) => at ?? 'NULL').join(',')}}` : null
    },
    elements: (row) => {
      const { shape, places } = shapeOf(row)
      return places.map((place, n) => {
        const at = (start[row] as number) + place
        return {
          item: shape.item[n] as number, value: columns.values[at] as string, quality: shape.quality[n] as number, source: shape.source[n] as number,
          occurredAt: moments.get(at) ?? null, receivedAt: columns.receivedAt,
        }
      })
    },
  }
}
