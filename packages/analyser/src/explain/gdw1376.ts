import type { Words } from '@zhuzhan/codec'
import { CATALOGUES, ERCS } from '@zhuzhan/gdw1376'
import type { Explanation, TermSource } from './explanation.js'

type Standard = keyof typeof CATALOGUES

interface Source {
  standard: Standard
  protocol: 'gdw1376.1' | 'gdw1376.2'
  confidence: Words
  /** Section of the reference by AFN. */
  clauses: Readonly<Record<number, string>>
  otherwise: string
}

const UPWARD: Source = {
  standard: '1376.1', protocol: 'gdw1376.1', confidence: { en: 'public implementations', zh: '公开实现' }, otherwise: '§A3',
  clauses: { 0x00: '§A4', 0x01: '§A5', 0x02: '§A5', 0x04: '§A6', 0x05: '§A7', 0x06: '§A8', 0x0a: '§A6', 0x0c: '§A9', 0x0d: '§A10', 0x0e: '§A11', 0x0f: '§A13', 0x10: '§A12' },
}
const LOCAL: Source = {
  standard: '1376.2', protocol: 'gdw1376.2', confidence: { en: 'text of Q/GDW 10376.2-2019', zh: 'Q/GDW 10376.2-2019文本' }, otherwise: '§B3', clauses: {},
}

const hex = (afn: number): string => afn.toString(16).toUpperCase().padStart(2, '0')
const DIRECTIONS: Readonly<Record<string, Words>> = {
  both: { en: 'known in both directions', zh: '上下行格式已知' },
  down: { en: 'known downward; upward it stays hex', zh: '下行格式已知,上行保留十六进制' },
  up: { en: 'known upward; downward it stays hex', zh: '上行格式已知,下行保留十六进制' },
  none: { en: 'not known: data stay hex', zh: '格式未知:数据保留十六进制' },
}

function explainFn({ standard, protocol, confidence, clauses, otherwise }: Source, afn: number, fn: number): Explanation[] {
  const catalogue = CATALOGUES[standard]
  const name = catalogue.describeFn(afn, fn)
  if (name === undefined) return []
  const down = catalogue.layout(afn, fn, 0) !== undefined
  const up = catalogue.layout(afn, fn, 1) !== undefined
  return [{
    protocol, kind: 'Fn', term: `${hex(afn)} F${fn}`, name: name.en, nameZh: name.zh, clause: `gdw1376.md ${clauses[afn] ?? otherwise}`, confidence,
    form: DIRECTIONS[down && up ? 'both' : down ? 'down' : up ? 'up' : 'none']!,
    notes: [{ en: `DT ${dtText(fn)}`, zh: `DT ${dtText(fn)}` }, ...afnNote(standard, afn)],
  }]
}

function afnNote(standard: Standard, afn: number): Words[] {
  const name = CATALOGUES[standard].describeAfn(afn)
  return name === undefined ? [] : [{ en: `AFN ${hex(afn)}: ${name.en}`, zh: `AFN ${hex(afn)}: ${name.zh}` }]
}

/** The two bytes of an Fn as they are sent: a bit in a group of eight, then the group. Reference §A2. */
function dtText(fn: number): string {
  return `${hex(1 << ((fn - 1) % 8))} ${hex(Math.floor((fn - 1) / 8))}`
}

function explainAfn({ standard, protocol, confidence, clauses, otherwise }: Source, afn: number): Explanation[] {
  const name = CATALOGUES[standard].describeAfn(afn)
  if (name === undefined) return []
  const rows = CATALOGUES[standard].afns.find((table) => table.afn === afn)?.rows ?? []
  return [{
    protocol, kind: 'AFN', term: `AFN ${hex(afn)}`, name: name.en, nameZh: name.zh, clause: `gdw1376.md ${clauses[afn] ?? otherwise}`, confidence,
    notes: rows.map(({ fn, en, zh }) => ({ en: `${hex(afn)} F${fn} ${en}`, zh: `${hex(afn)} F${fn} ${zh}` })),
  }]
}

function explainErc(term: string): Explanation[] {
  const [, number] = /^ERC (\d{1,2})$/.exec(term) ?? []
  const row = number === undefined ? undefined : ERCS[Number(number)]
  return row === undefined ? [] : [{ protocol: 'gdw1376.1', kind: 'ERC', term: `ERC ${Number(number)}`, name: row.en, nameZh: row.zh, clause: 'gdw1376.md §A11', confidence: UPWARD.confidence }]
}

function termsOf(source: Source, more: TermSource['explain'] = () => []): TermSource {
  const { standard, protocol } = source
  return {
    protocol,
    explain: (term) => {
      const [, afn, fn] = /^(?:AFN )?([0-9A-F]{2}) ?F(\d{1,3})$/.exec(term) ?? []
      if (afn !== undefined) return explainFn(source, Number.parseInt(afn, 16), Number(fn))
      const [, alone] = /^AFN ([0-9A-F]{2})$/.exec(term) ?? []
      return alone === undefined ? more(term) : explainAfn(source, Number.parseInt(alone, 16))
    },
    * terms() {
      for (const { afn, en, zh, rows } of CATALOGUES[standard].afns) {
        yield { kind: 'AFN', term: `AFN ${hex(afn)}`, name: en, nameZh: zh }
        for (const row of rows) yield { kind: 'Fn', term: `${hex(afn)} F${row.fn}`, name: row.en, nameZh: row.zh }
      }
      if (protocol === 'gdw1376.1') for (const [code, row] of Object.entries(ERCS)) yield { kind: 'ERC', term: `ERC ${code}`, name: row.en, nameZh: row.zh }
    },
  }
}

/** `0C F25`, `04F10`, `AFN 0C`, `ERC 14`. */
export const upwardTerms: TermSource = termsOf(UPWARD, explainErc)
/** `10 F21`, `AFN 13`. */
export const localTerms: TermSource = termsOf(LOCAL)
