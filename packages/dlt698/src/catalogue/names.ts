import type { Words } from '@zhuzhan/codec'
import type { Oad, Oi, Omd } from '../data/index.js'
import { elementName, objectRow } from './catalogue.js'
import { CLASSES } from './classes.js'
import type { AttributeRow, Layout, ObjectRow } from './model.js'

/** Bits 0-4 of an OAD's third byte are the attribute, bits 5-7 a variant of it. Reference §3.1. */
const ATTRIBUTE = 0x1f
/** Attributes that are tables of records, by class: their index n is the n-th most recent record. */
const RECORD_TABLES: Readonly<Record<number, readonly number[]>> = { 7: [2], 9: [2], 10: [3], 24: [6, 7, 8, 9] }

const byte = (descriptor: string, at: number): number => Number.parseInt(descriptor.slice(2 * at, 2 * at + 2), 16)
const joined = (a: Words, en: string, zh: string): Words => ({ en: `${a.en}, ${en}`, zh: `${a.zh} ${zh}` })

/** What the object is called. */
export function oiName(oi: Oi): Words | undefined {
  const object = objectRow(oi)
  return object && { en: object.name, zh: object.nameZh }
}

/** The row of an attribute, of the object or else of its class. */
export function attributeRow(oad: Oad): Pick<AttributeRow, 'name' | 'nameZh' | 'layout'> | undefined {
  const object = objectRow(oad)
  if (object === undefined) return undefined
  const number = byte(oad, 2) & ATTRIBUTE
  const own = object.attributes[number]
  if (own !== undefined) return own
  const common = CLASSES[object.class ?? 8]?.attributes[number]
  return common && { name: `${object.name}, ${common.name}`, nameZh: `${object.nameZh} ${common.nameZh}`, layout: common.layout }
}

/** What an OAD names: `20000201` "Voltage, phase A", `30110201` "Power-down, record table, most recent record 1". */
export function oadName(oad: Oad): Words | undefined {
  const object = objectRow(oad)
  if (object === undefined) return undefined
  const number = byte(oad, 2) & ATTRIBUTE
  if (number === 0) return joined({ en: object.name, zh: object.nameZh }, 'all attributes', '全部属性')
  const row = attributeRow(oad)
  const whole = row ? { en: row.name, zh: row.nameZh } : joined({ en: object.name, zh: object.nameZh }, `attribute ${number}`, `属性${number}`)
  const index = byte(oad, 3)
  if (index === 0) return whole
  const [en, zh] = isRecordTable(object, number) ? [`most recent record ${index}`, `上${index}次记录`] : elementWords(row?.layout, index)
  return joined(whole, en, zh)
}

function isRecordTable(object: ObjectRow, number: number): boolean {
  return object.class !== undefined && RECORD_TABLES[object.class]?.includes(number) === true
}

/** Name of the n-th part (from 1) of a value with this layout. */
export function elementWords(layout: Layout | undefined, index: number): readonly [en: string, zh: string] {
  const member = layout?.type === 'structure' ? layout.members[index - 1] : undefined
  if (member) return [member.name, member.nameZh]
  const named = layout?.type === 'array' && layout.elements ? elementName(layout.elements, index) : undefined
  return named ?? [`element ${index}`, `元素${index}`]
}

/** What an OMD names: `80008100` "Remote control, Trip". */
export function omdName(omd: Omd): Words | undefined {
  const object = objectRow(omd)
  if (object === undefined) return undefined
  const number = byte(omd, 2)
  const row = object.methods[number] ?? CLASSES[object.class ?? 8]?.methods[number]
  return joined({ en: object.name, zh: object.nameZh }, row?.name ?? `method ${number}`, row?.nameZh ?? `方法${number}`)
}

/** What the parameter of a method looks like. */
export function methodParameter(omd: Omd): Layout | undefined {
  const object = objectRow(omd)
  const number = byte(omd, 2)
  return object?.methods[number]?.parameter ?? CLASSES[object?.class ?? 0]?.methods[number]?.parameter
}

/** What the data of a method's response looks like. */
export function methodReturn(omd: Omd): Layout | undefined {
  return objectRow(omd)?.methods[byte(omd, 2)]?.returns
}
