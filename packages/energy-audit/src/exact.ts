/** A decimal number as a whole count of 10^-12: registers (4 decimals) times ratios (8 decimals) stay exact. */
export type Exact = bigint

const DIGITS = 12
const ONE: Exact = 10n ** BigInt(DIGITS)

/** 10 to the power of 12 less the decimals given. */
const UNITS: readonly Exact[] = Array.from({ length: DIGITS + 1 }, (_, decimals) => 10n ** BigInt(DIGITS - decimals))
/** Text this long holds at most 15 digits, which a number counts exactly. */
const SHORT = 16

/** @throws SyntaxError when the text is no decimal number. Decimals beyond the twelfth are cut off. */
export function exact(text: string): Exact {
  const decimals = decimalsOf(text)
  if (decimals !== undefined) return BigInt(Math.round(Number(text) * 10 ** decimals)) * (UNITS[decimals] as Exact)
  const [whole = '', part = ''] = text.replace(/^-/, '').split('.')
  const count = BigInt(whole + part.slice(0, DIGITS).padEnd(DIGITS, '0'))
  return text.startsWith('-') ? -count : count
}

/** Decimals of a short text of digits and at most one point, which is how registers come; undefined of any other. */
function decimalsOf(text: string): number | undefined {
  if (text.length === 0 || text.length > SHORT) return undefined
  let point = -1
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at)
    if (code === 46 && point < 0 && at > 0) point = at
    else if (code < 48 || code > 57) return undefined
  }
  const decimals = point < 0 ? 0 : text.length - point - 1
  return decimals > DIGITS || (point < 0 && text.length === SHORT) ? undefined : decimals
}

/** The shortest text that is exactly the number. */
export function exactText(value: Exact): string {
  const digits = (value < 0n ? -value : value).toString().padStart(DIGITS + 1, '0')
  const part = digits.slice(-DIGITS).replace(/0+$/, '')
  return `${value < 0n ? '-' : ''}${digits.slice(0, -DIGITS)}${part === '' ? '' : `.${part}`}`
}

export function times(a: Exact, b: Exact): Exact {
  return (a * b) / ONE
}

/** Cut off beyond the twelfth decimal. @throws RangeError when `b` is zero */
export function divided(a: Exact, b: Exact): Exact {
  return (a * ONE) / b
}

/** Cut off beyond the twelfth decimal. @param value not negative */
export function squareRoot(value: Exact): Exact {
  const target = value * ONE
  if (target < 2n) return target
  let root = 1n << BigInt(Math.ceil(target.toString(2).length / 2))
  for (;;) {
    const next = (root + target / root) / 2n
    if (next >= root) return root
    root = next
  }
}

/** Half up, away from zero; for money and for figures that people read. */
export function rounded(value: Exact, decimals: number): Exact {
  const unit = 10n ** BigInt(DIGITS - decimals)
  const half = value < 0n ? -unit / 2n : unit / 2n
  return ((value + half) / unit) * unit
}

/** For ratios and statistics; energies are never summed up in this form. */
export function toNumber(value: Exact): number {
  return Number(value) / Number(ONE)
}

export function sum(values: Iterable<Exact>): Exact {
  let total = 0n
  for (const value of values) total += value
  return total
}
