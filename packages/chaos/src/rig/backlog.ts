import { createQueues } from '@zhuzhan/queues'
import type { Queues } from '@zhuzhan/queues'
import type { GeneratorProcess } from '../generator/client.js'
import type { Rig } from './rig.js'

/** What is between the generator and the table. */
export interface Backlog {
  /** Reports terminals hold without an acknowledgement. */
  waiting: number
  /** Terminals that are not logged in. */
  away: number
  /** Jobs with readings in the queue's store, in whatever state; `undefined` while the store does not answer. */
  jobs: number | undefined
}

export interface BacklogProbe {
  look(): Promise<Backlog>
  close(): Promise<void>
}

/** Looks past the proxies, straight at generator and queue. */
export async function openBacklogProbe(rig: Rig, generator: GeneratorProcess, terminals: number): Promise<BacklogProbe> {
  const silent = { info: () => undefined, warn: () => undefined, error: () => undefined }
  const queues: Queues = await createQueues({ databaseUrl: rig.database.url, redisUrl: rig.queueServer?.url, log: silent, applicationName: 'chaos' })
  return {
    look: async () => {
      const [{ waiting, ready }, jobs] = await Promise.all([
        generator.counts(),
        queues.depth('readings').then((depth) => depth.waiting + depth.active + depth.delayed + depth.failed, () => undefined),
      ])
      return { waiting, away: terminals - ready, jobs }
    },
    close: () => queues.close(),
  }
}
