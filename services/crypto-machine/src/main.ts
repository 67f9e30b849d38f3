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
import { makeBackup } from './backup/backup.js'
import { configSchema } from './config.js'
import { ceremonies } from './custody/ceremonies.js'
import { ceremonyServer } from './custody/ceremony-server.js'
import { readCustody } from './custody/custody-file.js'
import { createGate } from './custody/gate.js'
import { createUnsealing } from './custody/unsealing.js'
import { gateHealth } from './health.js'
import { readMasterKeyFile } from './keys/master-key-file.js'
import { openVault } from './keys/vault.js'
import { leaseWatch } from './lease-watch.js'
import { minuteTick } from './minute-tick.js'
import { createPipeHandler } from './pipe/handler.js'
import { openProvider } from './provider/open-provider.js'
import { selfTest } from './selftest/selftest.js'
import type { KeyEvent } from './store/store.js'
import { createPgStore } from './store/pg-store.js'

/** The crypto machine: the only process with key bytes. It serves after its known answers are right and the lease is its own. */
async function main(): Promise<void> {
  const config = loadConfig(configSchema)
  const log = createLogger({ service: 'crypto-machine', level: config.ZHUZHAN_LOG_LEVEL })
  const clock = systemClock
  const random = randomBytes
  const production = config.ZHUZHAN_PRODUCTION
  const stationId = Buffer.from(config.ZHUZHAN_STATION_ID, 'hex')

  // The database is asked and scrypt runs meanwhile; nothing is enciphered, and the lease is not taken, before this is right.
  const tested = selfTest(config.ZHUZHAN_CRYPTO_ENGINE === 'auto' ? undefined : [config.ZHUZHAN_CRYPTO_ENGINE])
  tested.catch(() => undefined) // whoever awaits it says so

  const pool = new pg.Pool({
    connectionString: config.DATABASE_URL,
    max: 6,
    keepAlive: true,
    connectionTimeoutMillis: 5_000,
    query_timeout: 10_000,
  })
  pool.on('error', (error) => log.warn({ err: error }, 'idle database connection lost'))
  const store = createPgStore(pool)
  const owner = `${hostname()}:${process.pid}`
  const syncFile = config.ZHUZHAN_CLOCK_SYNC_FILE
  const synchronised = async (): Promise<boolean> => syncFile === undefined || access(syncFile).then(() => true, () => false)
  const gate = createGate(async (masterKey) => {
    const vault = await openVault(store, masterKey, random, undefined, tested)
    const choice = await tested
    const fencing = await store.takeOver(owner)
    await store.addEvent({ kind: 'taken-over', subject: owner, detail: { engine: choice.engine.name } })
    const provider = await openProvider(config, { engine: choice.engine, store, vault, random, clock, stationId, log })
    const unbound = config.ZHUZHAN_UNBOUND_MODULES
    const machine = createMachine({
      choice, provider, store, vault, clock, random, stationId, fencing, production, synchronised,
      unboundModules: unbound === 'auto' ? undefined : unbound,
    })
    const founders = config.ZHUZHAN_ADMINISTRATORS_FILE
    if (founders !== undefined && (await machine.found(() => readAdministratorsFile(founders, production, random)))) log.info('first administrators entered')
    log.info({ engine: choice.engine.name, provider: provider.name, fencing }, 'known answers right, lease taken')
    return { machine, vault, provider }
  })
  const custody = await readCustody(config)
  // A share counts also while the database is away; without it nothing opens.
  const note = (event: KeyEvent): Promise<void> => store.note(event).catch((error: unknown) => log.error({ err: error, event }, 'not in the audit'))
  const unsealing = custody && createUnsealing({ set: custody, engine: (await tested).engine, gate, note, onOpened: () => log.info('unsealed') })
  if (custody) log.warn({ set: custody.set, shares: custody.threshold }, 'sealed: waiting for the shares of its officers')
  else await gate.open(await readMasterKeyFile(config.ZHUZHAN_MASTER_KEY_FILE ?? '', production))
  const { engine, reason } = await tested
  if (reason) log.warn({ engine: engine.name, reason }, 'SM2 engine fell back')

  gauge('crypto_sessions', () => gate.opened?.machine.sessions ?? 0)
  gauge('crypto_marks_on_record', () => gate.opened?.machine.marksOnRecord ?? 0)
  gauge('crypto_provider_up', () => (gate.opened?.provider.health().ok ? 1 : 0))
  gauge('crypto_device_sessions', () => gate.opened?.provider.health().sessions ?? 0)
  gauge('crypto_suspect_devices', async () => (gate.opened ? store.suspectCount().catch(() => 0) : 0))
  gauge('crypto_shares_missing', () => unsealing?.state().missing ?? 0)

  const database: Part = { name: 'database', start: async () => undefined, stop: () => pool.end() }
  const operations = opsServer({ host: config.ZHUZHAN_OPS_HOST, port: config.ZHUZHAN_OPS_PORT, health: gateHealth(gate, store, () => unsealing?.state()), log })
  const pipe = createPipeServer({
    host: config.ZHUZHAN_CRYPTO_HOST,
    port: config.ZHUZHAN_CRYPTO_PORT,
    secret: config.ZHUZHAN_CRYPTO_SECRET,
    log,
    handle: createPipeHandler(gate),
  })
  const keys: Part = {
    name: 'key-provider',
    start: async () => undefined,
    stop: async () => {
      unsealing?.wipe()
      await gate.close()
    },
  }
  const socket = config.ZHUZHAN_CEREMONY_SOCKET
  const ceremony = socket === undefined ? [] : [ceremonyServer({ path: socket, ceremonies: ceremonies({ gate, unsealing, backup: (vault) => makeBackup({ store, vault, clock, random, stationId }) }), log })]
  await runService({ log, parts: [database, keys, operations, ...ceremony, leaseWatch({ store, machine: gate, log }), minuteTick({ machine: gate, log }), pipe] })
}

await main().catch(refuseToStart)
