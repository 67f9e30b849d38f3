import type { Framing } from './stream/splitter.js'
import type { Span, Tracer } from './trace.js'

/** A term of the field in both languages. */
export interface Words {
  en: string
  zh: string
}

export interface FrameReading {
  /** Which reading of an UNSURE point to take; each protocol documents its own, docs/protocol/. */
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
  /** What people call the members of its tables. */
  readonly labels: Readonly<Record<string, Words>>
  /** What a value stands for (the name of an OAD, of an event, a scaled value with its unit), when that is known. */
  describe?(span: Span, parents: readonly Span[]): Words | undefined
}

/** One quantity in a frame, as `values` lists it. */
export interface FrameValue {
  /** OAD, DI, or Fn with its form: what identifies the quantity in its protocol. */
  item: string
  name: string
  nameZh: string
  /** Decimal, already scaled; null when the device says that there is none. */
  value: string | null
  unit: string
  /** Whose it is, where the frame says so (an address, a measuring point). */
  of?: string
  /** When it was so, ISO 8601 without zone: the device's own clock. */
  time?: string
}
