import type { LocalDay } from '@zhuzhan/core'
import type { LateFeeRates } from './contract.js'
import type { Entry } from './ledger.js'
import type { Money } from './money.js'

/** Charges without their late fees that no payment covers; payments go to the oldest charge first, and to late fees last. */
export interface Arrears {
  current: Money
  carried: Money
}

/** @param year charges of this one are `current`, of those before `carried` */
export function arrearsOf(entries: Iterable<Entry>, year: number): Arrears {
  let paid = 0n
  let before = 0n
  let since = 0n
  for (const { kind, amount, day } of entries) {
    if (kind === 'payment') paid += amount
    else if (kind === 'refund') paid -= amount
    else if (kind === 'charge' || kind === 'correction') {
      if (day !== undefined && Number(day.slice(0, 4)) < year) before += amount
      else since += amount
    } else if (kind === 'mirror') since += amount
  }
  const positive = (value: Money): Money => (value > 0n ? value : 0n)
  const carried = positive(before - paid)
  return { carried, current: positive(positive(before + since - paid) - carried) }
}

const MILLION = 1_000_000n

/** The late fee of one day, whole 0.0001 CNY, what is under is not taken; undefined when there is none. */
export function lateFeeEntry({ current, carried }: Arrears, rates: LateFeeRates, day: LocalDay, at: number): Entry | undefined {
  const amount = (current * BigInt(rates.current) + carried * BigInt(rates.carried)) / MILLION
  return amount > 0n ? { key: `late-fee/${day}`, kind: 'late-fee', amount, at, day } : undefined
}
