import type { Words } from '@zhuzhan/codec'
import { CLASSES, DARS, UNITS, darName, describeItem, freezes, objectRow, objects } from '@zhuzhan/dlt698'
import type { AttributeRow, Confidence, ObjectMethod, ObjectRow } from '@zhuzhan/dlt698'
import type { Explanation, TermSource } from './explanation.js'
import { classText, layoutText } from './layout-text.js'

const protocol = 'dlt698'
const CONFIDENCE: Readonly<Record<Confidence, Words>> = {
  recorded: { en: 'a recorded frame shows it', zh: '有实录报文佐证' },
  'one-source': { en: 'one source, or general knowledge', zh: '单一来源' },
  unsure: { en: 'UNSURE: sources differ', zh: '不确定:来源不一致' },
}

const clauseOf = (section: string): string => `dlt698-45.md ${section}`
const digits = (number: number): string => number.toString(16).toUpperCase().padStart(2, '0')

/** Attribute numbers are the low five bits of the third byte; the others tell a variant of the same attribute. Reference §3.1. */
const ATTRIBUTE = 0x1f

function attributeOf(object: ObjectRow, number: number): { row: Pick<AttributeRow, 'name' | 'nameZh' | 'layout'>; own?: AttributeRow } | undefined {
  const own = object.attributes[number]
  const inherited = object.class === undefined ? undefined : CLASSES[object.class]?.attributes[number]
  return own ? { row: own, own } : inherited && { row: inherited }
}

function methodOf(object: ObjectRow, number: number): { row: Omit<ObjectMethod, 'confidence'>; own?: ObjectMethod } | undefined {
  const own = object.methods[number]
  const inherited = object.class === undefined ? undefined : CLASSES[object.class]?.methods[number]
  return own ? { row: own, own } : inherited && { row: inherited }
}

function common(object: ObjectRow, confidence: Confidence): Pick<Explanation, 'protocol' | 'clause' | 'confidence' | 'notes'> {
  const freeze = freezes.find(({ oi }) => oi === object.oi)
  const notes: Words[] = object.class === undefined ? [] : [classText(object.class)]
  if (freeze !== undefined) notes.push({ en: 'a record table: ask for it with read-record', zh: '记录型对象:用read-record读取' })
  return { protocol, clause: clauseOf(object.clause), confidence: CONFIDENCE[confidence], ...(notes.length > 0 && { notes }) }
}

/** Names of an object and of its part; of the part alone where it says the same. */
function joined(object: ObjectRow, part: { name: string; nameZh: string }): Pick<Explanation, 'name' | 'nameZh'> {
  const same = part.name.toLowerCase().startsWith(object.name.toLowerCase())
  return same ? { name: part.name, nameZh: part.nameZh } : { name: `${object.name}: ${part.name}`, nameZh: `${object.nameZh}: ${part.nameZh}` }
}

function explainOad(term: string, object: ObjectRow): Explanation[] {
  const number = Number.parseInt(term.slice(4, 6), 16)
  const index = Number.parseInt(term.slice(6), 16)
  if (number === 0) return [{ ...common(object, object.confidence), kind: 'OAD', term, name: `${object.name}: all attributes`, nameZh: `${object.nameZh}: 全部属性` }]
  const found = attributeOf(object, number & ATTRIBUTE)
  if (found === undefined || number >= 0x7f) return []
  const { row, own } = found
  const { notes = [], ...rest } = common(object, own?.confidence ?? 'one-source')
  const item = describeItem(term)
  const names = item === undefined ? joined(object, row) : { name: item.name, nameZh: item.nameZh }
  const element: Words[] = index === 0 || item !== undefined ? [] : [{ en: `element ${index}; of event and freeze records the ${index}. most recent`, zh: `第${index}个元素;记录表为最近第${index}条` }]
  const variant: Words[] = number === (number & ATTRIBUTE) ? [] : [{ en: `variant ${number >> 5} of the attribute`, zh: `属性特征${number >> 5}` }]
  return [{
    ...rest, kind: 'OAD', term, ...names, ...(item && item.unit !== '' && { unit: item.unit }), form: layoutText(row.layout),
    ...(own && { access: own.access }), notes: [...notes, ...element, ...variant],
  }]
}

