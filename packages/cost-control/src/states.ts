/** Where an account stands (analytics §8); `protected` is power-preserve, which beats everything. */
export const STATES = ['normal', 'alarm-1', 'alarm-2', 'pending-trip', 'tripped', 'pending-close', 'protected'] as const
export type State = (typeof STATES)[number]

export const EVENTS = [
  'funded', 'low-1', 'low-2', 'trip-proposed', 'trip-withdrawn', 'trip-failed', 'trip-done', 'close-proposed', 'close-failed', 'close-done', 'protect', 'release',
] as const
export type AccountEvent = (typeof EVENTS)[number]

export const NOTICE_KINDS = ['alarm-1', 'alarm-2', 'final'] as const
export type NoticeKind = (typeof NOTICE_KINDS)[number]

export type Act = 'notice-1' | 'notice-2' | 'propose-trip' | 'withdraw-trip' | 'propose-close'

interface Row {
  from: State
  on: AccountEvent
  to: State
  act?: Act
}

/**
 * The whole machine. An alarm 2 is never reached past alarm 1, so both notices go out; supply that was given back begins anew at
 * normal, and so does a customer whose protection ended: nothing that was said before counts for the next trip.
 */
export const TRANSITIONS: readonly Row[] = [
  { from: 'normal', on: 'low-1', to: 'alarm-1', act: 'notice-1' },
  { from: 'normal', on: 'low-2', to: 'alarm-1', act: 'notice-1' },
  { from: 'alarm-1', on: 'funded', to: 'normal' },
  { from: 'alarm-1', on: 'low-2', to: 'alarm-2', act: 'notice-2' },
  { from: 'alarm-2', on: 'funded', to: 'normal' },
  { from: 'alarm-2', on: 'low-1', to: 'alarm-1' },
  { from: 'alarm-2', on: 'trip-proposed', to: 'pending-trip', act: 'propose-trip' },
  { from: 'pending-trip', on: 'trip-withdrawn', to: 'alarm-2', act: 'withdraw-trip' },
  { from: 'pending-trip', on: 'trip-failed', to: 'alarm-2' },
  { from: 'pending-trip', on: 'trip-done', to: 'tripped' },
  { from: 'tripped', on: 'close-proposed', to: 'pending-close', act: 'propose-close' },
  { from: 'tripped', on: 'close-done', to: 'normal' },
  { from: 'pending-close', on: 'close-failed', to: 'tripped' },
  { from: 'pending-close', on: 'close-done', to: 'normal' },
  { from: 'normal', on: 'protect', to: 'protected' },
  { from: 'alarm-1', on: 'protect', to: 'protected' },
  { from: 'alarm-2', on: 'protect', to: 'protected' },
  // Only while nothing has left the station; what has left is settled first (decide.ts).
  { from: 'pending-trip', on: 'protect', to: 'protected', act: 'withdraw-trip' },
  { from: 'protected', on: 'release', to: 'normal' },
  // Supply that somebody cut by hand in any state is seen by its read-back.
  { from: 'normal', on: 'trip-done', to: 'tripped' },
  { from: 'alarm-1', on: 'trip-done', to: 'tripped' },
  { from: 'alarm-2', on: 'trip-done', to: 'tripped' },
  { from: 'protected', on: 'trip-done', to: 'tripped' },
]

/** What an account is in, and what of its past decides. Times are epoch ms. */
export interface Account {
  state: State
  /** Alarms of this episode only count: since it left `normal`, and since it came to alarm 2 the last time. */
  episodeSince?: number | undefined
  alarm2Since?: number | undefined
  overdueSince?: number | undefined
  lastTrippedAt?: number | undefined
  tripReason?: 'arrears' | 'safety' | undefined
  /** The trip proposed last may have left the station: only a read-back settles it. */
  inFlight?: boolean | undefined
  /** A read-back contradicted the switch; a person has to look. */
  fault?: string | undefined
}

export const NEW_ACCOUNT: Account = { state: 'normal' }

const BY_KEY = new Map(TRANSITIONS.map((row) => [`${row.from} ${row.on}`, row]))

/** Undefined when the table has no such row: the event changes nothing. */
export function transition(account: Account, on: AccountEvent, now: number): { account: Account; act?: Act | undefined } | undefined {
  const row = BY_KEY.get(`${account.state} ${on}`)
  if (!row) return undefined
  const next: Account = { ...account, state: row.to }
  if (row.to === 'normal' || row.to === 'protected') {
    next.episodeSince = undefined
    next.alarm2Since = undefined
  }
  if (row.from === 'normal' && row.to === 'alarm-1') next.episodeSince = now
  if (row.act === 'notice-2') next.alarm2Since = now
  if (row.to !== 'pending-trip') next.inFlight = false
  if (on === 'trip-done') {
    next.lastTrippedAt = now
    next.tripReason = account.tripReason ?? 'arrears'
  }
  if (on === 'close-done') next.tripReason = undefined
  return { account: next, act: row.act }
}
