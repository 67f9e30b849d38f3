/** Why an area loses what it loses, asked in the order of analytics §4: what explains a loss more simply comes first, theft after everything else. */
export const CHECKS = ['ratio', 'clock', 'topology', 'missing-readings', 'metering-fault', 'technical'] as const
export type Check = (typeof CHECKS)[number]

export interface Step {
  check: Check
  /** `not-known`: the data do not tell. */
  result: 'found' | 'clear' | 'not-known'
  evidence: string
}

export interface Suspect {
  meter: string
  /** kWh a day it used to count, and counts now. */
  before: number
  now: number
}

export interface Diagnosis {
  /** `normal`: nothing is over its bound. Else the first check that found something, or what is left. Evidence, never a verdict. */
  conclusion: 'not-judged' | 'normal' | Check | 'theft-suspected' | 'unexplained'
  steps: Step[]
  suspects: Suspect[]
}

/** One meter that sells; energies in kWh of the days before and of the day itself, the oldest first, NaN where there is none. */
export interface UserMeter {
  address: string
  energies: readonly number[]
  hasBoth: boolean
  estimatedShare: number
  /** Codes of validation on the day, and why it has no energy. */
  codes: readonly string[]
  /** Its clock was read. */
  clockKnown: boolean
  whyNot: string | null
}

export interface AreaDays {
  /** Of the day; undefined when there is no figure. */
  percent: number | undefined
  /** kWh by day as the meters' energies; the last is the day itself. NaN where there was no figure. */
  supply: readonly number[]
  loss: readonly number[]
  users: readonly UserMeter[]
  /** Of the meters that count what comes in. */
  sumCodes: readonly string[]
  sumClockKnown: boolean
  normalBelow: number
}

/** Days with a figure under which nothing is concluded from how they go together. */
const LEAST_DAYS = 14
/** Points of the supply that measurements explain. */
const TOLERANCE = 0.0075
const NEGATIVE = -1
/** A meter that is not behind the transformer takes its own energy off the loss: slope -1. Correlation and how far the slope may be off are ours. */
const FOREIGN = { correlation: -0.9, slope: 0.3 } as const
/** Energy of the last seven days under this part of what it was before (analytics §5, step-down), of a customer over 1 kWh a day. */
const STEP_DOWN = 0.6
const LAST_DAYS = 7

export function diagnose(area: AreaDays): Diagnosis {
  const { percent } = area
  if (percent === undefined) return { conclusion: 'not-judged', steps: [], suspects: [] }
  const steps = CHECKS.map((check): Step => ({ check, ...JUDGES[check](area) }))
  const bound = technicalBound(area)
  const over = percent > area.normalBelow || percent < NEGATIVE || (bound !== undefined && (area.loss.at(-1) as number) > bound)
  if (!over) return { conclusion: 'normal', steps, suspects: [] }
  const found = steps.find(({ result }) => result === 'found')
  if (found) return { conclusion: found.check, steps, suspects: [] }
  const suspects = suspectsOf(area.users)
  return { conclusion: suspects.length > 0 ? 'theft-suspected' : 'unexplained', steps, suspects }
}

type Judge = (area: AreaDays) => Omit<Step, 'check'>
const found = (evidence: string): Omit<Step, 'check'> => ({ result: 'found', evidence })
const clear = (evidence: string): Omit<Step, 'check'> => ({ result: 'clear', evidence })
const notKnown = (evidence: string): Omit<Step, 'check'> => ({ result: 'not-known', evidence })
const having = (users: readonly UserMeter[], codes: readonly string[]): UserMeter[] => users.filter((user) => user.codes.some((code) => codes.includes(code)))
const names = (users: readonly UserMeter[]): string => users.map(({ address }) => address).slice(0, 20).join(', ')

