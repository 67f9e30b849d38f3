/** A worker in a process of its own, to be killed: prints each job it takes up and never ends one. */
import { createQueues } from '../create-queues.js'

const [databaseUrl = '', redisUrl = ''] = process.argv.slice(2)
const log = { info: () => undefined, warn: () => undefined, error: () => undefined }
const queues = await createQueues({ databaseUrl, redisUrl: redisUrl || undefined, log, applicationName: 'victim' })
queues.worker('commands', {
  'command.deliver': async ({ commandId }) => {
    process.stdout.write(`${commandId}\n`)
    await new Promise(() => undefined)
  },
}, { concurrency: 5, refuse: async () => undefined })
