import { addDays, localDay } from '@zhuzhan/core'
import type { CostAccountAnswer } from '@zhuzhan/contracts'
import { moneyText, recentCharges, tenthsOfDaysLeft } from '@zhuzhan/cost-control'
import type { CostAccount, CostLedger } from '@zhuzhan/persistence'

/** Accounts whose meter is gone are told in the time of China. */
export const CHINA_MINUTES = 480

const iso = (at: number | undefined): string | null => (at === undefined ? null : new Date(at).toISOString())

export async function accountAnswer(ledger: CostLedger, one: CostAccount, now: number): Promise<CostAccountAnswer> {
  const today = localDay(now, CHINA_MINUTES)
  const left = tenthsOfDaysLeft(one.balance, recentCharges(await ledger.charged(one.id, addDays(today, -8)), today))
  return {
    account: one.id, meter: one.meter, contract: one.terms, state: one.account.state, balance: moneyText(one.balance), payments: moneyText(one.payments), charges: moneyText(one.charges), reserved: moneyText(one.reserved),
    estimated: moneyText(one.estimated), daysLeft: left === undefined ? null : `${left < 0n ? '-' : ''}${(left < 0n ? -left : left) / 10n}.${(left < 0n ? -left : left) % 10n}`,
    overdueSince: iso(one.account.overdueSince), lastTrippedAt: iso(one.account.lastTrippedAt), readingAt: iso(one.reading?.at), inFlight: one.account.inFlight === true, fault: one.account.fault ?? null, refusals: one.refusals,
  }
}
