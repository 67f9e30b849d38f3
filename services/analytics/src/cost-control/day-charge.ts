import type { CostContract } from '@zhuzhan/contracts'
import type { ChargeQuality, Money } from '@zhuzhan/cost-control'
import { costOf, exact, sum } from '@zhuzhan/energy-audit'
import type { Exact, Period, Tariff } from '@zhuzhan/energy-audit'

/** Energy of one register and day, as daily_energy has it: index 1 total, 2.. tariff 1.. */
export interface DayRegister {
  index: number
  /** Decimal, kWh. */
  energy: string | null
  state: string
}

/** `register`: the registers themselves do not carry a charge, so none that was booked before has anything under it. */
export type DayCharge = { amount: Money; quality: ChargeQuality; notApplied: string[] } | { refused: string; register?: true }

/** Which period a tariff register counts. UNSURE, as in the audits: 尖 峰 平 谷, a fifth is sometimes the deep valley. */
const PERIOD_OF: ReadonlyMap<number, Period> = new Map([[2, 'sharp'], [3, 'peak'], [4, 'flat'], [5, 'valley'], [6, 'deep']])
/** One digit of a register, kWh, before ratios. */
const DIGIT = exact('0.01')
/** Exact counts 10^-12, money 10^-4. */
const EXACT_IN_MONEY = 10n ** 8n

/**
 * What one day costs, exact: registers by period times prices, each rounded to 0.0001 CNY. Refused, never guessed, when the registers
 * do not carry it: such a day stays uncharged until they do.
 *
 * @param ratio CT times PT ratio, for the tolerance of one digit
 * @param before kWh of the year up to the day; undefined where it is not known: then yearly steps are not charged yet
 */
export function dayCharge(registers: readonly DayRegister[], terms: Pick<CostContract, 'prices'>, tariff: Tariff | undefined, ratio: Exact, before: Exact | undefined): DayCharge {
  const total = registers.find(({ index }) => index === 1)
  if (total?.energy == null) return { refused: `the register gives no energy: ${total?.state ?? 'none'}`, register: true }
  const energy = exact(total.energy)
  const prices = terms.prices && new Map(Object.entries(terms.prices).map(([period, price]) => [period as Period, exact(price)]))
  const applied: Tariff | undefined = prices ? { id: 'contract', region: '', customers: '', document: 'the contract', periods: [] } : tariff
  if (!applied) return { refused: 'neither the contract has prices nor the meter a known tariff' }
  const priced = prices ? [...prices.keys()] : Object.keys(applied.priceCnyPerKwh ?? {})
  const kept = registers.filter(({ index, energy: one }) => PERIOD_OF.has(index) && one !== null)
  const byPeriod = new Map(kept.map(({ index, energy: one }) => [PERIOD_OF.get(index) as Period, exact(one as string)]))
  const flatOnly = priced.length === 1 && priced[0] === 'flat'
  if (!flatOnly) {
    const difference = energy - sum(byPeriod.values())
    const tolerance = BigInt(Math.max(1, kept.length)) * DIGIT * ratio / exact('1')
    if (kept.length === 0 || difference > tolerance || -difference > tolerance) return { refused: 'the tariff registers do not add up to the total', register: true }
  }
  const cost = costOf(applied, flatOnly ? new Map([['flat', energy]]) : byPeriod, before, { ...(prices ? { prices } : {}) })
  if (cost.amount === undefined) return { refused: cost.notApplied.join('; ') }
  const estimated = [total, ...kept].some(({ state }) => state !== 'measured' && state !== 'rolled-over')
  return { amount: cost.amount / EXACT_IN_MONEY, quality: estimated ? 'estimated' : 'measured', notApplied: cost.notApplied }
}
