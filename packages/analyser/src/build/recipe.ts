import type { ProtocolName } from '../frames/registry.js'

export interface RecipeOption {
  /** Without the dashes. */
  name: string
  /** What stands for the value in the help, like `ADDRESS`; none for a switch. */
  value?: string
  help: string
}

/** One request that can be built from words. */
export interface Recipe {
  /** First word. */
  name: string
  protocol: ProtocolName
  /** Words behind the first, as the help shows them. */
  usage: string
  help: string
  /** Could these words mean this recipe? Chooses between the protocols that have a recipe of this name. */
  suits?(words: readonly string[]): boolean
  options: readonly RecipeOption[]
  make(given: Given): Buffer
}

/** What was said on the line of one request. */
export interface Given {
  /** Words behind the first. */
  words: readonly string[]
  option(name: string): string | undefined
  /** Is the switch there? */
  has(name: string): boolean
  /** @throws BuildError that names the option and shows an example */
  need(name: string, example: string): string
  /** Wall clock for what is left unsaid. */
  now: Date
}

/** What was asked for cannot be built; the message says what to write. */
export class BuildError extends RangeError {
  override readonly name: string = 'BuildError'
}

/** @throws BuildError unless it is a whole number in that range */
export function wholeNumber(text: string, what: string, low: number, high: number): number {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN
  if (!(value >= low && value <= high)) throw new BuildError(`${what}: a whole number from ${low} to ${high}, not '${text}'`)
  return value
}

/** A device address of up to 12 decimal digits, filled with zeros. @throws BuildError */
export function twelveDigits(text: string, what = '--to'): string {
  if (!/^\d{1,12}$/.test(text)) throw new BuildError(`${what}: an address of up to 12 decimal digits, not '${text}'`)
  return text.padStart(12, '0')
}

/** Hex digits in pairs, upper case. @throws BuildError */
export function hexDigits(text: string, what: string, bytes?: number): string {
  const clean = text.replace(/^0x/i, '').replace(/[\s:]/g, '').toUpperCase()
  if (!/^([0-9A-F]{2})+$/.test(clean) || (bytes !== undefined && clean.length !== 2 * bytes)) {
    throw new BuildError(`${what}: ${bytes === undefined ? 'hex digits in pairs' : `${2 * bytes} hex digits`}, not '${text}'`)
  }
  return clean
}

/** @throws BuildError when it is no JSON */
export function jsonOf(text: string, what: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new BuildError(`${what}: ${(error as Error).message}`)
  }
}
