import type { Words } from '@zhuzhan/codec'
import { FUNCTIONS, dataIdentifier, functionRow, identifiers } from '@zhuzhan/dlt645'
import type { DataIdentifier, Mark } from '@zhuzhan/dlt645'
import type { Explanation, TermSource } from './explanation.js'
import { plain } from './explanation.js'

const protocol = 'dlt645'
const CONFIDENCE: Readonly<Record<Mark, Words>> = {
  S: { en: 'read in public sources', zh: '公开来源' },
  G: { en: 'general knowledge, no source', zh: '通用知识,无来源' },
  UNSURE: { en: 'UNSURE: one of several readings', zh: '不确定:多种解读之一' },
}
const clauseOf = (section: string): string => section.startsWith('§') ? `dlt645-2007.md ${section}` : section

function explainDi({ di, name, nameZh, unit, form, access, mark, clause, block, elements }: DataIdentifier): Explanation {
  const size = form === undefined || form.size === 0 ? undefined : form.size
  const of: Words = block || elements ? { en: ' each', zh: ' 每个' } : plain('')
  const notes: Words[] = [
    ...block ? [{ en: 'FF stands for the block: all values of that position in order', zh: 'FF表示数据块:该位置全部数据依次排列' }] : [],
    ...form === undefined ? [{ en: 'layout not known: its data stay hex', zh: '格式未知:数据保留十六进制' }] : [],
  ]
  return {
    protocol, kind: 'DI', term: di, name, nameZh, ...(unit !== '' && { unit }), access, clause: clauseOf(clause), confidence: CONFIDENCE[mark],
    ...(form && { form: { en: `${form.name}${size ? `, ${size} ${size === 1 ? 'byte' : 'bytes'}` : ''}${of.en}`, zh: `${form.name}${size ? `,${size}字节` : ''}${of.zh}` } }),
    ...(notes.length > 0 && { notes }),
  }
}

/** A function code with the control codes of its frames. */
function explainFunction(code: number): Explanation[] {
  const row = functionRow(code)
  if (row === undefined) return []
  const hex = (value: number) => value.toString(16).toUpperCase().padStart(2, '0')
  return [{
    protocol, kind: 'function', term: `C ${hex(code)}`, name: row.en, nameZh: row.zh, clause: clauseOf('§2'),
    notes: [{ en: `request ${hex(code)}, answer ${hex(code | 0x80)}, refusal ${hex(code | 0xc0)}`, zh: `请求${hex(code)},应答${hex(code | 0x80)},异常应答${hex(code | 0xc0)}` }],
  }]
}

/** DI, `C xx` for a control code. */
export const dlt645Terms: TermSource = {
  protocol,
  explain: (term) => {
    if (/^[0-9A-F]{8}$/.test(term)) {
      const found = dataIdentifier(term)
      return found === undefined ? [] : [explainDi(found)]
    }
    const [, code] = /^C ([0-9A-F]{2})$/.exec(term) ?? []
    return code === undefined ? [] : explainFunction(Number.parseInt(code, 16) & 0x1f)
  },
  * terms() {
    for (const { di, name, nameZh } of identifiers) yield { kind: 'DI', term: di.replaceAll(' ', ''), name, nameZh }
    for (const { code, en, zh } of FUNCTIONS) yield { kind: 'function', term: `C ${code.toString(16).toUpperCase().padStart(2, '0')}`, name: en, nameZh: zh }
  },
}
