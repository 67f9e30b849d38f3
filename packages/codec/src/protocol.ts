import type { Framing } from './stream/splitter.js'
import type { Span, Tracer } from './trace.js'

/** A term of the field in both languages. */
export interface Words {
  en: string
  zh: string
}

/** A point that the references leave open (UNSURE there) and the readings that a protocol offers for it. */
export interface Setting {
  /** Key in `settings` of a FrameReading; `--setting name=value` on the command line. */
  name: string
  /** What the point is. */
  words: Words
  /** Reference file and section, e.g. `type1-gateway-and-hplc.md §2`. */
  clause: string
  /** What each value means. Values are text; `true` and `false` for a yes or no. */
  readings: Readonly<Record<string, Words>>
  /** The value that is taken when nothing is said; a key of `readings`. */
  default: string
}

export interface FrameReading {
  /** Which reading of an UNSURE point to take, by the names and values of the protocol's `settings`. */
  settings?: Readonly<Record<string, unknown>>
  /** Collects where everything stands; also what was read before an error. */
  trace?: Tracer
}

/** What every protocol package offers to tools that treat frames of all protocols alike (packages/analyser). */
export interface Protocol<Name extends string = string> {
  readonly name: Name
  /** How its frames are found on a stream. */
  readonly framing: Framing<Name>
  /**
   * One whole frame as an object that survives JSON. Members are what the standard's text calls them; `values`, where
   * there are any, lists what the frame says about quantities: derived, for people, ignored by fromJson.
   *
   * @throws DecodeError and nothing else, whatever the bytes are
   */
  toJson(bytes: Uint8Array, reading?: FrameReading): object
  /** The bytes of what toJson gave, identical. @throws EncodeError when it is no such object */
  fromJson(json: object): Buffer
  /** The points it leaves to choice, its `SETTINGS`; docs/protocol/ lists them. */
  readonly settings?: readonly Setting[]
  /** What people call the members of its tables. */
  readonly labels: Readonly<Record<string, Words>>
  /**
   * What a value stands for (the name of an OAD, of an event, a scaled value with its unit), when that is known.
   *
   * @param parents the spans it stands in, outermost (the tracer's root) first
   */
  describe?(span: Span, parents: readonly Span[]): Words | undefined
}

/** One quantity in a frame, as `values` lists it. */
export interface FrameValue {
  /** OAD, DI, or Fn with its form: what identifies the quantity in its protocol. */
  item: string
  name: string
  nameZh: string
  /** Decimal, already scaled; the text where the item is an address, a moment or bits; null when the device says that there is none. */
  value: string | null
  unit: string
  /** What the value stands for, where it is a code. */
  meaning?: Words
  /** Whose it is, where the frame says so (an address, a measuring point). */
  of?: string
  /** When it was so, ISO 8601 without zone: the device's own clock. */
  time?: string
}
