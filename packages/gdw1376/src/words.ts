import type { Span, Words } from '@zhuzhan/codec'
import { termOf } from './terms.js'
import type { Terms } from './terms.js'
import { wordsOf } from './wire/codes.js'

const NO_VALUE: Words = { en: 'no value', zh: '无数据' }
const NOT_BCD: Words = { en: 'not BCD', zh: '非BCD码' }

/** What the value of a member stands for: a code's meaning, a scaled value with its unit, bytes without digits. */
export function valueWords({ name, value }: Span, parents: readonly Span[], terms: Terms): Words | undefined {
  if (typeof value === 'object' && value !== null) return 'missing' in value ? NO_VALUE : 'notBcd' in value ? NOT_BCD : undefined
  const codes = termOf(terms, name)?.codes
  if (codes !== undefined) return wordsOf(codes, value)
  const quantity = [...parents.map((span) => span.name), name].findLast((one) => termOf(terms, one)?.unit !== undefined)
  const unit = quantity === undefined ? '' : termOf(terms, quantity)!.unit!
  if (unit === '' || (typeof value !== 'string' && typeof value !== 'number')) return undefined
  return { en: `${value} ${unit}`, zh: `${value} ${unit}` }
}
