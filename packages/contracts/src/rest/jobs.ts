import { z } from 'zod'

/** Work of analytics that people may stop; what it had not done stays due. Runs of energy audits are stopped by their own ids. */
export const STOPPABLE_JOBS = ['analysis.daily', 'analysis.audit', 'analysis.audits', 'analysis.line-loss', 'analysis.forecast', 'analysis.forecasts', 'analysis.anomaly-scores'] as const
export const StoppableJob = z.enum(STOPPABLE_JOBS)
export type StoppableJob = z.output<typeof StoppableJob>

export const JobList = z.object({
  items: z.array(z.object({
    id: z.string(),
    name: z.string(),
    state: z.enum(['active', 'waiting', 'delayed']),
    progress: z.object({ done: z.number(), total: z.number() }).nullable().describe('What the worker told last'),
    attemptsFailed: z.number().int(),
    addedAt: z.string(),
    startedAt: z.string().nullable(),
  })).describe('At most 200 of each state, the active ones first'),
  counts: z.object({ waiting: z.number().int(), active: z.number().int(), delayed: z.number().int(), failed: z.number().int() }),
  schedules: z.array(z.object({
    id: z.string(),
    name: z.string(),
    every: z.number().nullable().describe('Milliseconds'),
    pattern: z.string().nullable().describe('Cron'),
    tz: z.string().nullable(),
    next: z.string().nullable(),
  })),
  nextCursor: z.null(),
}).meta({ id: 'Jobs' })

export const JobStopped = z.object({
  discarded: z.number().int().describe('Jobs taken out that nobody had begun'),
  left: z.number().int().describe('Jobs that workers still had after five seconds; they end at their next good point'),
  more: z.boolean().describe('More wait than are taken out in five seconds: ask again'),
}).meta({ id: 'JobStopped' })
