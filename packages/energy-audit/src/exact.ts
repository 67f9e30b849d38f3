/** A decimal number as a whole count of 10^-12: registers (4 decimals) times ratios (8 decimals) stay exact. */
export type Exact = bigint

const DIGITS = 12
const ONE: Exact = 10n ** BigInt(DIGITS)

/** @throws SyntaxError when the text is no decimal number. Decimals beyond the twelfth are cut off. */
export function exact(text: string): Exact {
  const [whole = '', part = ''] = text.replace(/^-/, '').split('.')
  const count = BigInt(whole + part.slice(0, DIGITS).padEnd(DIGITS, '0'))
  return text.startsWith('-') ? -count : count
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
