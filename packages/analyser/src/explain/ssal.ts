import { DEVICES, FRAME_TYPES, RETURN_CODES } from '@zhuzhan/ssal'
import type { Explanation, TermSource } from './explanation.js'

const protocol = 'ssal'
const clause = 'type1-gateway-and-hplc.md §2'

const TABLES = { TYPE: ['frame type', FRAME_TYPES], DEVICE: ['device type', DEVICES] } as const

/** A return code (4 digits), `TYPE n`, `DEVICE n`. */
export const ssalTerms: TermSource = {
  protocol,
  explain: (term): Explanation[] => {
    const code = Object.hasOwn(RETURN_CODES, term) ? RETURN_CODES[term] : undefined
    if (code !== undefined) return [{ protocol, kind: 'return code', term, name: code.en, nameZh: code.zh, clause }]
    const [, name, number] = /^(TYPE|DEVICE) (\d{1,2})$/.exec(term) ?? []
    if (name === undefined) return []
    const [kind, rows] = TABLES[name as keyof typeof TABLES]
    const row = rows[Number(number)]
    return row === undefined ? [] : [{ protocol, kind, term: `${name} ${Number(number)}`, name: row.en, nameZh: row.zh, clause }]
  },
  * terms() {
    for (const [term, row] of Object.entries(RETURN_CODES)) yield { kind: 'return code', term, name: row.en, nameZh: row.zh }
    for (const [name, [kind, rows]] of Object.entries(TABLES)) for (const [number, row] of Object.entries(rows)) yield { kind, term: `${name} ${number}`, name: row.en, nameZh: row.zh }
  },
}
