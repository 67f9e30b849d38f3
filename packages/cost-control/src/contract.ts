import { CNY, moneyText } from './money.js'
import type { Money } from './money.js'

/** Who counts the charge: the master station, or the meter, whose remaining amount is then the truth (analytics §8). */
export type Mode = 'remote' | 'local'

/** Amounts of the meter or of the account. */
export interface Limits {
  alarm1: Money
  alarm2: Money
  /** How far below zero supply goes on: a trip needs balance < -overdraft. */
  overdraft: Money
  /** Largest amount that may be stored. */
  hoarding?: Money | undefined
  /** Balance from which closing is allowed: at least 5 CNY above the trip limit. */
  closing: Money
}

/**
 * Periods of law. UNSURE, all of them: the supply regulation is read as over 30 days overdue and a reminder, one provincial text as
 * seven days' notice for homes, three days and one hour for others, the national trading rules as three to seven days and 30 minutes.
 * Configuration per contract and province; what is preset is the longest of each.
 */
export interface Periods {
  overdueDays: number
  /** Between the delivery of the last alarm and a trip; 24 h hold in any case. */
  noticeHours: number
  /** Between the delivery of the final notice and a trip; 0: none is sent. */
  finalNoticeMinutes: number
}
export const LONGEST_PERIODS: Periods = { overdueDays: 30, noticeHours: 168, finalNoticeMinutes: 60 }

/** Parts of a million of the arrears a day. */
export interface LateFeeRates {
  /** On what fell due this year. */
  current: number
  /** On what was carried over the year. */
  carried: number
}
/** As the reference gives them, UNSURE; no contract has a late fee unless it says so. */
export const LATE_FEES = { home: { current: 1_000, carried: 1_000 }, other: { current: 2_000, carried: 3_000 } } as const satisfies Record<string, LateFeeRates>

export interface Contract {
  mode: Mode
  customer: 'home' | 'other'
  /** The customer agreed that supply is cut from afar. */
  remoteControl: boolean
  limits: Limits
  /** Whole days that are left. */
  alarmDays: { first: number; second: number }
  periods: Periods
  /** Minutes of the local day in which a trip may happen, the end excluded. */
  window: { from: number; to: number }
  /** The contract says that supply is switched on without a hand at the meter. */
  directClose: boolean
  lateFee?: LateFeeRates | undefined
}

export const ALARM_DAYS = { first: 3, second: 1 } as const
export const TRIP_WINDOW = { from: 9 * 60, to: 16 * 60 } as const
const CLOSING_ABOVE = 5n * CNY

/** What of a contract contradicts itself; empty when it can be used. */
export function contractFaults({ limits, periods, window, alarmDays, lateFee }: Contract): string[] {
  const faults: string[] = []
  const say = (wrong: boolean, text: string): void => { if (wrong) faults.push(text) }
  say(limits.overdraft < 0n, 'the overdraft limit is not negative')
  say(limits.alarm2 < -limits.overdraft, 'alarm 2 comes before the trip limit')
  say(limits.alarm1 < limits.alarm2, 'alarm 1 comes before alarm 2')
  say(limits.closing < CLOSING_ABOVE - limits.overdraft, `the closing amount is at least ${moneyText(CLOSING_ABOVE)} above the trip limit`)
  say(limits.hoarding !== undefined && limits.hoarding < limits.closing, 'the hoarding limit is not under the closing amount')
  say(alarmDays.first < alarmDays.second || alarmDays.second < 0, 'alarm 1 comes days before alarm 2')
  say(window.from < 0 || window.to > 1_440 || window.from >= window.to, 'the window lies in one day')
  say([periods.overdueDays, periods.noticeHours, periods.finalNoticeMinutes, lateFee?.current ?? 0, lateFee?.carried ?? 0].some((one) => !Number.isSafeInteger(one) || one < 0), 'periods and rates are whole and not negative')
  return faults
}
