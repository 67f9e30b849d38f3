import { systemClock } from '@zhuzhan/core'
import { createCryptoMachineClient } from '@zhuzhan/crypto-client'
import { createDelivery, createServiceDispatch, noServiceDispatch } from '@zhuzhan/dispatch'
import type { ServiceDispatch } from '@zhuzhan/dispatch'
import { createCommandStore, createEventLog, openDatabase } from '@zhuzhan/persistence'
import { createQueues } from '@zhuzhan/queues'
import { openServiceIdentity } from '@zhuzhan/service-identity'
import { createLogger, loadConfig, opsServer, refuseToStart, runService } from '@zhuzhan/service-kit'
import type { HealthReport } from '@zhuzhan/service-kit'
import { createAnalytics } from './app.js'
import { configSchema } from './config.js'

/** Connections besides those of the storing writes: the analysis and what it tells. */
const OTHER_CONNECTIONS = 3

async function main(): Promise<void> {
  const config = loadConfig(configSchema)
  const log = createLogger({ service: 'analytics', level: config.ZHUZHAN_LOG_LEVEL })
  const database = openDatabase({
    url: config.DATABASE_URL, max: config.ZHUZHAN_STORE_CONCURRENCY + OTHER_CONNECTIONS, applicationName: 'analytics',
    onError: (error) => log.warn({ err: error.message }, 'database connection lost'),
  })
  const queues = await createQueues({ databaseUrl: config.DATABASE_URL, redisUrl: config.REDIS_URL, log, applicationName: 'analytics' })

  const health = async (): Promise<HealthReport> => {
    const [databaseOk, waiting] = await Promise.all([
      database.pool.query('SELECT 1').then(() => true, () => false),
      queues.depth('readings').then(({ waiting: count }) => count, () => undefined),
    ])
    return {
      ok: databaseOk && waiting !== undefined,
      checks: { database: { ok: databaseOk }, queue: { ok: waiting !== undefined, detail: `${queues.backend}, ${waiting ?? '?'} batches waiting` } },
    }
  }
  const { ZHUZHAN_SERVICE_KEY_FILE: path, ZHUZHAN_SERVICE_KEY_SECRET: secret, ZHUZHAN_CRYPTO_URL: url, ZHUZHAN_CRYPTO_SECRET: shared } = config
  const identity = path !== undefined && secret !== undefined ? await openServiceIdentity({ path, secret, production: config.ZHUZHAN_PRODUCTION }) : undefined
  const machine = url !== undefined && shared !== undefined ? createCryptoMachineClient({ url, secret: shared, identity: 'analytics', log }) : undefined
  const store = createCommandStore(database.pool)
  const loadObjects = { pile: config.ZHUZHAN_PILE_OBJECT, appliance: config.ZHUZHAN_APPLIANCE_OBJECT }
  /** For a part of the station that sends commands which nobody but its service signs. */
  const serviceDispatch = (name: string): ServiceDispatch => (identity && machine
    ? createServiceDispatch({
        pool: database.pool, store, delivery: createDelivery(store, queues.add, log), machine, signer: identity, name,
        loadObjects, proxySeconds: config.ZHUZHAN_PROXY_SECONDS, clock: systemClock,
      })
    : noServiceDispatch())
  log.info(identity ? { person: identity.person } : {}, identity && machine ? 'the service has a key' : 'no service key: every command needs two people')

  const analytics = createAnalytics({
    serviceDispatch,
    database, queues, events: createEventLog(database.pool), clock: systemClock, log,
    settings: {
      storeConcurrency: config.ZHUZHAN_STORE_CONCURRENCY, registerFullScale: config.ZHUZHAN_REGISTER_FULL_SCALE, figuresSettleSeconds: config.ZHUZHAN_FIGURES_SETTLE_SECONDS, nightZone: config.ZHUZHAN_NIGHT_ZONE,
      anomalyCaseScore: config.ZHUZHAN_ANOMALY_CASE_SCORE, anomalyModelFile: config.ZHUZHAN_ANOMALY_MODEL_FILE,
      webhooks: { master: config.ZHUZHAN_WEBHOOK_SECRET, origins: config.ZHUZHAN_WEBHOOK_ORIGINS },
      tidyAfterDays: config.ZHUZHAN_TIDY_AFTER_DAYS, keepReadingsDays: config.ZHUZHAN_KEEP_READINGS_DAYS, loadObjects,
    },
  })

  await runService({
    log,
    parts: [
      { name: 'database', start: async () => undefined, stop: () => database.close() },
      { name: 'queues', start: async () => undefined, stop: () => queues.close() },
      ...(machine ? [machine] : []),
      { name: 'service-identity', start: async () => undefined, stop: async () => identity?.close() },
      opsServer({ host: config.ZHUZHAN_OPS_HOST, port: config.ZHUZHAN_OPS_PORT, health, log }),
      ...analytics,
    ],
  })
}

await main().catch(refuseToStart)
