import { areaShare, held } from './facts.js'
import type { Facts, Notice, ProtectionKind } from './facts.js'
import { moneyText } from './money.js'

export interface Refusal {
  code: string
  evidence: string
}

/** One thing that must hold before supply is cut (analytics §8). `refuses` gives the evidence against it. */
export interface TripRule {
  code: string
  must: string
  refuses(facts: Facts): string | undefined
}

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const iso = (at: number): string => new Date(at).toISOString()
/** Law wants 24 h after the last alarm whatever a contract says. */
const LEAST_NOTICE_HOURS = 24
/** A final notice speaks of the day it is sent. */
const FINAL_HOLDS_MS = DAY_MS

const protection = (code: string, kind: ProtectionKind, must: string): TripRule => ({
  code, must,
  refuses: (facts) => {
    const found = held(facts, kind)
    return found && `${kind} since ${iso(found.from)}: ${found.evidence}`
  },
})

const since = (notices: readonly Notice[], kind: Notice['kind'], from: number | undefined): Notice[] =>
  (from === undefined ? [] : notices.filter((notice) => notice.kind === kind && notice.queued !== true && notice.sentAt >= from))
const earliestDelivery = (notices: readonly Notice[]): number | undefined =>
  notices.reduce<number | undefined>((first, { deliveredAt }) => (deliveredAt === undefined ? first : Math.min(first ?? deliveredAt, deliveredAt)), undefined)

