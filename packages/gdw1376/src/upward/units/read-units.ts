import { ByteReader, nothing } from '@zhuzhan/codec'
import type { FrameReading, Words } from '@zhuzhan/codec'
import { settingOf } from '../../settings.js'
import { Dt } from '../../wire/dt.js'
import { unreadFrom } from '../../wire/unread.js'
import type { Unread } from '../../wire/unread.js'
import { upwardCatalogue } from '../afn/index.js'
import { unknownLayout } from '../../afn-table.js'
import type { Layout } from '../../afn-table.js'
import { Da } from './da.js'
import { MAX_UNITS, pairsOf } from './data-unit.js'
import type { DataUnit, UnitContent } from './data-unit.js'

export interface UnitsReading extends FrameReading {
  afn: number
  dir: number
  /** Offset of the first unit in the frame. */
  origin: number
}

/** `data`, if any: what could not be read, from there to the end of the units. */
export interface DataUnits extends Partial<Unread> {
  units: DataUnit[]
}

/**
 * Data units one after the other, as far as their layouts are known. Where a layout is not known, or does not fit, the
 * remaining bytes stay hex: without its length nobody knows where the next unit begins. Throws nothing.
 */
export function readUnits(data: Buffer, reading: UnitsReading): DataUnits {
  const { trace, origin } = reading
  const units: DataUnit[] = []
  trace?.enter('units', origin)
  let at = 0
  let problem: unknown
  while (at < data.length && problem === undefined) {
    if (units.length === MAX_UNITS) {
      problem = `at most ${MAX_UNITS} data units`
      break
    }
    const mark = trace?.mark()
    trace?.enter(String(units.length), origin + at)
    const outcome = readUnit(data, at, reading)
    if (outcome.unit !== undefined) {
      trace?.leave(origin + outcome.at, outcome.unit)
      units.push(outcome.unit)
    } else if (mark !== undefined) trace!.rewind(mark)
    at = outcome.at
    problem = outcome.problem
  }
  trace?.leave(origin + at, units)
  if (problem === undefined) return { units }
  const unread = unreadFrom(data.subarray(at), origin + at, problem)
  trace?.leaf('data', origin + at, origin + data.length, unread.data)
  return { units, ...unread }
}

interface Outcome {
  /** Bytes that were read, counted from the first unit. */
  at: number
  unit?: DataUnit
  /** Why reading must stop there. */
  problem?: unknown
}

function readUnit(data: Buffer, from: number, reading: UnitsReading): Outcome {
  const head = readPart(data, from, reading, (r) => r.trace === undefined
    ? { pn: Da.read(r), fn: Dt.read(r) }
    : { pn: r.traced('pn', Da), fn: r.traced('fn', Dt) })
  if ('problem' in head) return { at: from, problem: head.problem }
  const { pn, fn } = head.value
  const unit: DataUnit = { pn, fn, names: namesOf(reading.afn, fn) }
  const contents: UnitContent[] = []
  const outcome = readContents(data, head.at, unit, contents, reading)
  if (contents.length > 0) unit.contents = contents
  return { ...outcome, unit }
}

const namesKnown = new Map<string, readonly Words[]>()

/** The same functions come again and again; there are no more lists than DT has values in each AFN. */
function namesOf(afn: number, functions: readonly number[]): readonly Words[] {
  const key = `${afn} ${functions.join()}`
  const known = namesKnown.get(key)
  if (known !== undefined) return known
  const names = functions.map((fn) => upwardCatalogue.describeFn(afn, fn) ?? { en: `F${fn}`, zh: `F${fn}` })
  if (namesKnown.size < MOST_NAMES) namesKnown.set(key, names)
  return names
}
const MOST_NAMES = 1024

/** The data of every (point, function) that has some, up to the first that cannot be read. */
function readContents(data: Buffer, from: number, unit: DataUnit, contents: UnitContent[], reading: UnitsReading): Outcome {
  const { afn, dir, settings } = reading
  // A request for everything: sixty-four pairs in four bytes, and none with data.
  if (unit.fn.every((fn) => upwardCatalogue.layout(afn, fn, dir, settings) === nothing)) return { at: from }
  let at = from
  for (const pair of pairsOf(unit, settingOf(settings, 'unitOrder'))) {
    const layout = upwardCatalogue.layout(afn, pair.fn, dir, settings)
    if (layout === nothing) continue
    if (layout === undefined || pair.pn === 'all') {
      if (at === data.length) continue
      return { at, problem: layout === undefined ? unknownLayout(hexByte(afn), [pair.fn], dir) : 'points by number, to know how many data follow' }
    }
    const content = readContent(data, at, pair, layout, reading)
    if ('problem' in content) return { at, problem: content.problem }
    if (content.at > at) contents.push({ ...pair, ...content.value })
    at = content.at
  }
  return { at }
}

function readContent(data: Buffer, at: number, { pn, fn }: { pn: number | 'all'; fn: number }, layout: Layout, reading: UnitsReading) {
  const { trace, origin } = reading
  return readPart(data, at, reading, (r) => {
    trace?.enter(`p${pn} F${fn}`, origin + at)
    const value = layout.read(r) as Record<string, unknown>
    trace?.leave(origin + at + r.offset, value)
    return value
  })
}

/** One part read by a reader of its own; a part that fails leaves no traces. */
function readPart<T>(
  data: Buffer, at: number, { settings, trace, origin }: UnitsReading, read: (r: ByteReader) => T,
): { value: T; at: number } | { problem: unknown } {
  const r = new ByteReader(data.subarray(at), { ...(settings && { settings }), trace, origin: origin + at })
  const mark = trace?.mark()
  try {
    const value = read(r)
    return { value, at: at + r.offset }
  } catch (problem) {
    if (mark !== undefined) trace!.rewind(mark)
    return { problem }
  }
}

const hexByte = (byte: number) => byte.toString(16).toUpperCase().padStart(2, '0')
