import { epochToDateTimeS } from '@zhuzhan/dlt698'
import type { Data, Oad } from '@zhuzhan/dlt698'
import { maximumDemand } from './demand.js'
import type { DemandRow } from './demand.js'
import { lineValues, presentDemand } from './line.js'
import type { LineValues } from './line.js'
import type { Meter, TariffValues } from './meter.js'

/** Types of the wire that hold a plain number and occur here. */
type NumberType = 'double-long' | 'double-long-unsigned' | 'long' | 'long-unsigned'

/** One attribute of a meter that depends on time only. Types, scalers and units: reference §8.1, §8.2. */
interface Row {
  read(meter: Meter, timeMs: number): Data
  scalerUnit?: readonly [scaler: number, unit: number]
}

const KWH = [-2, 33] as const
const KVARH = [-2, 35] as const
const KVAH = [-2, 34] as const

const numbers = (type: NumberType, values: readonly number[]): Data => ({ type: 'array', items: values.map((value) => ({ type, value })) })
const wide = (type: 'long64' | 'long64-unsigned', values: readonly number[]): Data =>
  ({ type: 'array', items: values.map((value) => ({ type, value: BigInt(value) })) })

function energy(values: (meter: Meter, timeMs: number) => readonly number[], unit: readonly [number, number], type: NumberType = 'double-long-unsigned'): Row {
  return { read: (m, t) => numbers(type, values(m, t)), scalerUnit: unit }
}

function fine(values: (meter: Meter, timeMs: number) => readonly number[], type: 'long64' | 'long64-unsigned'): Row {
  return { read: (m, t) => wide(type, values(m, t)), scalerUnit: [-4, 33] }
}

/** One phase's part of the total, as a single value. The parts are rounded each for itself. */
function phasePart(direction: 'forward' | 'reverse', percent: number): Row {
  return { read: (m, t) => ({ type: 'double-long-unsigned', value: Math.floor((m[direction](t)[0] * percent) / 100) }), scalerUnit: KWH }
}

function line(pick: (values: LineValues) => readonly number[], type: NumberType, scalerUnit: readonly [number, number]): Row {
  return { read: (m, t) => numbers(type, pick(lineValues(m, t))), scalerUnit }
}

function single(type: NumberType, value: (meter: Meter, timeMs: number) => number, scalerUnit: readonly [number, number]): Row {
  return { read: (m, t) => ({ type, value: value(m, t) }), scalerUnit }
}

function demand(direction: 'forward' | 'reverse'): Row {
  return { read: (m, t) => demandData(maximumDemand(m, t, direction), m.zone), scalerUnit: [-4, 28] }
}

/** Each tariff on its own, then their sum: the total of the tariffs stays the total. */
function share(values: TariffValues, percent: number): TariffValues {
  const parts = values.slice(1).map((v) => Math.floor((v * percent) / 100))
  return [parts.reduce((sum, v) => sum + v, 0), ...parts] as TariffValues
}

const plus = (a: TariffValues, b: TariffValues): number[] => a.map((v, i) => v + b[i]!)
const nothing: TariffValues = [0, 0, 0, 0, 0]
const apparent = (m: Meter, values: TariffValues): TariffValues => share(values, Math.round(100_000 / m.premises.powerFactor))

/**
 * Combined active energy counts both directions (the usual setting of 4112); combined reactive 1 takes quadrants I and
 * IV, combined reactive 2 takes II and III (4113, UNSURE which a device has).
 */
