import { setTimeout as rest } from 'node:timers/promises'
import { JobList, JobStopped, StoppableJob } from '@zhuzhan/contracts'
import type { Clock } from '@zhuzhan/core'
import { askJobsToStop } from '@zhuzhan/persistence'
import type { AuditLog } from '@zhuzhan/persistence'
import type { Queues } from '@zhuzhan/queues'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import type pg from 'pg'
import { z } from 'zod'
import { whoAsks } from '../auth/guard.js'
import type { Guard } from '../auth/guard.js'
import { about, errors } from '../http/route.js'

/** What the routes may do with the queues beyond adding. */
export type JobView = Pick<Queues, 'openJobs' | 'schedules' | 'depth' | 'discard'>

export interface JobDeps {
  pool: pg.Pool
  guard: Guard
  clock: Clock
  audit: AuditLog
  jobs: JobView
}

const GROUP = 'Jobs'
const SHOWN = 200
const STOP_MS = 5_000
const LOOK_MS = 250
const text = (at: Date | null): string | null => at?.toISOString() ?? null

/** The work of analytics: what runs and how far, what is scheduled, and how to stop it. docs/analytics.md, "Jobs". */
export const jobRoutes = ({ pool, guard, clock, audit, jobs }: JobDeps): FastifyPluginAsyncZod => async (app) => {
  app.get('/jobs', { schema: { ...about(GROUP, 'What analytics works on, what waits, and when what is scheduled comes next', 'read'), response: { 200: JobList, ...errors } }, onRequest: guard.requires('read') }, async () => {
    const [open, counts, schedules] = await Promise.all([jobs.openJobs('analysis', SHOWN), jobs.depth('analysis'), jobs.schedules('analysis')])
    return {
      items: open.map((job) => ({ ...job, addedAt: job.addedAt.toISOString(), startedAt: text(job.startedAt) })),
      counts, schedules: schedules.map((schedule) => ({ ...schedule, next: text(schedule.next) })), nextCursor: null,
    }
  })

  app.post('/jobs/:name/stop', {
    schema: { ...about(GROUP, 'Stop the jobs of a name; what they have not done stays due', 'audit.compute'), params: z.object({ name: StoppableJob }), response: { 200: JobStopped, ...errors } },
    onRequest: guard.requires('audit.compute'),
    config: { act: 'job.stop' },
  }, async (request) => {
    const { name } = request.params
    const { username } = whoAsks(request)
    const until = clock.monotonic() + STOP_MS
    let discarded = 0
    for (;;) {
      // Asked again each time: a job may have queued its own rest after the last look.
      await askJobsToStop(pool, name, username)
      const { active, more, ...now } = await jobs.discard(name)
      discarded += now.discarded
      if ((active === 0 && !more) || clock.monotonic() >= until) {
        await audit.append({ actor: username, action: 'job.stop', object: `job/${name}`, outcome: 'ok' })
        return { discarded, left: active, more }
      }
      await rest(more ? 0 : LOOK_MS)
    }
  })
}
