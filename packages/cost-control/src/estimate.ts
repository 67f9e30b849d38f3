import { addDays } from '@zhuzhan/core'
import type { LocalDay } from '@zhuzhan/core'
import type { Contract } from './contract.js'
import { takenBack } from './ledger.js'
import type { DayCharge } from './ledger.js'
import type { Money } from './money.js'

const DAYS = 7

/** Charges of the last complete days, at most seven, and of how many. */
export interface RecentCharges {
  sum: Money
  days: number
}

/** @param today not complete, so not counted; days nobody could charge are no complete ones and are left out */
export function recentCharges(charges: ReadonlyMap<LocalDay, DayCharge>, today: LocalDay): RecentCharges {
  const recent: RecentCharges = { sum: 0n, days: 0 }
  for (let back = 1; back <= DAYS; back++) {
    const day = charges.get(addDays(today, -back))
    if (day === undefined || takenBack(day)) continue
    recent.sum += day.amount
    recent.days += 1
  }
  return recent
}

/** Days left = balance / mean charge, in tenths, cut off; undefined when nothing is used. Negative when it is used up. */
export function tenthsOfDaysLeft(balance: Money, { sum, days }: RecentCharges): bigint | undefined {
  return sum <= 0n ? undefined : (balance * 10n * BigInt(days)) / sum
}

/** How the funds stand against the alarms; `overdrawn` is what a trip begins with. */
export type Level = 'funded' | 'low-1' | 'low-2' | 'overdrawn'

export function levelOf({ limits, alarmDays }: Pick<Contract, 'limits' | 'alarmDays'>, balance: Money, recent: RecentCharges): Level {
  if (balance < -limits.overdraft) return 'overdrawn'
  const left = tenthsOfDaysLeft(balance, recent)
  const under = (days: number): boolean => left !== undefined && left < BigInt(days) * 10n
  if (balance < limits.alarm2 || under(alarmDays.second)) return 'low-2'
  return balance < limits.alarm1 || under(alarmDays.first) ? 'low-1' : 'funded'
}