const ROWS: Readonly<Record<string, Row>> = {
  '0000': energy((m, t) => plus(m.forward(t), m.reverse(t)), KWH, 'double-long'),
  '0010': energy((m, t) => m.forward(t), KWH),
  '0011': phasePart('forward', 34), '0012': phasePart('forward', 33), '0013': phasePart('forward', 33),
  '0020': energy((m, t) => m.reverse(t), KWH),
  '0021': phasePart('reverse', 34), '0022': phasePart('reverse', 33), '0023': phasePart('reverse', 33),
  '0030': energy((m, t) => share(m.forward(t), m.premises.reactivePercent), KVARH, 'double-long'),
  '0040': energy((m, t) => share(m.reverse(t), 3), KVARH, 'double-long'),
  '0050': energy((m, t) => share(m.forward(t), m.premises.reactivePercent), KVARH),
  '0060': energy((m, t) => share(m.reverse(t), 3), KVARH),
  '0070': energy(() => nothing, KVARH),
  '0080': energy(() => nothing, KVARH),
  '0090': energy((m, t) => apparent(m, m.forward(t)), KVAH),
  '00A0': energy((m, t) => apparent(m, m.reverse(t)), KVAH),
  '1010': demand('forward'),
  '1020': demand('reverse'),
  '2000': line((v) => v.voltage, 'long-unsigned', [-1, 38]),
  '2001': line((v) => v.current, 'double-long', [-3, 36]),
  '2004': line((v) => v.activePower, 'double-long', [-1, 27]),
  '2005': line((v) => v.reactivePower, 'double-long', [-1, 31]),
  '2006': line((v) => v.apparentPower, 'double-long', [-1, 29]),
  '200A': line((v) => v.powerFactor, 'long', [-3, 255]),
  '200F': single('long-unsigned', (m, t) => lineValues(m, t).frequency, [-2, 47]),
  '2010': single('long', (m, t) => 180 + Math.round(120 * Math.sin(t / 5.03e9)) + (m.seed % 40), [-1, 9]),
  '2011': single('long-unsigned', (m) => 355 + (m.seed % 11), [-2, 38]),
  '2012': single('long-unsigned', () => 600, [-2, 38]),
  '2017': single('double-long', presentDemand, [-4, 28]),
}

const FINE: Readonly<Record<string, Row>> = {
  '0000': fine((m, t) => plus(m.forwardFine(t), m.reverseFine(t)), 'long64'),
  '0010': fine((m, t) => m.forwardFine(t), 'long64-unsigned'),
  '0020': fine((m, t) => m.reverseFine(t), 'long64-unsigned'),
}

/**
 * Value of attribute 2 (or 4, fine energy) of an object at a moment; `undefined` when the meter has no such object or
 * element. Index 0 is the whole attribute, n its n-th element.
 */
export function measured(meter: Meter, oad: Oad, timeMs: number): Data | undefined {
  const row = rowOf(oad)
  return row && element(row.read(meter, timeMs), index(oad))
}

/** Attribute 3 (5 for fine energy): scaler and unit. */
export function scalerUnit(oad: Oad): Data | undefined {
  const attribute = oad.slice(4, 6)
  const row = attribute === '03' ? ROWS[oad.slice(0, 4)] : attribute === '05' ? FINE[oad.slice(0, 4)] : undefined
  return row?.scalerUnit && { type: 'scaler-unit', scaler: row.scalerUnit[0], unit: row.scalerUnit[1] }
}

/** Is this object measured at all, whatever the element? */
export function isMeasured(oad: Oad): boolean {
  return rowOf(oad) !== undefined
}

export function isDemand(oad: Oad): boolean {
  return oad.startsWith('10')
}

function rowOf(oad: Oad): Row | undefined {
  const attribute = oad.slice(4, 6)
  return attribute === '02' ? ROWS[oad.slice(0, 4)] : attribute === '04' ? FINE[oad.slice(0, 4)] : undefined
}

function index(oad: Oad): number {
  return Number.parseInt(oad.slice(6), 16)
}

/** Index n of an array is its n-th item; of a single value only index 0 exists. */
export function element(data: Data, n: number): Data | undefined {
  if (n === 0) return data
  return data.type === 'array' || data.type === 'structure' ? data.items[n - 1] : undefined
}

function demandData(row: DemandRow, zone: number): Data {
  return {
    type: 'array',
    items: row.map(({ value, at }) => ({
      type: 'structure',
      items: [
        { type: 'double-long-unsigned', value },
        { type: 'date-time-s', value: at === undefined ? UNSPECIFIED : epochToDateTimeS(at, zone) },
      ],
    })),
  }
}

/** Every part "do not care", reference §2. */
const UNSPECIFIED = { year: 0xffff, month: 0xff, day: 0xff, hour: 0xff, minute: 0xff, second: 0xff }
