import type { Queues } from '@zhuzhan/queues'

/** Hands a job to its queue; durable when it resolves. @throws HesError UNAVAILABLE */
export type Enqueue = Queues['add']
