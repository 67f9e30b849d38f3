import { DAY_MS, HesError } from '@zhuzhan/core'
import type { Clock } from '@zhuzhan/core'
import type { StoppableJob } from '@zhuzhan/contracts'
import type { Partitions } from '@zhuzhan/persistence'
import type { Handlers, JobInHand, Queues } from '@zhuzhan/queues'
import { metric } from '@zhuzhan/telemetry'
import type pg from 'pg'
import type { Logger } from 'pino'
import type { AnomalyScores } from './anomaly/anomaly-scores.js'
import type { Audits } from './audits/audits.js'
import type { CostRun } from './cost-control/cost-run.js'
import type { DayFigures, LongWork } from './days/day-figures.js'
import type { Forecasts } from './forecasts/forecasts.js'
import { closeGaps } from './metering/gaps.js'
import { queueAuditsDue } from './metering/audits-due.js'
import type { LineLossRun } from './line-loss/line-loss.js'
import type { AuditRuns } from './site-audits/runs.js'
import { stoppable } from './stoppable.js'
import type { ClosedDays } from './storage/closed-days.js'

const seconds = metric('analytics_job_seconds')
/** Partitions are there this many days before their first reading. */
const AHEAD_DAYS = 3

/** What the queue `analysis` asks for. Every job may be repeated at any point. */
export function analysisHandlers({ pool, queues, figures, audits, runs, losses, scores, costs, forecasts, partitions, closedDays, clock, log }: {
  pool: pg.Pool, queues: Pick<Queues, 'add'>, figures: DayFigures, audits: Audits, runs: AuditRuns, losses: LineLossRun, scores: AnomalyScores, costs: CostRun, forecasts: Forecasts, partitions: Partitions, closedDays: ClosedDays, clock: Clock, log: Logger,
}): Handlers<'analysis'> {
  const timed = async (job: string, work: () => Promise<object>): Promise<void> => {
    const begin = clock.monotonic()
    const outcome = await work()
    const took = (clock.monotonic() - begin) / 1_000
    seconds.record(took, { job })
    log.debug({ job, took, ...outcome }, 'analysis done')
  }
  /** Long work that people may stop by its name (STOPPABLE_JOBS). */
  const long = (name: StoppableJob, job: JobInHand, work: (work: LongWork) => Promise<object>): Promise<void> => timed(name.slice('analysis.'.length), () => stoppable({ pool, log }, name, job, work))
  return {
    'analysis.partitions': () => timed('partitions', async () => {
      await partitions.ensure(Array.from({ length: AHEAD_DAYS + 2 }, (_, ahead) => clock.now() + (ahead - 1) * DAY_MS))
      return {}
    }),
    'analysis.closed-days': (_, { signal }) => timed('closed-days', () => closedDays.run(signal)),
    'analysis.daily': ({ days }, job) => long('analysis.daily', job, async (work) => {
      const meterDays = days === undefined ? await figures.touched(work) : await figures.sweep(days, work)
      return { meterDays, auditsDue: await queueAuditsDue(pool, queues), ...(days !== undefined && { gapsFinal: await closeGaps(pool, new Date(clock.now())) }) }
    }),
    'analysis.audit': ({ meter, month }) => timed('audit', async () => {
      try {
        await audits.one(meter, month)
      } catch (error) {
        // Deleted between the order and its turn: nothing is left to audit, and trying again would not help.
        if (!(error instanceof HesError && error.code === 'NOT_FOUND')) throw error
        log.warn({ meter, month }, 'audit of a meter that is not registered')
      }
      return { meter, month }
    }),
    'analysis.costs': (_, { signal }) => timed('costs', () => costs.run(clock.now(), signal)),
    'analysis.forecast': ({ level, subject, day }, job) => long('analysis.forecast', job, async (work) => {
      try {
        return { level, subject, day, version: await forecasts.one(level, subject, day, work) }
      } catch (error) {
        // Forgotten between the order and its turn, or asked for too early: trying again would not help.
        if (!(error instanceof HesError && (error.code === 'NOT_FOUND' || error.code === 'STATE_CONFLICT'))) throw error
        log.warn({ level, subject, day, reason: error.message }, 'forecast not made')
        return { level, subject, day }
      }
    }),
    'analysis.forecasts': (_, job) => long('analysis.forecasts', job, async (work) => ({ queued: await forecasts.all(work) })),
    'analysis.line-loss': (_, job) => long('analysis.line-loss', job, async (work) => ({ areaDays: await losses.work(work) })),
    'analysis.anomaly-scores': ({ nightly }, job) => long('analysis.anomaly-scores', job, async (work) => {
      if (nightly === true) await scores.night()
      return { meters: await scores.work(work) }
    }),
    'analysis.audits': ({ month }, job) => long('analysis.audits', job, async (work) => ({ queued: await audits.all(month, work) })),
    'analysis.audit-run': ({ run }, job) => timed('audit-run', async () => (run === undefined ? { woken: await runs.wake() } : { run, subjects: await runs.work(run, longWork(job)) })),
  }
}

function longWork({ progress, signal }: JobInHand): LongWork {
  return { progress: (done, total) => progress({ done, total }), signal }
}
