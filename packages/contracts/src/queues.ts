import { z } from 'zod'

/**
 * Names and payloads of every job. The worker parses again: a job type is a promise, not a check.
 * Binary travels as base64 of msgpack, because JSON of the same rows costs several times more.
 */
export const QUEUES = {
  readings: 'readings',
  commands: 'commands',
  collection: 'collection',
  analysis: 'analysis',
  keys: 'keys',
  charging: 'charging',
  webhooks: 'webhooks',
} as const
export type QueueName = keyof typeof QUEUES

const traceparent = z.string().regex(/^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/)

export const ReadingsStoreJob = z.object({
  /** base64 of msgpack of `ReadingColumns`. */
  batch: z.string().min(1).max(8_000_000),
  rows: z.number().int().positive(),
  traceparent: traceparent.optional(),
})
export const CommandDeliverJob = z.object({ commandId: z.uuid(), traceparent: traceparent.optional() })
/** A plan's turn has come: find the terminals that owe something. */
export const CollectionTickJob = z.object({ planId: z.string().min(1) })
/** Read what one terminal owes of one plan. */
export const CollectionTerminalJob = z.object({ planId: z.string().min(1), terminal: z.string().regex(/^[0-9]{12}$/) })
/** Look for open key updates and hand each to the front end that can reach the device. */
export const KeysTickJob = z.object({})
/** Carry one device's open key update on, through the terminal it is reached by. */
export const KeysDeviceJob = z.object({ address: z.string().regex(/^[0-9]{12}$/), terminal: z.string().regex(/^[0-9]{12}$/) })
/** Recompute completeness and daily energy of the days changed since the last run. */
export const AnalysisDailyJob = z.object({ days: z.number().int().positive().max(400).optional() })
export const AnalysisPartitionsJob = z.object({})
/** Drop readings that are too old and put closed days in order, as far as one run's time goes. */
export const AnalysisClosedDaysJob = z.object({})
const month = z.string().regex(/^[0-9]{4}-(0[1-9]|1[0-2])$/)
/** Energy audit of one meter and month (local to its terminal); the row of energy_audit is replaced. */
export const AnalysisAuditJob = z.object({ meter: z.string().regex(/^[0-9]{12}$/), month })
/** The same for every meter; without a month the one in progress and, during its first week, the one before. */
export const AnalysisAuditsJob = z.object({ month: month.optional() })
/** Charges, alarms and proposals of cost control. */
export const AnalysisCostsJob = z.object({})

/** Compute the days of transformer areas that are due (table area_loss_due). */
export const AnalysisLineLossJob = z.object({})

/** Go on with a run of energy audits (table energy_audit_run); without one, look for runs nobody works on. */
export const AnalysisAuditRunJob = z.object({ run: z.uuid().optional() })

/** Day-ahead forecast of one subject's load for a local day (table load_forecast). */
export const AnalysisForecastJob = z.object({ level: z.enum(['customer', 'area', 'plant']), subject: z.string().min(1).max(60), day: z.iso.date() })
/** The same for every energy site and the day after this one. */
export const AnalysisForecastsJob = z.object({})

/** Go on with the oldest run of anomaly scores that is not done (table anomaly_run); `nightly`: order the night's before. */
export const AnalysisAnomalyScoresJob = z.object({ nightly: z.boolean().optional() })

/** One step of a night of orderly charging (table charging_night). */
export const ChargingStepJob = z.object({ night: z.number().int().positive() })
/** Queue a step of every night whose turn is past. */
export const ChargingWakeJob = z.object({})

/** One attempt to bring a notice to an endpoint (table webhook_delivery). */
export const WebhookDeliverJob = z.object({ notice: z.number().int().positive(), endpoint: z.uuid() })
/** Queue an attempt of every delivery whose turn has come. */
export const WebhookWakeJob = z.object({})

/** Job name → payload. Handlers are keyed by this map, so that a missing one does not compile. */
export const JOBS = {
  'reading.store': { queue: 'readings', data: ReadingsStoreJob },
  'command.deliver': { queue: 'commands', data: CommandDeliverJob },
  'collection.tick': { queue: 'collection', data: CollectionTickJob },
  'collection.terminal': { queue: 'collection', data: CollectionTerminalJob },
  'keys.tick': { queue: 'keys', data: KeysTickJob },
  'keys.device': { queue: 'keys', data: KeysDeviceJob },
  'analysis.daily': { queue: 'analysis', data: AnalysisDailyJob },
  'analysis.partitions': { queue: 'analysis', data: AnalysisPartitionsJob },
  'analysis.closed-days': { queue: 'analysis', data: AnalysisClosedDaysJob },
  'analysis.audit': { queue: 'analysis', data: AnalysisAuditJob },
  'analysis.audits': { queue: 'analysis', data: AnalysisAuditsJob },
  'analysis.audit-run': { queue: 'analysis', data: AnalysisAuditRunJob },
  'analysis.line-loss': { queue: 'analysis', data: AnalysisLineLossJob },
  'analysis.costs': { queue: 'analysis', data: AnalysisCostsJob },
  'analysis.forecast': { queue: 'analysis', data: AnalysisForecastJob },
  'analysis.forecasts': { queue: 'analysis', data: AnalysisForecastsJob },
  'analysis.anomaly-scores': { queue: 'analysis', data: AnalysisAnomalyScoresJob },
  'charging.step': { queue: 'charging', data: ChargingStepJob },
  'charging.wake': { queue: 'charging', data: ChargingWakeJob },
  'webhook.deliver': { queue: 'webhooks', data: WebhookDeliverJob },
  'webhook.wake': { queue: 'webhooks', data: WebhookWakeJob },
} as const satisfies Record<string, { queue: QueueName; data: z.ZodType }>

export type JobName = keyof typeof JOBS
export type JobData<N extends JobName> = z.infer<(typeof JOBS)[N]['data']>
export type JobsOf<Q extends QueueName> = { [N in JobName]: (typeof JOBS)[N]['queue'] extends Q ? N : never }[JobName]
