import type { ProtocolName } from '../frames/registry.js'
import { dlt645Terms } from './dlt645.js'
import { dlt698Terms } from './dlt698.js'
import type { Explanation, TermSource } from './explanation.js'
import { localTerms, upwardTerms } from './gdw1376.js'
import { ssalTerms } from './ssal.js'

const SOURCES: readonly TermSource[] = [dlt698Terms, dlt645Terms, upwardTerms, localTerms, ssalTerms]

export interface ExplainOptions {
  /** Only this protocol. */
  protocol?: ProtocolName | undefined
}

/**
 * What a term means, in every protocol that has it: an OAD, OMD or OI (`20000200`, `2000`), a DI (`02010100`), an Fn
 * (`0C F25`, `04F10`), `AFN 0C`, `ERC 14`, `DAR 6`, `UNIT 33`, a 645 control code (`C 91`), an SSAL return code (`1003`).
 * Either case, blanks where people put them. Empty when no protocol knows it.
 */
export function explain(term: string, { protocol }: ExplainOptions = {}): Explanation[] {
  const found = sources(protocol).flatMap((source) => readings(term).flatMap((reading) => source.explain(reading)))
  const keys = found.map((one) => `${one.protocol} ${one.kind} ${one.term}`)
  return found.filter((_, i) => keys.indexOf(keys[i]!) === i)
}

/** A term found by words of its names. */
export type Found = Pick<Explanation, 'protocol' | 'kind' | 'term' | 'name' | 'nameZh'>

/** Terms in whose names all of these words stand, English or Chinese; names that begin with them first. */
export function searchTerms(words: string, { protocol, limit = 40 }: ExplainOptions & { limit?: number } = {}): Found[] {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean)
  if (wanted.length === 0) return []
  const found: { entry: Found; rank: number }[] = []
  for (const source of sources(protocol)) {
    for (const entry of source.terms()) {
      const name = entry.name.toLowerCase()
      if (!wanted.every((word) => name.includes(word) || entry.nameZh.includes(word))) continue
      found.push({ entry: { protocol: source.protocol, ...entry }, rank: rankOf(wanted.join(' '), name, entry.nameZh) })
    }
  }
  return found.sort((a, b) => a.rank - b.rank).slice(0, limit).map(({ entry }) => entry)
}

function rankOf(wanted: string, ...names: string[]): number {
  if (names.includes(wanted)) return 0
  return names.some((name) => name.startsWith(wanted)) ? 1 : 2
}

function sources(protocol: ProtocolName | undefined): readonly TermSource[] {
  return protocol === undefined ? SOURCES : SOURCES.filter((source) => source.protocol === protocol)
}

/** A term as people write it, in the ways it may be meant. */
function readings(term: string): string[] {
  const clean = term.trim().toUpperCase().replace(/^0X/, '').replace(/[\s:=_]+/g, ' ')
  const parted = clean.replace(/^(DAR|ERC|AFN|UNIT|TYPE|DEVICE|C) ?(?=[0-9A-F]{1,3}$)/, '$1 ')
  const joined = clean.replaceAll(' ', '')
  const number = /^(?:DAR|ERC|UNIT) 0X([0-9A-F]+)$/.exec(parted)
  const sixDigits = /^[0-9A-F]{6}$/.test(joined) ? [`${joined}00`] : []
  return [...new Set([parted, joined, ...sixDigits, ...number ? [`${parted.split(' ')[0]!} ${Number.parseInt(number[1]!, 16)}`] : []])]
}
