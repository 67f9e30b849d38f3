import type { Clock } from '@zhuzhan/core'
import { APPLIANCE_OBJECT, PILE_OBJECT } from '@zhuzhan/dlt698'
import type { Oad } from '@zhuzhan/dlt698'
import type { HardwareCipher } from '@zhuzhan/policy'
import type { Faults } from '../faults/faults.js'
import type { Dial } from '../run/dial.js'
import type { Ledger } from '../run/ledger.js'
import type { Random } from '../run/random.js'
import type { Scheduler } from '../run/scheduler.js'
import type { StateStore } from '../run/state-journal.js'

/** What all terminals of a fleet share. */
export interface FleetContext {
  clock: Clock
  scheduler: Scheduler
  random: Random
  dial: Dial
  faults: Faults
  state: StateStore
  ledger: Ledger
  counts: Counts
  settings: Settings
  log: FleetLog
}

/** The part of a pino logger the fleet uses. */
export interface FleetLog {
  debug(context: object, message: string): void
  info(context: object, message: string): void
  warn(context: object, message: string): void
}

export interface Settings {
  /** Minutes east of UTC. */
  zone: number
  heartbeatSeconds: number
  /** Seconds between reports; 0 for none. Below a minute present values are reported, otherwise frozen ones. */
  reportSeconds: number
  /** What a report carries for each meter. */
  reportItems: readonly Oad[]
  /** An unconfirmed report is repeated after this, so many times; then the terminal rests before it tries again. */
  reportTimeoutMs: number
  reportRepeats: number
  reportRestMs: number
  /** Largest frame (value of L) and APDU, until a CONNECT agrees on less. */
  frameSize: number
  apduSize: number
  /** Phones, breakers, sensors, appliances and piles at the boundaries of the fleet's meters, all together. */
  fieldDevices: number
  /** Seconds between what one of them says. */
  fieldSeconds: number
  /** Unpublished algorithms that SM4 replaces here, marked as such; with SM1 there are handhelds too. */
  labSubstitution: readonly HardwareCipher[]
  /** OI of the charging pile object that each meter has: not the standard's. */
  pileObject: string
  /** The same of an appliance. */
  applianceObject: string
  /** Answer at once, without the times a real line takes. */
  instant: boolean
}

export const USUAL_SETTINGS: Settings = {
  zone: 480,
  heartbeatSeconds: 60,
  reportSeconds: 60,
  reportItems: ['00100200', '20000200', '20010200', '20040200'],
  reportTimeoutMs: 15_000,
  reportRepeats: 3,
  reportRestMs: 60_000,
  frameSize: 1_024,
  apduSize: 4_096,
  fieldDevices: 0,
  fieldSeconds: 60,
  labSubstitution: [],
  pileObject: PILE_OBJECT,
  applianceObject: APPLIANCE_OBJECT,
  instant: false,
}

/** Sums over the fleet since it started. */
export interface Counts {
  connects: number
  logins: number
  refusedLogins: number
  disconnects: number
  heartbeats: number
  framesSent: number
  framesReceived: number
  bytesDiscarded: number
  requests: number
  answers: number
  /** Requests a protected terminal did not answer, and frames for somebody else. */
  ignored: number
  sessions: number
  securityRefusals: number
  reportsMade: number
  /** Frames with a report, repetitions included. */
  reportsSent: number
  reportsRepeated: number
  reportsAcknowledged: number
  /** Not made, because too many were waiting. */
  reportsSkipped: number
  readingsAcknowledged: number
  /** Confirmations that fit no report. */
  strayConfirmations: number
  deaths: number
  /** At the boundaries of the meters: messages either way, pairings, sessions and how many of those are a laboratory substitution. */
  fieldMessages: number
  fieldPairings: number
  fieldSessions: number
  fieldSubstituted: number
  /** Values that count, values that were authentic but not believed, messages without the right form, rate or right, and what was not authentic. */
  fieldAccepted: number
  fieldFlagged: number
  fieldFiltered: number
  fieldRefused: number
}

export function zeroCounts(): Counts {
  return {
    connects: 0, logins: 0, refusedLogins: 0, disconnects: 0, heartbeats: 0, framesSent: 0, framesReceived: 0, bytesDiscarded: 0, requests: 0, answers: 0,
    ignored: 0, sessions: 0, securityRefusals: 0, reportsMade: 0, reportsSent: 0, reportsRepeated: 0, reportsAcknowledged: 0, reportsSkipped: 0,
    readingsAcknowledged: 0, strayConfirmations: 0, deaths: 0, fieldMessages: 0, fieldPairings: 0, fieldSessions: 0, fieldSubstituted: 0, fieldAccepted: 0, fieldFlagged: 0,
    fieldFiltered: 0, fieldRefused: 0,
  }
}