function explainOmd(term: string, object: ObjectRow, alsoInherited: boolean): Explanation[] {
  const found = methodOf(object, Number.parseInt(term.slice(4, 6), 16))
  // Every object can be reset and executed by its class: only said of a term that means nothing else.
  if (found === undefined || (found.own === undefined && !alsoInherited)) return []
  const { row, own } = found
  const parameter = layoutText(row.parameter)
  const returns = row.returns && layoutText(row.returns)
  const form: Words = { en: `parameter ${parameter.en}${returns ? `, returns ${returns.en}` : ''}`, zh: `参数 ${parameter.zh}${returns ? `,返回 ${returns.zh}` : ''}` }
  return [{ ...common(object, own?.confidence ?? 'one-source'), kind: 'OMD', term, ...joined(object, row), form }]
}

function explainDescriptor(term: string, object: ObjectRow): Explanation[] {
  const attributes = explainOad(term, object)
  return [...attributes, ...explainOmd(term, object, attributes.length === 0)]
}

function explainOi(term: string, object: ObjectRow): Explanation {
  const attributes = Object.entries({ ...(object.class !== undefined && CLASSES[object.class]?.attributes), ...object.attributes })
  const methods = Object.entries({ ...(object.class !== undefined && CLASSES[object.class]?.methods), ...object.methods })
  const { notes = [], ...rest } = common(object, object.confidence)
  const parts = [
    ...attributes.map(([n, { name, nameZh }]) => ({ en: `${term}${digits(Number(n))}00 attribute ${n}: ${name}`, zh: `${term}${digits(Number(n))}00 属性${n}: ${nameZh}` })),
    ...methods.map(([n, { name, nameZh }]) => ({ en: `${term}${digits(Number(n))}00 method ${n}: ${name}`, zh: `${term}${digits(Number(n))}00 方法${n}: ${nameZh}` })),
  ]
  return { ...rest, kind: 'OI', term, name: object.name, nameZh: object.nameZh, notes: [...notes, ...parts] }
}

/** OAD, OMD, OI, `DAR n`, `UNIT n`. */
export const dlt698Terms: TermSource = {
  protocol,
  explain: (term) => {
    const object = /^[0-9A-F]{4}(?:[0-9A-F]{4})?$/.test(term) ? objectRow(term) : undefined
    if (object !== undefined) return term.length === 4 ? [explainOi(term, object)] : explainDescriptor(term, object)
    const [, kind, number] = /^(DAR|UNIT) (\d{1,3})$/.exec(term) ?? []
    if (kind === 'DAR' && DARS[Number(number)] !== undefined) {
      const { en, zh } = darName(Number(number))
      return [{ protocol, kind: 'DAR', term: `DAR ${Number(number)}`, name: en, nameZh: zh, clause: clauseOf('§6.1'), notes: [{ en: 'data access result: what a device answers instead of data', zh: '数据访问结果DAR' }] }]
    }
    const unit = kind === 'UNIT' ? UNITS[Number(number)] : undefined
    return unit === undefined ? [] : [{ protocol, kind: 'unit', term: `UNIT ${Number(number)}`, name: unit || 'no unit', nameZh: unit || '无单位', clause: clauseOf('§6.2') }]
  },
  * terms() {
    for (const object of objects) {
      if (Object.keys(object.attributes).length === 0) yield { kind: 'OI', term: object.oi, name: object.name, nameZh: object.nameZh }
      for (const [n, row] of Object.entries(object.attributes)) yield { kind: 'OAD', term: `${object.oi}${digits(Number(n))}00`, ...joined(object, row) }
      for (const [n, row] of Object.entries(object.methods)) yield { kind: 'OMD', term: `${object.oi}${digits(Number(n))}00`, ...joined(object, row) }
    }
    for (const code of Object.keys(DARS)) {
      const { en, zh } = darName(Number(code))
      yield { kind: 'DAR', term: `DAR ${code}`, name: en, nameZh: zh }
    }
  },
}
