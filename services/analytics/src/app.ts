import type { Clock } from '@zhuzhan/core'
import type { Database, EventLog } from '@zhuzhan/persistence'
import { createCommandStore, createCostDecisions, createCostLedger, createPartitions } from '@zhuzhan/persistence'
import type { QueueWorker, Queues } from '@zhuzhan/queues'
import type { Part } from '@zhuzhan/service-kit'
import type { Logger } from 'pino'
import { createDeadLetters } from './alarms/dead-letters.js'
import { createFailedJobAlarm } from './alarms/failed-jobs.js'
import { analysisHandlers } from './analysis-handlers.js'
import { createAudits } from './audits/audits.js'
import { createCharges } from './cost-control/charges.js'
import { createCostRun } from './cost-control/cost-run.js'
import { createReadBacks } from './cost-control/read-backs.js'
import { createDayFigures } from './days/day-figures.js'
import { ISSUE_HOUR, createForecasts } from './forecasts/forecasts.js'
import { createLineLossRun } from './line-loss/line-loss.js'
import { createMeterIndex } from './readings/meter-index.js'
import { createReadingStore } from './readings/reading-store.js'
import { createStoredEvents } from './readings/stored-events.js'
import { createAuditRuns } from './site-audits/runs.js'
import { createClosedDays } from './storage/closed-days.js'
import type { StorageSettings } from './storage/closed-days.js'

export interface AnalyticsDeps {
  database: Pick<Database, 'pool'>
  queues: Queues
  events: EventLog
  clock: Clock
  log: Logger
  settings: StorageSettings & {
    storeConcurrency: number
    registerFullScale: number
    figuresSettleSeconds: number
    nightZone: string
  }
}

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
/** The hourly sweep looks this many days back; a day that lies further back changes only by readings, which touch it. */
const SWEEP_DAYS = 2
/** Every five minutes of the night's quiet hours: a run does what one minute holds, and what was busy comes again. */
const CLOSED_DAYS_AT = '*/5 1-4 * * *'

/** After the night's collection has brought the registers of midnight, and again before people come. */
const LOSSES_AT = '15 3,6 * * *'

/** Stores readings, keeps the days' figures and the audits up with them. Parts in the order they start. */
export function createAnalytics({ database, queues, events, clock, log, settings }: AnalyticsDeps): Part[] {
  const { pool } = database
  const partitions = createPartitions(pool, () => clock.now())
  const letters = createDeadLetters({ pool, log })
  const storedEvents = createStoredEvents({ events, log })
  const store = createReadingStore({ pool, partitions, meters: createMeterIndex(pool, clock), letters, storedEvents, clock, log })
  const figures = createDayFigures({ pool, clock, settings })
  const audits = createAudits({ pool, queues, clock })
  const runs = createAuditRuns({ pool, queues, clock })
  const forecasts = createForecasts({ pool, queues, clock })
  const losses = createLineLossRun({ pool, queues, clock })
  const closedDays = createClosedDays({ pool, events, clock, log, settings })
  const decisions = createCostDecisions(pool)
  const costs = createCostRun({
    charges: createCharges({ pool, ledger: createCostLedger(pool) }), readBacks: createReadBacks({ pool, commands: createCommandStore(pool), decisions, queues }), decisions, log,
  })
  const failed = createFailedJobAlarm({ events, log })

  const readings = (): QueueWorker => queues.worker('readings', { 'reading.store': store }, {
    concurrency: settings.storeConcurrency, refuse: letters.keep, onFailed: failed('readings'),
  })
  const analysis = (): QueueWorker => queues.worker('analysis', analysisHandlers({ pool, queues, figures, audits, runs, losses, costs, forecasts, partitions, closedDays, clock, log }), {
    concurrency: 1, refuse: letters.keep, onFailed: failed('analysis'),
  })
  const rhythms: Part = {
    name: 'rhythms',
    start: async () => {
      await Promise.all([
        queues.scheduler('analysis', 'partitions', { every: HOUR_MS }, 'analysis.partitions', {}),
        queues.scheduler('analysis', 'touched-days', { every: MINUTE_MS }, 'analysis.daily', {}),
        queues.scheduler('analysis', 'audit-runs', { every: MINUTE_MS }, 'analysis.audit-run', {}),
        queues.scheduler('analysis', 'sweep', { every: HOUR_MS }, 'analysis.daily', { days: SWEEP_DAYS }),
        queues.scheduler('analysis', 'closed-days', { pattern: CLOSED_DAYS_AT, tz: settings.nightZone }, 'analysis.closed-days', {}),
        queues.scheduler('analysis', 'costs', { every: MINUTE_MS }, 'analysis.costs', {}),
        queues.scheduler('analysis', 'forecasts', { pattern: `5 ${ISSUE_HOUR} * * *`, tz: settings.nightZone }, 'analysis.forecasts', {}),
        queues.scheduler('analysis', 'line-loss', { pattern: LOSSES_AT, tz: settings.nightZone }, 'analysis.line-loss', {}),
        queues.scheduler('analysis', 'audits', { pattern: '30 2 * * *', tz: settings.nightZone }, 'analysis.audits', {}),
      ].map((scheduler) => scheduler.ready()))
    },
    stop: async () => undefined,
  }
  return [storedEvents, rhythms, workerPart('analysis-worker', analysis), workerPart('reading-worker', readings)]
}

function workerPart(name: string, begin: () => QueueWorker): Part {
  let worker: QueueWorker | undefined
  return {
    name,
    start: async () => {
      worker = begin()
      await worker.ready()
    },
    stop: async () => { await worker?.close() },
  }
}
