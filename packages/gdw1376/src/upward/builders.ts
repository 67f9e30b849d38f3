import type { Bcd } from '@zhuzhan/codec'
import type { UpwardFrame } from './frame.js'
import type { UpwardAddress } from './link/address.js'
import type { Auxiliary } from './link/auxiliary.js'
import { PROTOCOL_ID } from './link/frame.js'
import { seqNumber } from './link/seq.js'
import { pairsOf, unitsFor } from './units/data-unit.js'
import type { DataUnit } from './units/data-unit.js'

/** What every request needs besides its data. */
export interface RequestOptions {
  address: UpwardAddress
  /** 0 to 15. */
  pseq: number
  /** Confirmation wanted. */
  con?: boolean
  fcb?: boolean
  /** 32 hex digits; all 0 unless said, as authentication scheme 0 has it. Only for AFN that carry PW. */
  pw?: string
  tp?: NonNullable<Auxiliary['tp']>
  /** Function code of control, in place of the usual one. */
  function?: number
}

/** Function codes of requests. Reference §A1. */
const RESET = 1
const SET = 10
const QUERY = 11
const LINK_STATUS = 11
const NO_PW = '0'.repeat(32)

interface Request {
  afn: string
  function: number
  units: readonly DataUnit[]
  withPw?: boolean
}

function request({ afn, function: usual, units, withPw = false }: Request, options: RequestOptions): UpwardFrame {
  const { address, pseq, con = false, fcb = false, pw = NO_PW, tp } = options
  return {
    protocolId: PROTOCOL_ID['1376.1'],
    control: { dir: 0, prm: 1, fcb, fcv: false, function: options.function ?? usual },
    address,
    afn,
    seq: { tpv: tp !== undefined, fir: true, fin: true, con, pseq },
    units: [...units],
    ...(withPw && { pw }),
    ...(tp && { tp }),
  }
}

/** Units for these points and functions, every (point, function) with the same data. */
function unitsWith(points: readonly number[], functions: readonly number[], data: object): DataUnit[] {
  return unitsFor(points, functions).map((unit) => ({ ...unit, contents: [...pairsOf(unit, 'points-first')].map((pair) => ({ ...pair, ...data })) }))
}

/** The functions of an AFN for measuring points; point 0 is the terminal. */
export interface Wanted {
  points: readonly number[]
  functions: readonly number[]
}

/** AFN 0C: present values. */
export function readPresent({ points, functions }: Wanted, options: RequestOptions): UpwardFrame {
  return request({ afn: '0C', function: QUERY, units: unitsFor(points, functions) }, options)
}

/** AFN 0D, daily: values frozen for a day, `2022-05-21`. */
export function readDay({ points, functions, frozenDay }: Wanted & { frozenDay: string }, options: RequestOptions): UpwardFrame {
  return request({ afn: '0D', function: QUERY, units: unitsWith(points, functions, { frozenDay }) }, options)
}

/** AFN 0D, monthly: values frozen for a month, `2022-05`. */
export function readMonth({ points, functions, frozenMonth }: Wanted & { frozenMonth: string }, options: RequestOptions): UpwardFrame {
  return request({ afn: '0D', function: QUERY, units: unitsWith(points, functions, { frozenMonth }) }, options)
}

export interface CurveWanted {
  /** `2022-05-21 00:00` */
  curveStart: Bcd
  /** Word of DENSITIES. */
  density: string | number
  /** Points of the curve. */
  count: number
}

/** AFN 0D, curves. */
export function readCurve({ points, functions, curveStart, density, count }: Wanted & CurveWanted, options: RequestOptions): UpwardFrame {
  return request({ afn: '0D', function: QUERY, units: unitsWith(points, functions, { curveStart, density, points: count }) }, options)
}

export interface EventsWanted {
  kind: 'important' | 'general'
  /** Pm and Pn. */
  firstPointer: number
  lastPointer: number
}

/** AFN 0E: event records Pm to Pn, of the important (F1) or the general ones (F2). */
export function readEvents({ kind, firstPointer, lastPointer }: EventsWanted, options: RequestOptions): UpwardFrame {
  return request({ afn: '0E', function: QUERY, units: unitsWith([0], [kind === 'important' ? 1 : 2], { firstPointer, lastPointer }) }, options)
}

/** AFN 0A: parameters by name. */
export function readParameters({ points, functions }: Wanted, options: RequestOptions): UpwardFrame {
  return request({ afn: '0A', function: QUERY, units: unitsFor(points, functions) }, options)
}

/** One function for one measuring point, with the members of its layout. */
export interface Single {
  point: number
  fn: number
  data?: object
}

const single = ({ point, fn, data }: Single): DataUnit[] => data === undefined ? unitsFor([point], [fn]) : unitsWith([point], [fn], data)

/** AFN 04: set one parameter. */
export function writeParameter(parameter: Single, options: RequestOptions): UpwardFrame {
  return request({ afn: '04', function: SET, units: single(parameter), withPw: true }, options)
}

/** AFN 05: one control command. */
export function commandTerminal(command: Single, options: RequestOptions): UpwardFrame {
  return request({ afn: '05', function: SET, units: single(command), withPw: true }, options)
}

/** AFN 01: F1 hardware, F2 data, F3 factory state, F4 all but communication. */
export function resetTerminal(fn: 1 | 2 | 3 | 4, options: RequestOptions): UpwardFrame {
  return request({ afn: '01', function: RESET, units: unitsFor([0], [fn]), withPw: true }, options)
}

export interface Forward {
  port: number
  /** Baud and parity, two hex digits. */
  portControl: string
  /** `unit` is D7 of the byte. */
  frameTimeout: { unit: number; value: number }
  /** In 10 ms. */
  byteTimeout: number
  /** Frame for the meter, hex. */
  content: string
}

/** AFN 10 F1: a frame of DL/T 645 or 698.45 through to a meter. */
export function forwardToMeter(forward: Forward, options: RequestOptions): UpwardFrame {
  return request({ afn: '10', function: QUERY, units: unitsWith([0], [1], forward), withPw: true }, options)
}

/**
 * The answer to a login, logout or heartbeat: 00 F1 (terminals of 2009) or 00 F3 with the units that are confirmed
 * (2013); both were seen. Reference §A5.
 *
 * @param msa the master station address to answer from; a frame that the terminal began has 0
 */
export function linkConfirm(frame: UpwardFrame, { form, msa = frame.address.msa }: { form: 'all' | 'per-unit'; msa?: number }): UpwardFrame {
  const results = frame.units.map(({ pn, fn }) => ({ pn, fn, error: 0 }))
  return {
    protocolId: frame.protocolId,
    control: { dir: 0, prm: 0, fcb: false, fcv: false, function: LINK_STATUS },
    address: { ...frame.address, msa },
    afn: '00',
    seq: { tpv: false, fir: true, fin: true, con: false, pseq: seqNumber(frame.seq) },
    units: form === 'all' ? [{ pn: [0], fn: [1] }] : [{ pn: [0], fn: [3], contents: [{ pn: 0, fn: 3, confirmedAfn: frame.afn, results }] }],
  }
}
