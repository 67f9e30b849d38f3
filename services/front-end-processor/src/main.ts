import { systemClock } from '@zhuzhan/core'
import { createCryptoMachineClient } from '@zhuzhan/crypto-client'
import { createAuditLog, createCollectionStore, createCommandStore, createEventLog, createRefusalLog, createRegistry, GROUP_CLOCK_CHANNEL, listen, openDatabase } from '@zhuzhan/persistence'
import { createQueues } from '@zhuzhan/queues'
import { createLogger, loadConfig, opsServer, refuseToStart, runService } from '@zhuzhan/service-kit'
import { metric } from '@zhuzhan/telemetry'
import { createFrontEnd } from './app.js'
import { configSchema } from './config.js'
import { gatewayClient } from './gateway-link/gateway-client.js'

async function main(): Promise<void> {
  const config = loadConfig(configSchema)
  const log = createLogger({ service: 'front-end-processor', level: config.ZHUZHAN_LOG_LEVEL })
  const warn = (what: string) => (error: Error): void => log.warn({ err: error.message }, what)
  const database = openDatabase({ url: config.DATABASE_URL, max: 8, applicationName: 'front-end-processor', onError: warn('database connection lost') })
  const queues = await createQueues({ databaseUrl: config.DATABASE_URL, redisUrl: config.REDIS_URL, log, applicationName: 'front-end-processor queues' })

  const events = createEventLog(database.pool)
  const refusals = createRefusalLog({
    actor: `front-end/${config.ZHUZHAN_FEP_ID}`, audit: createAuditLog(database.pool), events,
    count: (code) => metric('fep_refusals').add(1, { code }), onError: warn('refusals not written yet'),
  })
  const registry = createRegistry({ pool: database.pool, url: config.DATABASE_URL, onError: warn('registry notifications interrupted'), onChange: (address) => frontEnd.onRegistryChange(address) })
  const machine = createCryptoMachineClient({
    url: config.ZHUZHAN_CRYPTO_URL, secret: config.ZHUZHAN_CRYPTO_SECRET, identity: config.ZHUZHAN_FEP_ID, log, onConnected: () => void frontEnd.onMachineBack(),
  })

  const frontEnd = createFrontEnd({
    config, database, registry, events, refusals, queues, machine, log, clock: systemClock,
    commands: createCommandStore(database.pool), collection: createCollectionStore(database.pool),
  })
  const broadcasts = listen({ url: config.DATABASE_URL, channel: GROUP_CLOCK_CHANNEL, onNotify: (id) => void frontEnd.onBroadcast(id), onConnected: () => undefined, onError: warn('notifications of broadcasts interrupted') })
  const gateways = config.ZHUZHAN_GATEWAYS.map((url) => gatewayClient({ url, frontendId: config.ZHUZHAN_FEP_ID, secret: config.ZHUZHAN_LINK_SECRET, handlers: frontEnd.handlers, log }))

  const health = async () => {
    const reachable = await database.pool.query('SELECT 1').then(() => true, () => false)
    const linked = gateways.filter((gateway) => gateway.connected).length
    return { ok: true, checks: { database: { ok: reachable }, gateways: { ok: linked > 0, detail: `${linked} of ${gateways.length} linked` }, terminals: { ok: true, detail: `${frontEnd.terminals} served` } } }
  }

  await runService({
    log,
    parts: [
      { name: 'database', start: async () => undefined, stop: () => database.close() },
      { name: 'queues', start: async () => undefined, stop: () => queues.close() },
      { name: 'registry', start: async () => undefined, stop: () => registry.close() },
      { name: 'broadcasts', start: async () => undefined, stop: () => broadcasts.close() },
      { name: 'refusals', start: async () => undefined, stop: () => refusals.stop() },
      machine,
      opsServer({ host: config.ZHUZHAN_OPS_HOST, port: config.ZHUZHAN_OPS_PORT, health, log }),
      ...frontEnd.parts,
      // Intake last: it stops first, and what was taken in is then drained.
      ...gateways,
    ],
  })
}

await main().catch(refuseToStart)
