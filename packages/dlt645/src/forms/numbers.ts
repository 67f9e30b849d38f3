import { bcdNumber } from '@zhuzhan/codec'
import type { Bcd } from '@zhuzhan/codec'
import type { Form, Scalar } from './form.js'

/** `XXX.XXX` has three bytes and three decimals; `signed` behind it: the top bit of the highest byte is the sign. Reference §3. */
const PATTERN = /^([XN]+)(?:\.([XN]+))?( signed)?$/

/** The form of a pattern of the standard, undefined when it is no number. */
export function numberForm(name: string): Form | undefined {
  const [, whole, fraction = '', signed] = PATTERN.exec(name) ?? []
  if (whole === undefined) return undefined
  const digits = whole.length + fraction.length
  if (digits % 2 !== 0) throw new RangeError(`${name}: digits come in pairs`)
  const size = digits / 2
  return { name, size, codec: bcdNumber({ size, decimals: fraction.length, signed: signed !== undefined }), scalar: numberScalar }
}

/** A number, null for FF or EE; digits that are not BCD are a fault and no value. */
export function numberScalar(value: unknown): Scalar | undefined {
  if (typeof value === 'string') return { value }
  return 'missing' in (value as Exclude<Bcd, string>) ? { value: null } : undefined
}
