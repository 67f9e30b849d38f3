import { judgeClose } from './close-rules.js'
import { levelOf } from './estimate.js'
import type { Level } from './estimate.js'
import { preserved } from './facts.js'
import type { Facts, Notice } from './facts.js'
import { transition } from './states.js'
import type { Account, AccountEvent, Act, NoticeKind } from './states.js'
import { TRIP_RULES, judgeTrip } from './trip-rules.js'
import type { Refusal, TripRule } from './trip-rules.js'

export type Effect = { do: 'notice'; notice: NoticeKind } | { do: 'propose-trip' | 'withdraw-trip' | 'propose-close' }

export interface Decision {
  account: Account
  effects: Effect[]
  level: Level
  /** Why an overdrawn account is not cut, or a cut one not given supply back. */
  refusals: Refusal[]
}

const HOUR_MS = 3_600_000
/** A notice that no channel confirmed goes out again after so long. */
const AGAIN_MS: Record<NoticeKind, number> = { 'alarm-1': 24 * HOUR_MS, 'alarm-2': 24 * HOUR_MS, final: 3 * HOUR_MS }

const EFFECT: Record<Act, Effect> = {
  'notice-1': { do: 'notice', notice: 'alarm-1' },
  'notice-2': { do: 'notice', notice: 'alarm-2' },
  'propose-trip': { do: 'propose-trip' },
  'withdraw-trip': { do: 'withdraw-trip' },
  'propose-close': { do: 'propose-close' },
}

/**
 * What becomes of one account now: its next state and what is to be done for it. Only proposes: what moves a relay is decided by
 * people or by a mandate of theirs. The same facts give the same answer, so a pass that a crash cut off is run again.
 */
export function decide(facts: Facts, rules: readonly TripRule[] = TRIP_RULES): Decision {
  const { now, contract, balance, recent } = facts
  const decision: Decision = { account: facts.account, effects: [], level: levelOf(contract, balance, recent), refusals: [] }
  const apply = (event: AccountEvent): void => {
    const step = transition(decision.account, event, now)
    if (!step) return
    decision.account = step.account
    if (step.act) decision.effects.push(EFFECT[step.act])
  }

  const guarded = preserved(facts) !== undefined
  if (decision.account.state === 'protected') {
    if (guarded) return decision
    apply('release')
  }
  // What may have left the station is settled by its read-back, never by us.
  if (decision.account.inFlight) return decision
  if (guarded) {
    apply('protect')
    if (decision.account.state === 'protected') return decision
  }
  if (decision.account.state === 'tripped') {
    decision.refusals = judgeClose(facts)
    if (decision.refusals.length === 0) apply('close-proposed')
    return decision
  }
  if (decision.account.state === 'pending-trip') {
    decision.refusals = judgeTrip({ ...facts, account: decision.account }, rules)
    if (decision.refusals.length === 0) return decision
    apply('trip-withdrawn')
  }
  apply(decision.level === 'overdrawn' ? 'low-2' : decision.level)
  if (decision.account.state === 'alarm-2' && decision.level === 'overdrawn') {
    decision.refusals = judgeTrip({ ...facts, account: decision.account }, rules)
    if (decision.refusals.length === 0) apply('trip-proposed')
    else if (decision.refusals.every(({ code }) => code === 'FINAL_NOTICE') && due(facts.notices, 'final', decision.account.alarm2Since, now)) decision.effects.push({ do: 'notice', notice: 'final' })
  }
  if (decision.account.state === facts.account.state) again(decision, facts)
  return decision
}

/** Notices that were lost go out again, as long as the account stays where it is. */
function again(decision: Decision, { notices, now }: Facts): void {
  const { state, episodeSince, alarm2Since } = decision.account
  if (state !== 'alarm-1' && state !== 'alarm-2') return
  if (due(notices, 'alarm-1', episodeSince, now)) decision.effects.push({ do: 'notice', notice: 'alarm-1' })
  if (state === 'alarm-2' && due(notices, 'alarm-2', alarm2Since, now)) decision.effects.push({ do: 'notice', notice: 'alarm-2' })
}

/** None delivered, and none sent lately. A final notice counts for a day, so one delivered yesterday is due again. */
function due(notices: readonly Notice[], kind: NoticeKind, from: number | undefined, now: number): boolean {
  if (from === undefined) return false
  const sent = notices.filter((notice) => notice.kind === kind && notice.sentAt >= from && (kind !== 'final' || now - notice.sentAt <= 24 * HOUR_MS))
  return !sent.some(({ deliveredAt, sentAt }) => deliveredAt !== undefined || now - sentAt < AGAIN_MS[kind])
}
