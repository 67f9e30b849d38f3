import { readFileSync } from 'node:fs'
import { systemClock } from '@zhuzhan/core'
import { createCryptoMachineClient } from '@zhuzhan/crypto-client'
import { createDelivery, createModuleStates } from '@zhuzhan/dispatch'
import { createAuditLog, createBatchStore, createCommandStore, createEventLog, listen, openDatabase } from '@zhuzhan/persistence'
import { createQueues } from '@zhuzhan/queues'
import { policySettings } from '@zhuzhan/policy'
import { createLogger, loadConfig, opsServer, refuseToStart, runService } from '@zhuzhan/service-kit'
import { createApp } from './app.js'
import { signByCryptoMachine } from './audit-log/crypto-signer.js'
import { headSigner } from './audit-log/head-signer.js'
import { ensureFirstAdmin } from './auth/first-admin.js'
import { createPasswords } from './auth/passwords.js'
import { laboratoryOffice, noMachine } from './authority/office.js'
import { laboratoryPersons } from './authority/persons.js'
import { placeKeeper } from './authority/place-keeper.js'
import { serviceKeeper } from './authority/service-keeper.js'
import { createCommandBatches } from './commands/batches.js'
import { createBeforeApproval } from './cost-control/before-approval.js'
import { createCommandService } from './commands/service.js'
import { commandSweeper } from './commands/sweeper.js'
import { createTickets } from './commands/tickets.js'
import { configSchema } from './config.js'
import { createEventFeed } from './feed/feed.js'
import { restServer } from './rest-server.js'

async function main(): Promise<void> {
  const config = loadConfig(configSchema)
  const clock = systemClock
  const log = createLogger({ service: 'operator-api', level: config.ZHUZHAN_LOG_LEVEL })
  const warn = (what: string) => (error: Error): void => log.warn({ err: error.message }, what)
  const production = config.ZHUZHAN_PRODUCTION
  const policy = policySettings({ production, hardware: config.ZHUZHAN_HARDWARE_CIPHERS, laboratory: config.ZHUZHAN_LAB_SUBSTITUTION })

  const database = openDatabase({ url: config.DATABASE_URL, max: 10, applicationName: 'operator-api', onError: warn('database connection lost') })
  const { pool } = database
  const queues = await createQueues({ databaseUrl: config.DATABASE_URL, redisUrl: config.REDIS_URL, log, applicationName: 'operator-api queues' })
  const passwords = createPasswords()
  const store = createCommandStore(pool)
  const delivery = createDelivery(store, queues.add, log)
  const feed = createEventFeed({
    pool, clock, log,
    listen: (wake) => listen({ url: config.DATABASE_URL, channel: 'zhuzhan_event', onNotify: wake, onConnected: wake, onError: warn('event notifications interrupted') }),
  })
  const machine = config.ZHUZHAN_CRYPTO_URL && config.ZHUZHAN_CRYPTO_SECRET
    ? createCryptoMachineClient({ url: config.ZHUZHAN_CRYPTO_URL, secret: config.ZHUZHAN_CRYPTO_SECRET, identity: 'operator-api', log })
    : undefined

  // The machine refuses passwords in production; not even trying keeps them out of there.
  const administrators = production ? undefined : config.ZHUZHAN_ADMINISTRATORS_FILE
  const office = machine && administrators !== undefined ? laboratoryOffice(machine, administrators) : undefined
  const persons = machine && office && laboratoryPersons({ pool, machine, office, log })
  const tickets = createTickets({ pool, machine: machine ?? noMachine(), persons, proxySeconds: config.ZHUZHAN_PROXY_SECONDS })

  const loadObjects = { pile: config.ZHUZHAN_PILE_OBJECT, appliance: config.ZHUZHAN_APPLIANCE_OBJECT }

  const build = async () => {
    await ensureFirstAdmin(pool, passwords, { username: config.ZHUZHAN_ADMIN_USERNAME, password: config.ZHUZHAN_ADMIN_PASSWORD, production }, log)
    return createApp({
      database, passwords, store, feed, clock, log, production, policy,
      audit: createAuditLog(pool), events: createEventLog(pool), enqueue: queues.add, jobs: queues,
      commands: createCommandService({ pool, store, delivery, tickets, loadObjects, clock, modules: createModuleStates(machine) }), tickets,
      batches: createCommandBatches({ pool, store: createBatchStore(pool), delivery, tickets, clock, modules: createModuleStates(machine), beforeApproval: createBeforeApproval({ pool, clock }) }), persons,
      machine, office,
      webhooks: { master: config.ZHUZHAN_WEBHOOK_SECRET, origins: config.ZHUZHAN_WEBHOOK_ORIGINS },
      version: version(), tokenSecret: config.ZHUZHAN_TOKEN_SECRET, requestsPerMinute: config.ZHUZHAN_API_REQUESTS_PER_MINUTE,
    })
  }
  const health = async () => {
    const reachable = await pool.query('SELECT 1').then(() => true, () => false)
    return { ok: reachable, checks: { database: { ok: reachable }, ...(machine ? { crypto_machine: { ok: machine.connected } } : {}) } }
  }

  await runService({
    log,
    parts: [
      { name: 'database', start: async () => undefined, stop: () => database.close() },
      { name: 'queues', start: async () => undefined, stop: () => queues.close() },
      opsServer({ host: config.ZHUZHAN_OPS_HOST, port: config.ZHUZHAN_OPS_PORT, health, log }),
      ...(machine ? [machine, headSigner({ pool, sign: signByCryptoMachine(machine), clock, log })] : []),
      ...(machine && office ? [placeKeeper({
        pool, machine, office, clock, log,
        listen: (wake) => listen({ url: config.DATABASE_URL, channel: 'zhuzhan_registry', onNotify: wake, onConnected: wake, onError: warn('registry notifications interrupted') }),
      })] : []),
      ...(machine && office && config.ZHUZHAN_SERVICE_KEY_FILE !== undefined ? [serviceKeeper({ machine, office, keyFile: config.ZHUZHAN_SERVICE_KEY_FILE, loadObjects, clock, log })] : []),
      commandSweeper({ pool, store, delivery, clock, log }),
      feed,
      // Intake last: it stops first.
      restServer({ build, host: config.ZHUZHAN_API_HOST, port: config.ZHUZHAN_API_PORT, log }),
    ],
  })
}

function version(): string {
  const { version: text } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }
  return text
}

await main().catch(refuseToStart)
