import type { PileReading, Tracked } from './command.js'
import { kwText } from './log.js'
import { COMMAND_STATES } from './states.js'
import type { Over } from './worst-case.js'

export interface Batch {
  id: string
  slot: { start: number; end: number }
  commands: Tracked[]
  judgeAt: number
  /** Read-back when it was planned; undefined when there was none lately. */
  before: ReadonlyMap<string, PileReading> | undefined
  worst?: Over | undefined
  verdict?: Verdict
}

export interface Verdict {
  good: boolean
  verified: number
  counted: number
  text: string
}

/** Two intervals after its last step: were enough commands verified, and did the load fall as planned? */
export function judgeBatch(batch: Batch, after: ReadonlyMap<string, PileReading> | undefined, { verifiedShare, toleranceKw }: { verifiedShare: number; toleranceKw: number }): Verdict {
  const counted = batch.commands.filter(({ brief, state }) => !brief && state !== 'rolled-back')
  const verified = counted.filter(({ state }) => state === 'verified').length
  const rest = COMMAND_STATES.filter((state) => state !== 'verified')
    .map((state) => ({ state, of: counted.filter((one) => one.state === state).length })).filter(({ of }) => of > 0).map(({ state, of }) => `${of} ${state}`)
  const enough = verified >= verifiedShare * counted.length
  const measured = (readings: Batch['before'], pile: string): number | undefined => readings?.get(pile)?.kw
  const falling = counted.map(({ command: { pile, kw } }) => ({ kw, was: measured(batch.before, pile) ?? 0, is: measured(after, pile) })).filter(({ kw, was }) => was > kw)
  const fallKw = falling.reduce((sum, { was, kw }) => sum + was - kw, 0)
  const fallen = falling.reduce((sum, { was, is }) => sum + was - (is ?? was), 0)
  const fell = fallen >= fallKw - toleranceKw * falling.length
  const text = [
    `batch ${batch.id}: ${verified} of ${counted.length} verified${rest.length > 0 ? ` (${rest.join(', ')})` : ''}`,
    ...(enough ? [] : [`under ${Math.round(verifiedShare * 100)} %: planned anew with what is verified`]),
    ...(fell ? [] : [`the load fell by ${kwText(fallen)} in place of ${kwText(fallKw)}: planned anew`]),
  ].join('; ')
  return { good: enough && fell, verified, counted: counted.length, text }
}