/** All of them must hold, when a trip is proposed, when two people approved it, and again when it is handed on. */
export const TRIP_RULES: readonly TripRule[] = [
  {
    code: 'BALANCE', must: 'the balance without estimated charges is below the overdraft limit',
    refuses: ({ measuredBalance, contract: { limits } }) => (measuredBalance < -limits.overdraft ? undefined : `measured balance ${moneyText(measuredBalance)}, overdraft ${moneyText(limits.overdraft)}`),
  },
  {
    code: 'OVERDUE', must: 'the debt is older than the contract\'s period of law',
    refuses: ({ now, account: { overdueSince }, contract: { periods } }) =>
      (overdueSince !== undefined && now - overdueSince > periods.overdueDays * DAY_MS ? undefined : `overdue since ${overdueSince === undefined ? 'no time' : iso(overdueSince)}, ${periods.overdueDays} days are needed`),
  },
  {
    code: 'CONTRACT', must: 'the contract allows that the master station cuts supply',
    refuses: ({ contract: { remoteControl, mode } }) => (!remoteControl ? 'the contract has no remote fee control' : mode === 'local' ? 'the meter counts and cuts by itself' : undefined),
  },
  {
    code: 'ALARM_1', must: 'alarm 1 of this episode was sent',
    refuses: ({ notices, account: { episodeSince } }) => (since(notices, 'alarm-1', episodeSince).length > 0 ? undefined : 'no alarm 1 was sent in this episode'),
  },
  {
    code: 'ALARM_2', must: 'alarm 2 was delivered longer ago than 24 h and the contract\'s notice',
    refuses: ({ now, notices, account: { alarm2Since }, contract: { periods } }) => {
      const delivered = earliestDelivery(since(notices, 'alarm-2', alarm2Since))
      const hours = Math.max(LEAST_NOTICE_HOURS, periods.noticeHours)
      return delivered !== undefined && now - delivered > hours * HOUR_MS ? undefined : `alarm 2 delivered ${delivered === undefined ? 'never' : iso(delivered)}, ${hours} h are needed`
    },
  },
  {
    code: 'READING_ESTIMATED', must: 'the newest reading was measured or collected again',
    refuses: ({ reading }) => (reading !== undefined && reading.quality !== 'estimated' ? undefined : `the newest reading is ${reading?.quality ?? 'none'}`),
  },
  {
    code: 'READING_OLD', must: 'the newest reading is no older than 24 h',
    refuses: ({ now, reading }) => (reading !== undefined && now - reading.at <= DAY_MS && reading.at <= now ? undefined : `the newest reading is of ${reading === undefined ? 'no time' : iso(reading.at)}`),
  },
  protection('POWER_PRESERVE', 'power-preserve', 'supply is not preserved'),
  protection('PROTECTED_EQUIPMENT', 'protected-equipment', 'no protected equipment is behind the meter'),
  protection('MEDICAL', 'medical', 'nobody depends on a medical device'),
  {
    code: 'TIME_OF_DAY', must: 'it is inside the hours of the contract',
    refuses: ({ local: { minute }, contract: { window } }) =>
      (minute >= window.from && minute < window.to ? undefined : `minute ${minute} of the day, allowed ${window.from} to ${window.to}`),
  },
  {
    code: 'CALENDAR_UNKNOWN', must: 'the holidays of the days ahead are known',
    refuses: ({ local: { day }, calendar }) => (calendar.kindOf(day) === 'unknown' || calendar.eveOf(day) === 'unknown' ? `no holiday table covers ${day} and the next working day` : undefined),
  },
  {
    code: 'WEEKEND', must: 'it is a working day',
    refuses: ({ local: { day }, calendar }) => (calendar.kindOf(day) === 'weekend' ? `${day} is a weekend` : undefined),
  },
  {
    code: 'HOLIDAY', must: 'it is no holiday',
    refuses: ({ local: { day }, calendar }) => (calendar.kindOf(day) === 'holiday' ? `${day} is a holiday` : undefined),
  },
  {
    code: 'HOLIDAY_EVE', must: 'it is not the eve of a holiday',
    refuses: ({ local: { day }, calendar }) => (calendar.eveOf(day) === true ? `a holiday comes after ${day}` : undefined),
  },
  protection('WEATHER_WARNING', 'weather-warning', 'no weather warning'),
  protection('OUTAGE', 'outage', 'no outage'),
  protection('DEMAND_RESPONSE', 'demand-response', 'no demand response event'),
  protection('COMPLAINT', 'complaint', 'no open complaint'),
  protection('PAYMENT_PENDING', 'payment-pending', 'no payment in progress'),
  {
    code: 'TRIPPED_LATELY', must: 'not cut in the last 24 h',
    refuses: ({ now, account: { lastTrippedAt } }) => (lastTrippedAt === undefined || now - lastTrippedAt > DAY_MS ? undefined : `cut at ${iso(lastTrippedAt)}`),
  },
  {
    code: 'FAULT', must: 'no read-back contradicts the switch',
    refuses: ({ account: { fault } }) => fault,
  },
  {
    code: 'AREA_LIMIT', must: 'not too many of its area within 24 h',
    refuses: ({ area, limits }) => (area.others < areaShare(area.meters, limits) ? undefined : `${area.others} of ${area.meters} meters of the area`),
  },
  {
    code: 'HOUR_LIMIT', must: 'not too many within the hour',
    refuses: ({ hour, limits }) => (hour.others < limits.perHour ? undefined : `${hour.others} within the hour`),
  },
  {
    code: 'FINAL_NOTICE', must: 'the final notice was delivered as long ago as the contract says, today',
    refuses: ({ now, notices, account: { alarm2Since }, contract: { periods } }) => {
      if (periods.finalNoticeMinutes === 0) return undefined
      const delivered = earliestDelivery(since(notices, 'final', alarm2Since).filter(({ sentAt }) => now - sentAt <= FINAL_HOLDS_MS))
      return delivered !== undefined && now - delivered >= periods.finalNoticeMinutes * 60_000 ? undefined : `final notice delivered ${delivered === undefined ? 'not lately' : iso(delivered)}`
    },
  },
]

/** Everything that stands against a trip; empty when it may be proposed. Never stops at the first: people ask for all reasons. */
export function judgeTrip(facts: Facts, rules: readonly TripRule[] = TRIP_RULES): Refusal[] {
  return rules.flatMap(({ code, refuses }) => {
    const evidence = refuses(facts)
    return evidence === undefined ? [] : [{ code, evidence }]
  })
}

/** A trip always needs two different persons; rules only propose. */
export function judgeApproval(requestedBy: string | undefined, approvedBy: string | undefined): Refusal[] {
  if (requestedBy !== undefined && approvedBy !== undefined && requestedBy !== approvedBy) return []
  return [{ code: 'TWO_PERSONS', evidence: `asked for by ${requestedBy ?? 'nobody'}, approved by ${approvedBy ?? 'nobody'}` }]
}
