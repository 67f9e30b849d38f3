import type { LoadObjects } from '@zhuzhan/contracts'
import type { Clock } from '@zhuzhan/core'
import type { ServiceDispatch } from '@zhuzhan/dispatch'
import { createLpSolver } from '@zhuzhan/lp-solver'
import type { Database, EventLog } from '@zhuzhan/persistence'
import { createCommandStore, createCostDecisions, createCostLedger, createCostProposals, createMandateStore, createPartitions } from '@zhuzhan/persistence'
import type { QueueWorker, Queues } from '@zhuzhan/queues'
import type { Part } from '@zhuzhan/service-kit'
import type { Logger } from 'pino'
import { createDeadLetters } from './alarms/dead-letters.js'
import { createFailedJobAlarm } from './alarms/failed-jobs.js'
import { analysisHandlers } from './analysis-handlers.js'
import { anomalyModel } from './anomaly/anomaly-model.js'
import { createAnomalyScores } from './anomaly/anomaly-scores.js'
import { createAudits } from './audits/audits.js'
import { createChargingRun } from './charging/charging-run.js'
import { createCharges } from './cost-control/charges.js'
import { createCostRun } from './cost-control/cost-run.js'
import { createMandateClosings } from './cost-control/mandate-closings.js'
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
import { createWebhooks } from './webhooks/webhooks.js'
import type { WebhookSettings } from './webhooks/webhooks.js'

export interface AnalyticsDeps {
  database: Pick<Database, 'pool'>
  queues: Queues
  events: EventLog
  /** Commands that a part of the station, by its name, sends with the service's signature alone. */
  serviceDispatch(name: string): ServiceDispatch
  clock: Clock
  log: Logger
  settings: StorageSettings & {
    storeConcurrency: number
    registerFullScale: number
    figuresSettleSeconds: number
    nightZone: string
    webhooks: WebhookSettings
    /** Score from which a case is opened; 1: none. */
    anomalyCaseScore: number
    /** In place of the model that ships. */
    anomalyModelFile?: string | undefined
    /** OI of the object each kind of controllable load is reached by. */
    loadObjects: LoadObjects
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

/** After the line losses, whose cases stand then: a meter has one. */
const SCORES_AT = '0 4 * * *'

/** A step of a night, or an attempt to carry a notice, is late by so much at most. */
const WAKE_MS = 5_000
/** Jobs in hand for each write under way: while some are written the next ones come. */
const JOBS_A_WRITE = 8
/** Steps of different nights. */
const CHARGING_AT_ONCE = 4
/** Attempts at once: they wait for others' answers most of the time. */
const WEBHOOKS_AT_ONCE = 100

/** Stores readings, keeps the days' figures and the audits up with them. Parts in the order they start. */
export function createAnalytics({ database, queues, events, serviceDispatch, clock, log, settings }: AnalyticsDeps): Part[] {
  const { pool } = database
  const partitions = createPartitions(pool, () => clock.now())
  const letters = createDeadLetters({ pool, log })
  const storedEvents = createStoredEvents({ events, log })
  const store = createReadingStore({ pool, partitions, meters: createMeterIndex(pool, clock), letters, storedEvents, writesAtOnce: settings.storeConcurrency, clock, log })
  const figures = createDayFigures({ pool, clock, settings })
  const audits = createAudits({ pool, queues, clock })
  const runs = createAuditRuns({ pool, queues, clock })
  const forecasts = createForecasts({ pool, queues, clock })
  const losses = createLineLossRun({ pool, queues, clock })
  const scores = createAnomalyScores({ pool, queues, clock, model: () => anomalyModel(settings.anomalyModelFile), caseScore: settings.anomalyCaseScore, nightZone: settings.nightZone })
  const closedDays = createClosedDays({ pool, events, clock, log, settings })
  const decisions = createCostDecisions(pool)
  const costs = createCostRun({
    charges: createCharges({ pool, ledger: createCostLedger(pool) }), readBacks: createReadBacks({ pool, commands: createCommandStore(pool), decisions, queues }), decisions,
    closings: createMandateClosings({ dispatch: serviceDispatch('cost-control'), proposals: createCostProposals(pool), mandates: createMandateStore(pool), log }), log,
  })
  const solver = createLpSolver()
  const charging = createChargingRun({ pool, queues, dispatch: serviceDispatch('charging'), solve: solver.solve, loadObjects: settings.loadObjects, clock, log })
  const webhooks = createWebhooks({ pool, queues, clock, log, settings: settings.webhooks })
  const failed = createFailedJobAlarm({ events, log })

  const readings = (): QueueWorker => queues.worker('readings', { 'reading.store': store }, {
    concurrency: settings.storeConcurrency * JOBS_A_WRITE, refuse: letters.keep, onFailed: failed('readings'),
  })
  const analysis = (): QueueWorker => queues.worker('analysis', analysisHandlers({ pool, queues, figures, audits, runs, losses, scores, costs, forecasts, partitions, closedDays, clock, log }), {
    concurrency: 1, refuse: letters.keep, onFailed: failed('analysis'),
  })
  const nights = (): QueueWorker => queues.worker('charging', {
    'charging.step': async ({ night }, { signal }) => { await charging.step(night, signal) },
    'charging.wake': async () => { await charging.wake() },
  }, { concurrency: CHARGING_AT_ONCE, refuse: letters.keep, onFailed: failed('charging') })
  const carrying = (): QueueWorker => queues.worker('webhooks', {
    'webhook.deliver': (key, { signal }) => webhooks.deliver(key, signal),
    'webhook.wake': async () => { await webhooks.wake() },
  }, { concurrency: WEBHOOKS_AT_ONCE, refuse: letters.keep, onFailed: failed('webhooks') })
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
        queues.scheduler('analysis', 'anomaly-scores', { pattern: SCORES_AT, tz: settings.nightZone }, 'analysis.anomaly-scores', { nightly: true }),
        queues.scheduler('webhooks', 'webhooks', { every: WAKE_MS }, 'webhook.wake', {}),
        queues.scheduler('charging', 'charging', { every: WAKE_MS }, 'charging.wake', {}),
        queues.scheduler('analysis', 'audits', { pattern: '30 2 * * *', tz: settings.nightZone }, 'analysis.audits', {}),
      ].map((scheduler) => scheduler.ready()))
    },
    stop: async () => undefined,
  }
  const solving: Part = { name: 'solver', start: async () => undefined, stop: () => solver.stop() }
  return [storedEvents, solving, rhythms, workerPart('analysis-worker', analysis), workerPart('charging-worker', nights), workerPart('webhook-worker', carrying), workerPart('reading-worker', readings)]
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