const JUDGES: Record<Check, Judge> = {
  ratio: ({ users, sumCodes }) => {
    const wrong = users.filter((user) => user.codes.includes('VEE-2-UNIT') || user.whyNot?.includes('multiplier'))
    if (sumCodes.includes('VEE-2-UNIT')) return found('the sum meter is off by a power of ten or its multiplier')
    return wrong.length > 0 ? found(`unit or multiplier in doubt: ${names(wrong)}`) : clear('no unit or multiplier in doubt')
  },
  clock: ({ users, sumCodes, sumClockKnown }) => {
    const off = having(users, ['VEE-1-CLOCK'])
    if (off.length > 0 || sumCodes.includes('VEE-1-CLOCK')) return found(`clock off: ${off.length > 0 ? names(off) : 'the sum meter'}`)
    const unread = [...(sumClockKnown ? [] : ['the sum meter']), ...users.filter(({ clockKnown }) => !clockKnown).map(({ address }) => address)]
    return unread.length > 0 ? notKnown(`no clock was read of ${unread.slice(0, 20).join(', ')}`) : clear('every clock is within its threshold')
  },
  topology: (area) => {
    if ((area.percent ?? 0) < NEGATIVE) return found('more is sold than came in: a meter is not behind this transformer, or supply is missing')
    const judged = area.users.flatMap((user) => {
      const lines = halvesOf(user.energies, area.loss).map(lineOf)
      return lines.length > 0 ? [{ user, lines }] : []
    })
    if (judged.length === 0) return notKnown(`under ${LEAST_DAYS} days with a figure`)
    const foreign = judged.filter(({ lines }) => lines.every((line) => line && line.correlation <= FOREIGN.correlation && Math.abs(line.slope + 1) <= FOREIGN.slope)).map(({ user }) => user)
    return foreign.length > 0 ? found(`the loss falls by what they count: ${names(foreign)}`) : clear('no meter takes its own energy off the loss')
  },
  'missing-readings': ({ users }) => {
    const [without, estimated] = [users.filter(({ hasBoth }) => !hasBoth), users.filter(({ estimatedShare }) => estimatedShare > 0)]
    return without.length > 0 ? found(`without both registers: ${names(without)}`) : clear(estimated.length > 0 ? `partly estimated, with exact sums: ${names(estimated)}` : 'every register came')
  },
  'metering-fault': ({ users }) => {
    const faulty = having(users, ['VEE-9-ZEROS', 'VEE-9-STUCK', 'VEE-4-BACKWARDS', 'VEE-4-STEP'])
    return faulty.length > 0 ? found(`still, backwards or flown away: ${names(faulty)}`) : clear('no register stands still or runs wrong')
  },
  technical: (area) => {
    const bound = technicalBound(area)
    if (bound === undefined) return notKnown(`under ${LEAST_DAYS} days with a figure`)
    const loss = area.loss.at(-1) as number
    return loss <= bound ? found(`${loss.toFixed(2)} kWh, by the square of the supply up to ${bound.toFixed(2)} are explained`) : clear(`${loss.toFixed(2)} kWh, by the square of the supply only ${bound.toFixed(2)} are explained`)
  },
}

/** c x supply^2 with the median c of the days before, and what measurements explain. */
function technicalBound({ supply, loss }: AreaDays): number | undefined {
  const factors = supply.slice(0, -1).flatMap((one, day) => (one > 0 && Number.isFinite(loss[day]) ? [(loss[day] as number) / one ** 2] : [])).sort((a, b) => a - b)
  const today = supply.at(-1) ?? NaN
  if (factors.length < LEAST_DAYS || !(today > 0)) return undefined
  return (factors[Math.floor(factors.length / 2)] as number) * today ** 2 + TOLERANCE * today
}

/**
 * Loss and a meter's energy on the days that have both, in two halves: a meter that is not behind the transformer shows in each, one that began to
 * count less only in the half in which it began.
 */
function halvesOf(energies: readonly number[], loss: readonly number[]): (readonly [number, number])[][] {
  const pairs = energies.flatMap((energy, day) => (Number.isFinite(energy) && Number.isFinite(loss[day]) ? [[energy, loss[day] as number] as const] : []))
  const middle = Math.floor(pairs.length / 2)
  return pairs.length < LEAST_DAYS ? [] : [pairs.slice(0, middle), pairs.slice(middle)]
}

/** Undefined where one of the two never varies. */
function lineOf(pairs: readonly (readonly [number, number])[]): { slope: number; correlation: number } | undefined {
  const mean = (at: 0 | 1): number => pairs.reduce((total, pair) => total + pair[at], 0) / pairs.length
  const [x, y] = [mean(0), mean(1)]
  const [xx, yy, xy] = pairs.reduce(([a, b, c], [energy, lost]) => [a + (energy - x) ** 2, b + (lost - y) ** 2, c + (energy - x) * (lost - y)], [0, 0, 0])
  return xx === 0 || yy === 0 ? undefined : { slope: xy / xx, correlation: xy / Math.sqrt(xx * yy) }
}

function suspectsOf(users: readonly UserMeter[]): Suspect[] {
  return users.flatMap(({ address, energies }) => {
    const mean = (values: readonly number[]): number => {
      const known = values.filter(Number.isFinite)
      return known.reduce((total, one) => total + one, 0) / known.length
    }
    const earlier = energies.slice(0, -LAST_DAYS).filter(Number.isFinite)
    const [before, now] = [mean(earlier), mean(energies.slice(-LAST_DAYS))]
    return earlier.length >= LEAST_DAYS && before > 1 && now < STEP_DOWN * before ? [{ meter: address, before: Number(before.toFixed(2)), now: Number(now.toFixed(2)) }] : []
  }).sort((a, b) => b.before - b.now - (a.before - a.now))
}
