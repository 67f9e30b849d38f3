import {
  choice, f32be, f64be, flag, hexOctets, i16be, i32be, i64be, i8, lazy, listOf, nested, nothing, numbered, prefixedHex,
  sequence, u16be, u32be, u64be, u8,
} from '@zhuzhan/codec'
import type { Codec } from '@zhuzhan/codec'
import { Oad, Oads, Oi, Omd } from './descriptors.js'
import { Length } from './length.js'
import { BitStringFields, Utf8Fields, VisibleText } from './text.js'
import { DateOnly, DateTime, DateTimeS, Ti, TimeOnly } from './time.js'
import { Tsa } from './tsa.js'
import type * as T from './types.js'

const data = lazy(() => Data)
const tsa = Tsa
const OctetHex = prefixedHex(Length)

/** Serial line settings, 5 bytes. Reference §3 tag 95. */
export const Comdcb: Codec<T.Comdcb> = sequence({ baud: u8, parity: u8, dataBits: u8, stopBits: u8, flow: u8 })

/** Reference §3 tag 88: the ends are tagged values. */
const Region = sequence({ kind: u8, from: data, to: data })
const Regions = listOf<T.Region>(Region, { count: Length, least: 3 })

/** Meter set, reference §3.3. The members of ranges are tagged, all others are bare. */
export const Ms: Codec<T.Ms> = numbered('choice', {
  0: nothing,
  1: nothing,
  2: sequence({ items: listOf(u8, { count: Length }) }),
  3: sequence({ items: listOf(tsa, { count: Length, least: 2 }) }),
  4: sequence({ items: listOf(u16be, { count: Length, least: 2 }) }),
  5: sequence({ items: Regions }),
  6: sequence({ items: Regions }),
  7: sequence({ items: Regions }),
})
const ms = Ms

const RecordRange = sequence({ oad: Oad, from: data, to: data, interval: data })
const AtTime = sequence({ time: DateTimeS, ms })
const InPeriod = sequence({ from: DateTimeS, to: DateTimeS, interval: Ti, ms })

/** Record selector, reference §3.2: values of 1-3 are tagged, times, TI, counts and MS of 4-10 are bare. */
export const Rsd: Codec<T.Rsd> = numbered('selector', {
  0: nothing,
  1: sequence({ oad: Oad, value: data }),
  2: RecordRange,
  3: sequence({ ranges: listOf<T.RecordRange>(RecordRange, { count: Length, least: 7 }) }),
  4: AtTime,
  5: AtTime,
  6: InPeriod,
  7: InPeriod,
  8: InPeriod,
  9: sequence({ n: u8 }),
  10: sequence({ n: u8, ms }),
})

const PlainColumn = sequence({ oad: Oad })
const Road = sequence({ oad: Oad, related: Oads })

/** One column: 00 OAD, 01 ROAD. */
export const Csd: Codec<T.Csd> = {
  read: (r) => {
    const kind = r.u8()
    r.trace?.leaf('column', r.origin + r.offset - 1, r.origin + r.offset, kind === 1 ? 'road' : 'oad')
    return kind === 0 ? PlainColumn.read(r) : kind === 1 ? Road.read(r) : r.fail('00 (OAD) or 01 (ROAD)', r.offset - 1)
  },
  write: (w, value) => {
    w.u8('related' in value ? 1 : 0)
    if ('related' in value) Road.write(w, value)
    else PlainColumn.write(w, value)
  },
}

/** The columns of records; empty in a request = all columns. Reference §3.4. */
export const Rcsd: Codec<T.Csd[]> = listOf(Csd, { count: Length, least: 5 })

const items = sequence({ items: listOf<T.Data>(data, { count: Length }) })

/** Any value: one type tag, then the value. Tags not in this table are reserved. Reference §3. */
export const Data: Codec<T.Data> = nested<T.Data>(choice('type', {
  'null': [0, nothing],
  'array': [1, items],
  'structure': [2, items],
  'bool': [3, sequence({ value: flag })],
  'bit-string': [4, BitStringFields],
  'double-long': [5, sequence({ value: i32be })],
  'double-long-unsigned': [6, sequence({ value: u32be })],
  'octet-string': [9, sequence({ hex: OctetHex })],
  'visible-string': [10, sequence({ text: VisibleText })],
  'utf8-string': [12, Utf8Fields],
  'integer': [15, sequence({ value: i8 })],
  'long': [16, sequence({ value: i16be })],
  'unsigned': [17, sequence({ value: u8 })],
  'long-unsigned': [18, sequence({ value: u16be })],
  'long64': [20, sequence({ value: i64be })],
  'long64-unsigned': [21, sequence({ value: u64be })],
  'enum': [22, sequence({ value: u8 })],
  'float32': [23, sequence({ value: f32be })],
  'float64': [24, sequence({ value: f64be })],
  'date-time': [25, sequence({ value: DateTime })],
  'date': [26, sequence({ value: DateOnly })],
  'time': [27, sequence({ value: TimeOnly })],
  'date-time-s': [28, sequence({ value: DateTimeS })],
  'oi': [80, sequence({ oi: Oi })],
  'oad': [81, sequence({ oad: Oad })],
  'road': [82, Road],
  'omd': [83, sequence({ omd: Omd })],
  'ti': [84, sequence({ value: Ti })],
  'tsa': [85, sequence({ tsa })],
  'mac': [86, sequence({ hex: OctetHex })],
  'rn': [87, sequence({ hex: OctetHex })],
  'region': [88, Region],
  'scaler-unit': [89, sequence({ scaler: i8, unit: u8 })],
  'rsd': [90, sequence({ rsd: Rsd })],
  'csd': [91, sequence({ csd: Csd })],
  'ms': [92, sequence({ ms })],
  'sid': [93, sequence({ sid: hexOctets(4), attach: OctetHex })],
  'sid-mac': [94, sequence({ sid: hexOctets(4), attach: OctetHex, mac: OctetHex })],
  'comdcb': [95, sequence({ comdcb: Comdcb })],
  'rcsd': [96, sequence({ rcsd: Rcsd })],
}))
