import type { Facts } from './facts.js'
import { moneyText } from './money.js'
import type { Refusal } from './trip-rules.js'

/** How supply is given back, and who decides: under a standing mandate only *allow closing* is possible (OSP-1 §7.6). */
export interface CloseOrder {
  how: 'allow-close' | 'close'
  by: 'mandate' | 'two-persons'
}

/** At the latest this long after the payment supply is allowed again; what takes longer is an alarm. */
export const CLOSE_WITHIN_MS = 24 * 3_600_000

/** Everything that stands against giving supply back. The reading's age does not: who is cut off uses nothing. */
export function judgeClose({ account, measuredBalance, contract: { limits } }: Facts): Refusal[] {
  const refusals: Refusal[] = []
  if (account.tripReason === 'safety') refusals.push({ code: 'SAFETY', evidence: 'supply was cut for safety' })
  if (measuredBalance < limits.closing) refusals.push({ code: 'CLOSING_AMOUNT', evidence: `balance ${moneyText(measuredBalance)}, closing from ${moneyText(limits.closing)}` })
  return refusals
}

/** An appliance left on may start: the user presses, unless the contract says otherwise, which two persons then decide. */
export function closeOrder({ directClose }: { directClose: boolean }, mandate: boolean): CloseOrder {
  return directClose ? { how: 'close', by: 'two-persons' } : { how: 'allow-close', by: mandate ? 'mandate' : 'two-persons' }
}
