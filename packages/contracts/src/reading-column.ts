import { z } from 'zod'

/** Values of one job. */
export const MAX_VALUES = 20_000

/** A column checked in one pass: a schema of its own for every element would cost more than storing it does. */
export const column = <T>(what: string, fits: (value: unknown) => boolean) =>
  z.custom<T[]>((values) => Array.isArray(values) && values.length <= MAX_VALUES && values.every(fits), `is not a column of at most ${MAX_VALUES} ${what}`)
export const count = (max: number) => column<number>(`whole numbers from 0 to ${max}`, (value) => Number.isInteger(value) && (value as number) >= 0 && (value as number) <= max)

export const isTime = (value: unknown): boolean => Number.isSafeInteger(value)
const ADDRESS = /^[0-9]{12}$/
export const isAddress = (value: unknown): boolean => typeof value === 'string' && ADDRESS.test(value)
const DECIMAL = /^-?[0-9]{1,40}(\.[0-9]{1,20})?$/
export const isDecimal = (value: unknown): boolean => typeof value === 'string' && DECIMAL.test(value)
const DECIMALS = /^-?[0-9]{1,40}(?:\.[0-9]{1,20})?(?: -?[0-9]{1,40}(?:\.[0-9]{1,20})?)*$/
/** Many in one text, looked at as a whole, which costs less than one by one. */
export const areDecimals = (text: string): boolean => DECIMALS.test(text)
