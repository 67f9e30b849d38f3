import type { Job } from 'bullmq'
import type { JobName, QueueName } from '@zhuzhan/contracts'
import type { Producer } from './producer.js'

/** A job that is not over. */
export interface OpenJob {
  id: string
  name: string
  state: 'active' | 'waiting' | 'delayed'
  /** What its worker told last. */
  progress: { done: number; total: number } | null
  /** 0 before the first attempt has failed. */
  attemptsFailed: number
  addedAt: Date
  /** Set while a worker has it, or had it. */
  startedAt: Date | null
}

/** A repeating job. */
export interface Schedule {
  id: string
  name: string
  /** Milliseconds, or cron with its IANA time zone. */
  every: number | null
  pattern: string | null
  tz: string | null
  next: Date | null
}

const STATES = [['active', 'active'], ['waiting', 'waiting'], ['prioritized', 'waiting'], ['delayed', 'delayed']] as const
/** Jobs taken out in one go: each is a call of its own to the store. */
const DISCARDED_AT_ONCE = 500

/** @returns at most `limit` of each state, the active ones first; without what schedules have coming */
export async function listOpenJobs(producer: Producer, queue: QueueName, limit: number): Promise<OpenJob[]> {
  const one = await producer.queue(queue)
  const found: OpenJob[] = []
  for (const [type, state] of STATES) {
    const jobs = (await one.getJobs([type], 0, limit - 1, true)) as (Job | undefined)[]
    // One that ended between the list and its reading is none; the next of a schedule is told with its schedule.
    found.push(...jobs.flatMap((job) => (job === undefined || (state === 'delayed' && job.repeatJobKey !== undefined) ? [] : [{
      id: job.id ?? '', name: job.name, state, progress: progressOf(job.progress), attemptsFailed: job.attemptsMade,
      addedAt: new Date(job.timestamp), startedAt: job.processedOn === undefined ? null : new Date(job.processedOn),
    }])))
  }
  return found
}

export async function listSchedules(producer: Producer, queue: QueueName): Promise<Schedule[]> {
  const schedules = await (await producer.queue(queue)).getJobSchedulers(0, -1, true)
  return schedules.map(({ key, name, every, pattern, tz, next }) => ({
    id: key, name, every: every === undefined ? null : Number(every), pattern: pattern ?? null, tz: tz ?? null, next: next === undefined ? null : new Date(next),
  })).sort((a, b) => (a.id < b.id ? -1 : 1))
}

/** Takes jobs out that nobody has begun; the next of a schedule stays. @returns how many, and whether more are left */
export async function discardJobs(producer: Producer, queue: QueueName, name: JobName): Promise<{ discarded: number; active: number; more: boolean }> {
  const one = await producer.queue(queue)
  const waiting = ((await one.getJobs(['waiting', 'prioritized', 'delayed'], 0, -1, true)) as (Job | undefined)[]).filter((job) => job !== undefined && job.name === name) as Job[]
  let discarded = 0
  for (const job of waiting.slice(0, DISCARDED_AT_ONCE)) {
    // Refused by BullMQ: the next of a schedule, which would stop without it, and one that a worker took up meanwhile, which is counted below.
    await job.remove().then(() => { discarded += 1 }, () => undefined)
  }
  const active = ((await one.getJobs(['active'], 0, -1, true)) as (Job | undefined)[]).filter((job) => job?.name === name).length
  return { discarded, active, more: waiting.length > DISCARDED_AT_ONCE }
}

function progressOf(value: unknown): OpenJob['progress'] {
  if (typeof value !== 'object' || value === null || !('done' in value) || !('total' in value)) return null
  return typeof value.done === 'number' && typeof value.total === 'number' ? { done: value.done, total: value.total } : null
}
