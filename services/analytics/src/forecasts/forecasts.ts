import { DAY_MS, HesError, addDays, dayStart, localDay } from '@zhuzhan/core'
import type { Clock } from '@zhuzhan/core'
import type { ForecastReport } from '@zhuzhan/energy-models'
import { listEnergySites, storeForecast } from '@zhuzhan/persistence'
import type { ForecastRow } from '@zhuzhan/persistence'
import type { Queues } from '@zhuzhan/queues'
import type pg from 'pg'
import type { LongWork } from '../days/day-figures.js'
import { createModelThread } from '../model-thread.js'
import { subjectLoad } from './subject-load.js'
import type { SubjectLoad } from './subject-load.js'

export interface Forecasts {
  /** Computes one day of one subject. @returns the version that holds @throws HesError NOT_FOUND, STATE_CONFLICT before its hour has come */
  one(level: string, subject: string, day: string, work: Pick<LongWork, 'signal'>): Promise<number>
  /** Queues the day after this one for every energy site. @returns how many */
  all(work: LongWork): Promise<number>
}

/** A day is forecast from what was known at this hour of the day before, local time. */
export const ISSUE_HOUR = 10
/** Days compared with what was measured, for the accuracy that stands beside a forecast. */
const BACK_TEST_DAYS = 28
const HOUR_MS = 3_600_000
/** Learning takes seconds. */
const FORECAST_MS = 120_000
/** Behind the figures of the day and the audits. */
const PRIORITY = 20

/** Day-ahead forecasts of loads, kept as versions in load_forecast. */
export function createForecasts({ pool, queues, clock }: { pool: pg.Pool; queues: Pick<Queues, 'add'>; clock: Clock }): Forecasts {
  const forecast = async ({ load, utcOffsetMinutes, seen, digest }: SubjectLoad, day: string, signal: AbortSignal): Promise<Omit<ForecastRow, 'version' | 'level' | 'subject'>> => {
    const thread = createModelThread()
    const common = { day, utcOffsetMinutes, seen, digest, computedAt: new Date(clock.now()) }
    try {
      const { points, ...report } = await thread.run('walkForward', [load, { from: load.start + (load.days - 1 - BACK_TEST_DAYS) * DAY_MS, issueHour: ISSUE_HOUR }], FORECAST_MS, signal)
      const own = points.filter(({ time }) => time.startsWith(day))
      if (own.length !== load.perDay) throw new HesError('DATA_REFUSED', `The candidates need more days before ${day}.`)
      return { ...common, method: own[0]?.method ?? null, power: own.map(({ forecast: kw }) => Math.round(kw * 1_000) / 1_000), whyNot: null, backTest: backTestOf(report) }
    } catch (error) {
      if (!(error instanceof HesError) || error.code !== 'DATA_REFUSED') throw error
      return { ...common, method: null, power: null, whyNot: error.message, backTest: null }
    } finally {
      await thread.stop()
    }
  }
  return {
    one: async (level, subject, day, { signal }) => {
      const issuedAt = (utcOffsetMinutes: number): number => dayStart(addDays(day, -1), utcOffsetMinutes) + ISSUE_HOUR * HOUR_MS
      const seen = await subjectLoad(pool, level, subject, day, (utcOffsetMinutes) => {
        if (clock.now() < issuedAt(utcOffsetMinutes)) throw new HesError('STATE_CONFLICT', `${day} is forecast from ${ISSUE_HOUR}:00 of the day before.`)
        return issuedAt(utcOffsetMinutes)
      })
      return storeForecast(pool, { level, subject, ...await forecast(seen, day, signal) })
    },
    all: async ({ progress, signal }) => {
      const sites = await listEnergySites(pool)
      let queued = 0
      for (const { id, level, utcOffsetMinutes } of sites) {
        signal.throwIfAborted()
        if (utcOffsetMinutes === null) continue
        const day = addDays(localDay(clock.now(), utcOffsetMinutes), 1)
        // The id keeps a second job out while the first waits, when this one is repeated.
        await queues.add('analysis.forecast', { level: level as 'customer', subject: id, day }, { jobId: `forecast-${level}-${id}-${day}`, priority: PRIORITY })
        await progress(++queued, sites.length)
      }
      return queued
    },
  }
}

function backTestOf({ wape, mape, nrmse, days, from, to, candidates, refused }: Omit<ForecastReport, 'points'>): Record<string, unknown> {
  return { wape, mape, nrmse, days, from, to, candidates, refused }
}
