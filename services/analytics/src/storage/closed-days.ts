import type { Clock } from '@zhuzhan/core'
import { errorText } from '@zhuzhan/core'
import type { StationEvent } from '@zhuzhan/contracts'
import { dropOldReadings, tidyDays } from '@zhuzhan/persistence'
import type { EventLog, Skipped, TidiedDay } from '@zhuzhan/persistence'
import { metric } from '@zhuzhan/telemetry'
import type pg from 'pg'
import type { Logger } from 'pino'

export interface StorageSettings {
  /** A day's readings are put in order when it lies this many days back; 0: never. */
  tidyAfterDays: number
  /** 0: for ever. */
  keepReadingsDays: number
}

export interface ClosedDays {
  /** Drops what is too old, then puts days in order until the time of one run is used up. Never rejects: the next run is near. */
  run(signal: AbortSignal): Promise<{ dropped: number; tidied: number }>
}

/** Other work of the queue waits as long; what is left over comes with the next run of the night. */
const BUDGET_MS = 60_000
/** Days that are neither rewritten nor dropped when nothing is said about it. */
const CLOSED_AFTER_DAYS = 2

const tidied = metric('analytics_days_tidied')
const droppedDays = metric('analytics_days_dropped')

/** What the station does at night with the readings of days that are over. */
export function createClosedDays({ pool, events, clock, log, settings }: {
  pool: pg.Pool, events: EventLog, clock: Clock, log: Logger, settings: StorageSettings,
}): ClosedDays {
  const tell = (event: StationEvent): void => {
    void events.publish(event).catch((error: unknown) => log.warn({ reason: errorText(error) }, 'event not written'))
  }
  const fault = (task: string, detail: object): void => {
    log.warn({ task, ...detail }, 'closed days: not done')
    tell({ kind: 'storage.fault', severity: 'warning', code: 'INTERNAL', detail: { task, ...detail } })
  }
  /** A lock that was not to be had is everyday; only a fault is told. */
  const skip = (task: string, skipped: Skipped): void => {
    if (skipped.why === 'failed') fault(task, { day: skipped.day, reason: skipped.reason })
    else log.info({ task, day: skipped.day }, 'closed days: busy, tried again later')
  }
  const drop = async (signal: AbortSignal): Promise<number> => {
    const dropped = await dropOldReadings(pool, {
      now: clock.now(), keepDays: settings.keepReadingsDays, closedAfterDays: Math.max(settings.tidyAfterDays, CLOSED_AFTER_DAYS), signal,
    })
    if (!dropped) return 0
    for (const one of dropped.skipped) skip('drop', one)
    for (const one of dropped.days) {
      droppedDays.add(1)
      log.info(one, 'closed days: dropped')
      tell({ kind: 'storage.dropped', detail: { ...one } })
    }
    const { rows, conflicts } = dropped.single
    if (rows + conflicts > 0) tell({ kind: 'storage.dropped', detail: { rows, conflicts } })
    return dropped.days.length
  }
  const tidy = async (signal: AbortSignal): Promise<number> => {
    if (settings.tidyAfterDays === 0) return 0
    const onDay = (outcome: TidiedDay | Skipped): void => {
      tidied.add(1, { result: 'why' in outcome ? outcome.why : 'done' })
      if ('why' in outcome) return skip('tidy', outcome)
      log.info(outcome, 'closed days: put in order')
      tell({ kind: 'storage.tidied', detail: { ...outcome } })
    }
    const outcomes = await tidyDays(pool, { now: clock.now(), afterDays: settings.tidyAfterDays, budgetMs: BUDGET_MS, signal, onDay })
    return outcomes?.filter((outcome) => !('why' in outcome)).length ?? 0
  }
  const orFault = (task: string, work: (signal: AbortSignal) => Promise<number>, signal: AbortSignal): Promise<number> => work(signal).catch((error: unknown) => {
    fault(task, { reason: errorText(error) })
    return 0
  })
  return {
    run: async (signal) => ({ dropped: await orFault('drop', drop, signal), tidied: await orFault('tidy', tidy, signal) }),
  }
}
