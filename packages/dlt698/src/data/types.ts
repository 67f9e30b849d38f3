import type { Oad, Oi, Omd } from './descriptors.js'
import type { DateOnly, DateTime, DateTimeS, Ti, TimeOnly } from './time.js'
import type { Tsa } from './tsa.js'

/**
 * A value of the wire with its type, discriminated by `type` (names of reference §3). Hex is upper case.
 * `text` of a visible-string is one character a byte; of a utf8-string it is text, unless its bytes are no UTF-8:
 * then one character a byte and `latin1: true`, so that the same bytes come back.
 */
export type Data =
  | { type: 'null' }
  | { type: 'array' | 'structure'; items: Data[] }
  | { type: 'bool'; value: boolean }
  | { type: 'bit-string'; bits: number; hex: string }
  | { type: NumberType; value: number }
  | { type: 'long64' | 'long64-unsigned'; value: bigint }
  | { type: 'octet-string' | 'mac' | 'rn'; hex: string }
  | { type: 'visible-string'; text: string }
  | { type: 'utf8-string'; text: string; latin1?: boolean | undefined }
  | { type: 'date-time'; value: DateTime }
  | { type: 'date'; value: DateOnly }
  | { type: 'time'; value: TimeOnly }
  | { type: 'date-time-s'; value: DateTimeS }
  | { type: 'oi'; oi: Oi }
  | { type: 'oad'; oad: Oad }
  | { type: 'road'; oad: Oad; related: Oad[] }
  | { type: 'omd'; omd: Omd }
  | { type: 'ti'; value: Ti }
  | { type: 'tsa'; tsa: Tsa }
  | ({ type: 'region' } & Region)
  | { type: 'scaler-unit'; scaler: number; unit: number }
  | { type: 'rsd'; rsd: Rsd }
  | { type: 'csd'; csd: Csd }
  | { type: 'ms'; ms: Ms }
  | { type: 'sid'; sid: string; attach: string }
  | { type: 'sid-mac'; sid: string; attach: string; mac: string }
  | { type: 'comdcb'; comdcb: Comdcb }
  | { type: 'rcsd'; rcsd: Csd[] }

export type NumberType =
  | 'double-long' | 'double-long-unsigned' | 'integer' | 'long' | 'unsigned' | 'long-unsigned' | 'enum' | 'float32' | 'float64'

export type DataType = Data['type']

/** Bounds of a range: kind 0 `[from,to)`, 1 `(from,to]`, 2 `[from,to]`, 3 `(from,to)`. */
export interface Region {
  kind: number
  from: Data
  to: Data
}

/** Record selector: which rows. Reference §3.2. */
export type Rsd =
  | { selector: 0 }
  | { selector: 1; oad: Oad; value: Data }
  | ({ selector: 2 } & RecordRange)
  | { selector: 3; ranges: RecordRange[] }
  | { selector: 4 | 5; time: DateTimeS; ms: Ms }
  | { selector: 6 | 7 | 8; from: DateTimeS; to: DateTimeS; interval: Ti; ms: Ms }
  | { selector: 9; n: number }
  | { selector: 10; n: number; ms: Ms }

/** Rows from `from` (included) to `to` (excluded); `interval` a `ti` or `null`. */
export interface RecordRange {
  oad: Oad
  from: Data
  to: Data
  interval: Data
}

/** Meter set. Reference §3.3: 0 none, 1 all, 2 user types, 3 addresses, 4 configuration numbers, 5-7 ranges of those. */
export type Ms =
  | { choice: 0 | 1 }
  | { choice: 2; items: number[] }
  | { choice: 3; items: Tsa[] }
  | { choice: 4; items: number[] }
  | { choice: 5 | 6 | 7; items: Region[] }

/** One column: an attribute, or an object with related attributes under it (ROAD). */
export type Csd = { oad: Oad } | { oad: Oad; related: Oad[] }

/** Serial line settings. Baud 0 = 300 .. 6 = 9600 .. 10 = 115200, 255 adaptive; parity 0 none, 1 odd, 2 even. Tag 95. */
export interface Comdcb {
  baud: number
  parity: number
  dataBits: number
  stopBits: number
  flow: number
}
