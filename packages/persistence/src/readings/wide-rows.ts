import type { ReadingColumns } from '@zhuzhan/contracts'
import type { Element } from './merge.js'
import { ordered } from './shapes.js'
import type { StoredShape } from './shapes.js'

/** Rows of one or several batches made ready for the table, numbered through. */
export interface WideRows {
  /** One row of every key (meter and time), the first that came, ordered by time and meter. It can be inserted as it is. */
  firsts: number[]
  /** Further rows of a key, which there rarely are, by place in `firsts`, as they came. */
  others: ReadonlyMap<number, readonly number[]>
  unknownMeters: string[]
  /** Instants of the rows, epoch ms, ascending. */
  times: readonly number[]
  shapes: StoredShape[]
  meterId(row: number): number
  /** Epoch ms. */
  time(row: number): number
  /** Epoch ms. */
  receivedAt(row: number): number
  /** Index in `shapes`. */
  shapeIndex(row: number): number
  /** How many values a row has. */
  width(row: number): number
  /** Values of a row in the order of its stored shape. */
  eachValue(row: number, take: (value: string) => void): void
  /** Moments of maxima in the same order, epoch ms; undefined when no value has one. */
  occurred(row: number): (number | null)[] | undefined
  elements(row: number): Element[]
}

interface Batch {
  columns: ReadingColumns
  /** Number of its first row. */
  from: number
  /** Where its shapes begin among all. */
  firstShape: number
  /** Epoch ms by place in `values`. */
  moments: ReadonlyMap<number, number>
}

export function wideRows(batches: readonly ReadingColumns[], meterIds: Pick<ReadonlyMap<string, number>, 'get'>): WideRows {
  const count = batches.reduce((sum, { meter }) => sum + meter.length, 0)
  const shapes = batches.flatMap((columns) => columns.shapes.map(ordered))
  const times = ascending(batches.flatMap((columns) => columns.times))
  const placeOfTime = new Map(times.map((time, place) => [time, place]))
  const idsOf = batches.map((columns) => columns.meters.map((address) => meterIds.get(address)))
  const ids = ascending(idsOf.flatMap((some) => some.filter((id) => id !== undefined)))
  const placeOfId = new Map(ids.map((id, place) => [id, place]))

  const batchOf = new Uint16Array(count)
  const start = new Uint32Array(count)
  // Time, meter and the row's own number in one: sorted as plain numbers, many times faster than by a function that compares.
  const keys = new Float64Array(count)
  const unknown = new Set<string>()
  const all: Batch[] = []
  let row = 0
  let kept = 0
  let firstShape = 0
  for (const [index, columns] of batches.entries()) {
    all.push({ columns, from: row, firstShape, moments: new Map(columns.occurred.value.map((value, n) => [value, columns.occurred.at[n] as number])) })
    const meterPlaces = (idsOf[index] as (number | undefined)[]).map((id) => (id === undefined ? -1 : placeOfId.get(id) as number))
    const timePlaces = columns.times.map((time) => placeOfTime.get(time) as number)
    let next = 0
    for (let n = 0; n < columns.meter.length; n++, row++) {
      batchOf[row] = index
      start[row] = next
      next += (shapes[firstShape + (columns.shape[n] as number)] as (typeof shapes)[number]).places.length
      const meter = meterPlaces[columns.meter[n] as number] as number
      if (meter < 0) unknown.add(columns.meters[columns.meter[n] as number] as string)
      else keys[kept++] = ((timePlaces[columns.time[n] as number] as number) * ids.length + meter) * count + row
    }
    firstShape += columns.shapes.length
  }

  const firsts: number[] = []
  const others = new Map<number, number[]>()
  let last = -1
  for (const key of keys.subarray(0, kept).sort()) {
    const number = key % count
    const identity = (key - number) / count
    if (identity !== last) {
      firsts.push(number)
      last = identity
      continue
    }
    const more = others.get(firsts.length - 1)
    if (more) more.push(number)
    else others.set(firsts.length - 1, [number])
  }

  const batch = (of: number): Batch => all[batchOf[of] as number] as Batch
  const shapeIndex = (of: number): number => {
    const { columns, from, firstShape: before } = batch(of)
    return before + (columns.shape[of - from] as number)
  }
  const shapeOf = (of: number) => shapes[shapeIndex(of)] as (typeof shapes)[number]
  return {
    firsts,
    others,
    unknownMeters: [...unknown],
    times,
    shapes: shapes.map(({ shape }) => shape),
    shapeIndex,
    meterId: (of) => {
      const { columns, from } = batch(of)
      return (idsOf[batchOf[of] as number] as number[])[columns.meter[of - from] as number] as number
    },
    time: (of) => {
      const { columns, from } = batch(of)
      return columns.times[columns.time[of - from] as number] as number
    },
    receivedAt: (of) => batch(of).columns.receivedAt,
    width: (of) => shapeOf(of).places.length,
    eachValue: (of, take) => {
      const { values } = batch(of).columns
      const from = start[of] as number
      const { places } = shapeOf(of)
      for (let n = 0; n < places.length; n++) take(values[from + (places[n] as number)] as string)
    },
    occurred: (of) => {
      const { moments } = batch(of)
      if (moments.size === 0) return undefined
      const own = shapeOf(of).places.map((place) => moments.get((start[of] as number) + place) ?? null)
      return own.some((at) => at !== null) ? own : undefined
    },
    elements: (of) => {
      const { shape, places } = shapeOf(of)
      const { columns, moments } = batch(of)
      return places.map((place, n) => {
        const at = (start[of] as number) + place
        return {
          item: shape.item[n] as number, value: columns.values[at] as string, quality: shape.quality[n] as number, source: shape.source[n] as number,
          occurredAt: moments.get(at) ?? null, receivedAt: columns.receivedAt,
        }
      })
    },
  }
}

/** Each of them once. */
function ascending(numbers: readonly number[]): number[] {
  return [...Float64Array.from(new Set(numbers)).sort()]
}
