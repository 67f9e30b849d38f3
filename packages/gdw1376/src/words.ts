import type { Span, Words } from '@zhuzhan/codec'
import type { Terms } from './terms.js'

const NO_VALUE: Words = { en: 'no value', zh: '无数据' }
const NOT_BCD: Words = { en: 'not BCD', zh: '非BCD码' }

/** A scaled value with the unit of the quantity it belongs to; what bytes without digits mean. */
export function valueWords({ name, value }: Span, parents: readonly Span[], terms: Terms): Words | undefined {
  if (typeof value === 'object' && value !== null) return 'missing' in value ? NO_VALUE : 'notBcd' in value ? NOT_BCD : undefined
  const quantity = [...parents.map((span) => span.name), name].findLast((one) => Object.hasOwn(terms, one) && terms[one]!.unit !== undefined)
  const unit = quantity === undefined ? '' : terms[quantity]!.unit!
  if (unit === '' || (typeof value !== 'string' && typeof value !== 'number')) return undefined
  return { en: `${value} ${unit}`, zh: `${value} ${unit}` }
}
