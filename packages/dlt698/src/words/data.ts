import type { Span, Words } from '@zhuzhan/codec'
import { leafColumns } from '../apdu/columns.js'
import type { Layout } from '../catalogue/model.js'
import { attributeRow, elementWords, methodParameter, methodReturn } from '../catalogue/names.js'
import { meaningOf, partLayout, scaledText, unitOf } from '../catalogue/scaled.js'
import type { Csd, Data } from '../data/index.js'

type Parents = readonly Span[]

/** What a value in the data of an attribute, a method or a record row looks like, and its number in the value around it. */
interface Place {
  layout: Layout | undefined
  /** The layout of the array or structure it is part of, and its index there from 0. */
  within?: { layout: Layout | undefined; index: number }
}

const INDEX = /^[0-9]+$/
const sibling = (parent: Span | undefined, name: string): unknown => parent?.children.find((child) => child.name === name)?.value
const isData = (value: unknown): value is Data => typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string'

/** Where in a value the data at the end of `chain` stands; undefined when it stands in none. */
function placeOf(chain: Parents): Place | undefined {
  const indexes: number[] = []
  for (let i = chain.length - 1; i > 0; i--) {
    const { name } = chain[i]!
    const outer = chain[i - 1]!
    if (name === 'data' || name === 'parameter') return inside(startOf(name, outer), indexes)
    if (!INDEX.test(name)) {
      if (name !== 'items') return undefined
    } else if (outer.name === 'items') {
      indexes.unshift(Number(name))
    } else {
      const column = columnOf(chain, i)
      return column === undefined ? undefined : inside({ layout: attributeLayout(column) }, indexes)
    }
  }
  return undefined
}

function startOf(name: string, outer: Span): Place {
  const oad = sibling(outer, 'oad')
  if (typeof oad === 'string') return { layout: attributeLayout(oad) }
  const omd = sibling(outer, 'omd')
  return { layout: typeof omd !== 'string' ? undefined : name === 'parameter' ? methodParameter(omd) : methodReturn(omd) }
}

function attributeLayout(oad: string): Layout | undefined {
  const whole = attributeRow(oad)?.layout
  const index = Number.parseInt(oad.slice(6), 16)
  return index === 0 ? whole : partLayout(whole, index - 1) ?? whole
}

function inside(start: Place, indexes: readonly number[]): Place {
  let place = start
  for (const index of indexes) place = { layout: partLayout(place.layout, index), within: { layout: place.layout, index } }
  return place
}

/** The attribute of the cell chain[i], when it is one: `rows`, row, cell. Nested ROAD cells have no attribute of their own. */
function columnOf(chain: Parents, i: number): string | undefined {
  if (chain[i - 2]?.name !== 'rows') return undefined
  const rcsd = sibling(chain[i - 3], 'rcsd')
  return Array.isArray(rcsd) ? leafColumns(rcsd as Csd[])[Number(chain[i]!.name)]?.oad : undefined
}

function wordsOf(data: Data, layout: Layout | undefined): Words | undefined {
  const single = layout?.type === 'array' ? layout.of : layout
  const value = scaledText(data, single)
  if (value === undefined || value === null) return value === null ? { en: 'no value', zh: '无数据' } : undefined
  const unit = unitOf(single)
  const meaning = meaningOf(data, single)
  const text = unit === '' ? value : `${value} ${unit}`
  return meaning ? { en: `${text} ${meaning.en}`, zh: `${text} ${meaning.zh}` } : { en: text, zh: text }
}

/**
 * A span of data under a known attribute or method: its scaled value with unit, in front of it which element or member
 * it is. The innermost `value` of a data is described as the data itself.
 */
export function describeData(span: Span, parents: Parents): Words | undefined {
  const { value } = span
  if (isData(value)) {
    const place = placeOf([...parents, span])
    if (place === undefined) return undefined
    const words = wordsOf(value, place.layout)
    if (place.within === undefined) return words
    const [en, zh] = elementWords(place.within.layout, place.within.index + 1)
    return words ? { en: `${en}: ${words.en}`, zh: `${zh}: ${words.zh}` } : { en, zh }
  }
  const outer = parents.at(-1)
  if (span.name !== 'value' || !isData(outer?.value)) return undefined
  const place = placeOf(parents)
  return place && wordsOf(outer.value, place.layout)
}
