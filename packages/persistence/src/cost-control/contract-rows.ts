import { CostContract } from '@zhuzhan/contracts'
import { HesError } from '@zhuzhan/core'
import { contractFaults, money } from '@zhuzhan/cost-control'
import type { Contract } from '@zhuzhan/cost-control'

/** Amounts of a stored or given contract as money. @throws HesError BODY_INVALID when it contradicts itself */
export function contractOf(text: CostContract): Contract {
  const { limits, lateFee, prices: _, ...terms } = text
  const contract: Contract = {
    ...terms, ...(lateFee === undefined ? {} : { lateFee }),
    limits: { alarm1: money(limits.alarm1), alarm2: money(limits.alarm2), overdraft: money(limits.overdraft), closing: money(limits.closing), ...(limits.hoarding === undefined ? {} : { hoarding: money(limits.hoarding) }) },
  }
  const faults = contractFaults(contract)
  if (faults.length > 0) throw new HesError('BODY_INVALID', faults.join('; '), { path: 'contract' })
  return contract
}

/** As it stands in the column. */
export function storedContract(value: unknown): { text: CostContract; contract: Contract } {
  const text = CostContract.parse(value)
  return { text, contract: contractOf(text) }
}
