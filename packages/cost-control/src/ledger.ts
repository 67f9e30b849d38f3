import { HesError } from '@zhuzhan/core'
import type { LocalDay } from '@zhuzhan/core'
import { moneyText } from './money.js'
import type { Money } from './money.js'

/**
 * What a row of the ledger does to the balance = payments - charges - reserved. Amounts are not negative, but for a correction,
 * which is the difference of a day's charge to what was booked for it, and a mirror, which is what a meter in local mode counted off.
 */
export const ENTRY_KINDS = {
  payment: { side: 'payments', sign: 1n, signed: false },
  refund: { side: 'payments', sign: -1n, signed: false },
  charge: { side: 'charges', sign: 1n, signed: false },
  correction: { side: 'charges', sign: 1n, signed: true },
  'late-fee': { side: 'charges', sign: 1n, signed: false },
  mirror: { side: 'charges', sign: 1n, signed: true },
  reserve: { side: 'reserved', sign: 1n, signed: false },
  release: { side: 'reserved', sign: -1n, signed: false },
} as const satisfies Record<string, { side: 'payments' | 'charges' | 'reserved'; sign: bigint; signed: boolean }>
export type EntryKind = keyof typeof ENTRY_KINDS

/** How the readings behind a charge came about; what was edited by hand counts as estimated. */
export type ChargeQuality = 'measured' | 'recollected' | 'estimated'

/** One row: never changed, never taken away. */
export interface Entry {
  /** Names the entry within its account: `payment/NUMBER`, `charge/DAY`. The same key is never booked twice. */
  key: string
  kind: EntryKind
  amount: Money
  /** Booked at, epoch ms. */
  at: number
  /** Of charges, corrections and late fees. */
  day?: LocalDay | undefined
  quality?: ChargeQuality | undefined
}

export interface Totals {
  payments: Money
  charges: Money
  reserved: Money
  balance: Money
}

export const NOTHING: Totals = { payments: 0n, charges: 0n, reserved: 0n, balance: 0n }

/** @throws HesError DATA_REFUSED for an amount its kind cannot have */
export function booked(totals: Totals, { kind, amount }: Pick<Entry, 'kind' | 'amount'>): Totals {
  const { side, sign, signed } = ENTRY_KINDS[kind]
  if (amount < 0n && !signed) throw new HesError('DATA_REFUSED', `a ${kind} is not negative, this is ${moneyText(amount)}`)
  const next = { ...totals, [side]: totals[side] + sign * amount }
  return { ...next, balance: next.payments - next.charges - next.reserved }
}

export function totalsOf(entries: Iterable<Pick<Entry, 'kind' | 'amount'>>): Totals {
  let totals = NOTHING
  for (const entry of entries) totals = booked(totals, entry)
  return totals
}

/** What is booked for one day, and the quality of its last entry. */
export interface DayCharge {
  amount: Money
  quality: ChargeQuality
  entries: number
}

export function dayCharges(entries: Iterable<Entry>): Map<LocalDay, DayCharge> {
  const days = new Map<LocalDay, DayCharge>()
  for (const { kind, day, amount, quality } of entries) {
    if ((kind !== 'charge' && kind !== 'correction') || day === undefined) continue
    const before = days.get(day)
    days.set(day, { amount: (before?.amount ?? 0n) + amount, quality: quality ?? 'estimated', entries: (before?.entries ?? 0) + 1 })
  }
  return days
}

/** The balance without charges that rest on estimated readings: supply is never cut for those. */
export function measuredBalance(balance: Money, days: Iterable<DayCharge>): Money {
  let measured = balance
  for (const { amount, quality } of days) if (quality === 'estimated') measured += amount
  return measured
}

const WORTH: Record<ChargeQuality, number> = { estimated: 0, recollected: 1, measured: 2 }

/**
 * The entry that makes the booked charge of a day what its readings now say; undefined when it is so already, or when an estimate
 * came after a measurement. Computing a day again after a crash books nothing twice: its key and amount are the same.
 */
export function chargeEntry(before: DayCharge | undefined, charge: { day: LocalDay; amount: Money; quality: ChargeQuality; at: number }): Entry | undefined {
  if (!before) return { key: `charge/${charge.day}`, kind: 'charge', ...charge }
  if (WORTH[charge.quality] === 0 && WORTH[before.quality] > 0) return undefined
  const better = before.quality === 'estimated' && charge.quality !== 'estimated'
  if (charge.amount === before.amount && !better) return undefined
  return { key: `correction/${charge.day}/${before.entries}`, kind: 'correction', ...charge, amount: charge.amount - before.amount }
}

/**
 * The entry that takes the booked charge of a day back when its register is gone; undefined when nothing is booked for it. It counts as an
 * estimate, so that whatever register comes next is booked, an estimated one too.
 */
export function reversalEntry(before: DayCharge | undefined, day: LocalDay, at: number): Entry | undefined {
  if (!before || before.amount === 0n) return undefined
  return { key: `correction/${day}/${before.entries}`, kind: 'correction', day, at, quality: 'estimated', amount: -before.amount }
}

/** Is nothing booked for this day any more? Not a day without use. */
export const takenBack = ({ amount, quality, entries }: DayCharge): boolean => amount === 0n && quality === 'estimated' && entries > 1

/** The entry by which the ledger of a meter in local mode says what the meter says; undefined when it does. */
export function mirrorEntry(balance: Money, remaining: Money, readAt: number, at: number): Entry | undefined {
  return balance === remaining ? undefined : { key: `mirror/${readAt}`, kind: 'mirror', amount: balance - remaining, at }
}

/** Since when a balance has been under the limit without a break. */
export function overdueSince(before: number | undefined, balance: Money, limit: Money, at: number): number | undefined {
  return balance < limit ? before ?? at : undefined
}
