import { HesError } from '@zhuzhan/core'

/** A whole count of 0.0001 CNY. Money never passes through floating point (analytics §8). */
export type Money = bigint

const DECIMALS = 4
export const CNY: Money = 10n ** BigInt(DECIMALS)

/** `12.5` is 125000n. @throws HesError DATA_REFUSED for what is no decimal number, or has a part under 0.0001 */
export function money(text: string): Money {
  const match = /^(-?)(\d{1,14})(?:\.(\d{1,4}))?$/.exec(text)
  if (!match) throw new HesError('DATA_REFUSED', 'an amount is a decimal number of CNY with up to four decimals')
  const count = BigInt((match[2] as string) + (match[3] ?? '').padEnd(DECIMALS, '0'))
  return match[1] === '-' ? -count : count
}

/** Always with four decimals: `-0.0500`. */
export function moneyText(value: Money): string {
  const digits = (value < 0n ? -value : value).toString().padStart(DECIMALS + 1, '0')
  return `${value < 0n ? '-' : ''}${digits.slice(0, -DECIMALS)}.${digits.slice(-DECIMALS)}`
}
