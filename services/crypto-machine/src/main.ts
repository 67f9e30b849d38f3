import { randomBytes } from 'node:crypto'
import { access } from 'node:fs/promises'
import { hostname } from 'node:os'
import { systemClock } from '@zhuzhan/core'
import { createLogger, createPipeServer, loadConfig, opsServer, refuseToStart, runService } from '@zhuzhan/service-kit'
import type { Part } from '@zhuzhan/service-kit'
import { gauge } from '@zhuzhan/telemetry'
import pg from 'pg'
import { createMachine } from './app.js'
import { readAdministratorsFile } from './authority/administrators-file.js'
import { configSchema } from './config.js'
import { machineHealth } from './health.js'
import { readMasterKeyFile } from './keys/master-key-file.js'
import { openVault } from './keys/vault.js'
import { leaseWatch } from './lease-watch.js'
import { minuteTick } from './minute-tick.js'
import { createPipeHandler } from './pipe/handler.js'
import { openProvider } from './provider/open-provider.js'
import { selfTest } from './selftest/selftest.js'
import { createPgStore } from './store/pg-store.js'

/** The crypto machine: the only process with key bytes. It serves after its known answers are right and the lease is its own. */
async function main(): Promise<void> {
  const config = loadConfig(configSchema)
  const log = createLogger({ service: 'crypto-machine', level: config.ZHUZHAN_LOG_LEVEL })
  const clock = systemClock
  const random = randomBytes
  const production = config.ZHUZHAN_PRODUCTION
  const stationId = Buffer.from(config.ZHUZHAN_STATION_ID, 'hex')

  const choice = await selfTest(config.ZHUZHAN_CRYPTO_ENGINE === 'auto' ? undefined : [config.ZHUZHAN_CRYPTO_ENGINE])
  if (choice.reason) log.warn({ engine: choice.engine.name, reason: choice.reason }, 'SM2 engine fell back')
  const masterKey = await readMasterKeyFile(config.ZHUZHAN_MASTER_KEY_FILE, production)

  const pool = new pg.Pool({
    connectionString: config.DATABASE_URL,
    max: 6,
    keepAlive: true,
    connectionTimeoutMillis: 5_000,
    query_timeout: 10_000,
  })
  pool.on('error', (error) => log.warn({ err: error }, 'idle database connection lost'))
  const store = createPgStore(pool)
  const vault = await openVault(store, masterKey, random)
  masterKey.fill(0)
  const owner = `${hostname()}:${process.pid}`
  const fencing = await store.takeOver(owner)
  await store.addEvent({ kind: 'taken-over', subject: owner, detail: { engine: choice.engine.name } })
  const provider = await openProvider(config, { engine: choice.engine, store, vault, random, clock, stationId, log })
  const syncFile = config.ZHUZHAN_CLOCK_SYNC_FILE
  const synchronised = async (): Promise<boolean> => syncFile === undefined || access(syncFile).then(() => true, () => false)
  const machine = createMachine({ choice, provider, store, vault, clock, random, stationId, fencing, production, synchronised })
  const founders = config.ZHUZHAN_ADMINISTRATORS_FILE
  if (founders !== undefined && (await machine.found(() => readAdministratorsFile(founders, production, random)))) log.info('first administrators entered')
  gauge('crypto_sessions', () => machine.sessions)
  gauge('crypto_provider_up', () => (provider.health().ok ? 1 : 0))
  gauge('crypto_device_sessions', () => provider.health().sessions)
  log.info({ engine: choice.engine.name, provider: provider.name, fencing }, 'known answers right, lease taken')

  const database: Part = { name: 'database', start: async () => undefined, stop: () => pool.end() }
  const operations = opsServer({ host: config.ZHUZHAN_OPS_HOST, port: config.ZHUZHAN_OPS_PORT, health: machineHealth(machine, store), log })
  const pipe = createPipeServer({
    host: config.ZHUZHAN_CRYPTO_HOST,
    port: config.ZHUZHAN_CRYPTO_PORT,
    secret: config.ZHUZHAN_CRYPTO_SECRET,
    log,
    handle: createPipeHandler(machine),
  })
  const keys: Part = { name: 'key-provider', start: async () => undefined, stop: () => provider.close() }
  await runService({ log, parts: [database, keys, operations, leaseWatch({ store, machine, log }), minuteTick({ machine, log }), pipe] })
}

await main().catch(refuseToStart)
