import type { Words } from '@zhuzhan/codec'
import type { ProtocolName } from '../frames/registry.js'

/** What a term of a protocol stands for. */
export interface Explanation {
  protocol: ProtocolName
  /** What kind of term it is: `OAD`, `DI`, `Fn`, `DAR`, … */
  kind: string
  /** The term as the protocol writes it: `20000201`, `0C F25`, `DAR 6`. */
  term: string
  name: string
  nameZh: string
  /** Symbol; empty or absent for a plain number. */
  unit?: string
  /** How its value stands on the wire. */
  form?: Words
  access?: string
  /** File and section of the reference. */
  clause?: string
  /** How well it is known. */
  confidence?: Words
  /** What else there is to say. */
  notes?: readonly Words[]
}

/** What a source of terms can be asked. */
export interface TermSource {
  protocol: ProtocolName
  /** Meanings of a term; none when the protocol has no such term. Upper case, single blanks. */
  explain(term: string): Explanation[]
  /** Every term with its names, for a search by words. */
  terms(): Iterable<Pick<Explanation, 'term' | 'kind' | 'name' | 'nameZh'>>
}

/** English alone: names that the field does not translate. */
export function plain(text: string): Words {
  return { en: text, zh: text }
}
