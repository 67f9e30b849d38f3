import { systemClock } from '@zhuzhan/core'
import { createAuditLog, createEventLog, createRefusalLog, createRegistry, createSessionTable, openDatabase } from '@zhuzhan/persistence'
import { createLogger, loadConfig, opsServer, refuseToStart, runService } from '@zhuzhan/service-kit'
import { metric } from '@zhuzhan/telemetry'
import { createGateway } from './app.js'
import { configSchema, limitsOf } from './config.js'
import { linkServer } from './link/link-server.js'
import { terminalListener } from './sockets/listener.js'

async function main(): Promise<void> {
  const config = loadConfig(configSchema)
  const log = createLogger({ service: 'gateway-type1', level: config.ZHUZHAN_LOG_LEVEL })
  const limits = limitsOf(config)
  const database = openDatabase({ url: config.DATABASE_URL, max: 4, applicationName: 'gateway-type1', onError: (error) => log.warn({ err: error.message }, 'database connection lost') })
  const warn = (what: string) => (error: Error): void => log.warn({ err: error.message }, what)

  const events = createEventLog(database.pool)
  const refusals = createRefusalLog({
    actor: `gateway/${config.ZHUZHAN_GATEWAY_ID}`, audit: createAuditLog(database.pool), events,
    count: (code) => metric('gateway_refusals').add(1, { code }), onError: warn('refusals not written yet'),
  })
  const table = createSessionTable(database.pool, config.ZHUZHAN_GATEWAY_ID)
  const registry = createRegistry({ pool: database.pool, url: config.DATABASE_URL, meters: false, onError: warn('registry notifications interrupted'), onChange: (address) => gateway.onRegistryChange(address) })
  const gateway = createGateway({ limits, registry, table, events, refusals, clock: systemClock, log })

  const tls = config.ZHUZHAN_4G_TLS_CERT && config.ZHUZHAN_4G_TLS_KEY ? { certFile: config.ZHUZHAN_4G_TLS_CERT, keyFile: config.ZHUZHAN_4G_TLS_KEY } : undefined
  const health = async () => {
    const reachable = await database.pool.query('SELECT 1').then(() => true, () => false)
    return { ok: true, checks: { database: { ok: reachable }, front_ends: { ok: gateway.frontEnds > 0, detail: `${gateway.frontEnds} connected` } } }
  }

  await runService({
    log,
    parts: [
      { name: 'database', start: async () => undefined, stop: () => database.close() },
      { name: 'registry', start: async () => undefined, stop: () => registry.close() },
      { name: 'refusals', start: async () => undefined, stop: () => refusals.stop() },
      opsServer({ host: config.ZHUZHAN_OPS_HOST, port: config.ZHUZHAN_OPS_PORT, health, log }),
      ...gateway.parts,
      linkServer({
        host: config.ZHUZHAN_LINK_HOST, port: config.ZHUZHAN_LINK_PORT, secret: config.ZHUZHAN_LINK_SECRET, gatewayId: config.ZHUZHAN_GATEWAY_ID, instance: table.instance, log,
        onFrontEnd: gateway.onFrontEnd,
        onRefused: (remote, what) => refusals.refuse('AUTH_FAILED', { remote, what }),
      }),
      terminalListener({
        host: config.ZHUZHAN_4G_HOST, port: config.ZHUZHAN_4G_PORT, maxConnections: limits.maxConnections, ...(tls ? { tls } : {}),
        onSocket: gateway.onSocket, onListening: (address) => log.info({ address, tls: tls !== undefined }, '4G port open'),
      }),
    ],
  })
}

await main().catch(refuseToStart)
