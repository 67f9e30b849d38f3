import { join } from 'node:path'
import { errorText, HesError } from '@zhuzhan/core'
import { migrate } from '@zhuzhan/persistence'
import { loadConfig } from '@zhuzhan/service-kit'
import { configSchema, demoTerminals } from './config.js'
import type { Config } from './config.js'
import { openDataFolder, PROJECT } from './data-folder.js'
import type { DataFolder } from './data-folder.js'
import { prepareDemo } from './demo.js'
import { freePorts, isPortFree } from './free-port.js'
import { awaitLeftovers } from './leftover-children.js'
import { removePublished } from './published.js'
import { loadSecrets } from './secrets.js'
import { ensureServiceKey } from './service-key.js'
import { reachable, SERVICE_NAMES } from './service-table.js'
import type { ServiceName, Wiring } from './service-table.js'
import { createStation } from './station.js'
import type { Station } from './station.js'
import { stopSignal } from './stop-signal.js'
import type { StopSignal } from './stop-signal.js'

export interface StationHost {
  /** A progress line. */
  say: (text: string) => void
  /** A line for people and programs, as it is. */
  announce: (text: string) => void
  /** Locks and process identities; they come from scripts/, because set-up needs them before anything is built. */
  processes: {
    takeLock(file: string): { release: () => void } | { owner: number }
    identity(pid: number): string | undefined
  }
}

/**
 * The whole station under one parent, until Ctrl-C, SIGTERM or a closed terminal.
 * @returns the exit code: 0 after an ordered stop, 1 when it could not start
 */
export async function runStation(host: StationHost): Promise<number> {
  const { say, processes } = host
  const signal = stopSignal()
  let station: Station | undefined
  let release: (() => void) | undefined
  try {
    const config = loadConfig(configSchema)
    const folder = openDataFolder(config.ZHUZHAN_DATA_DIR)
    const lock = processes.takeLock(folder.lock)
    if ('owner' in lock) {
      say(`a station is running on ${folder.path} already (process ${lock.owner}); stop it or set ZHUZHAN_DATA_DIR`)
      return 1
    }
    release = lock.release
    await awaitLeftovers(folder.supervisorFile, processes.identity, say)
    removePublished(folder)

    const wiring = await wire(config, folder)
    station = createStation({ wiring, say, signal, identity: processes.identity })
    await startAll(station, wiring, host, signal)
    if (!config.ZHUZHAN_SETUP_ONLY) await signal.raised
    return 0
  } catch (error) {
    if (signal.aborted) return 0
    say(error instanceof HesError ? errorText(error) : ((error as Error).stack ?? String(error)))
    return 1
  } finally {
    if (station) {
      say('stopping')
      await station.stop()
      say('stopped')
    }
    release?.()
    signal.forget()
  }
}

async function startAll(station: Station, wiring: Wiring, { say, announce }: StationHost, signal: StopSignal): Promise<void> {
  const { config } = wiring
  const key = ensureServiceKey(wiring)
  key.catch(() => undefined) // awaited below
  wiring.databaseUrl = await station.startDatabase()
  const { applied } = await migrate(wiring.databaseUrl, join(PROJECT, 'prisma/migrations'))
  say(applied.length > 0 ? `database is migrated (${applied.length} new)` : 'database is up to date')
  await key
  if (config.ZHUZHAN_SETUP_ONLY) return announce('Zhuzhan is set up')

  await station.startServices()
  const demo = demoTerminals(config)
  if (demo > 0) await startDemo(demo, station, wiring, say, signal)
  station.published.ready()
  announce(readyText(wiring, demo))
}

async function startDemo(terminals: number, station: Station, { config, folder, secrets, ports }: Wiring, say: (text: string) => void, signal: StopSignal): Promise<void> {
  const target = {
    operatorApi: `http://${reachable(config.ZHUZHAN_API_HOST, ports.api)}`,
    admin: { username: config.ZHUZHAN_ADMIN_USERNAME, password: secrets.adminPassword },
    cryptoUrl: `ws://127.0.0.1:${ports.crypto}`,
    cryptoSecret: secrets.cryptoSecret,
  }
  const { created, args } = await signal.unless(prepareDemo({ terminals, target, folder: folder.fleet }))
  if (created > 0) say(`registered ${created} virtual terminals and meters`)
  await station.startFleet(['--gateway', reachable(config.ZHUZHAN_4G_HOST, ports.terminals), '--control', `127.0.0.1:${ports.fleetControl}`, ...args])
}

function readyText({ config, folder, ports }: Wiring, demo: number): string {
  return [
    `Zhuzhan is ready: REST and pages http://${config.ZHUZHAN_API_HOST}:${ports.api}/docs, terminals ${config.ZHUZHAN_4G_HOST}:${ports.terminals}`,
    `  log in as "${config.ZHUZHAN_ADMIN_USERNAME}"; the password is in ${folder.endpointsFile}`,
    `  logs are in ${folder.logs}${demo > 0 ? `; ${demo} virtual terminals report` : ''}`,
    '  Ctrl-C stops everything',
  ].join('\n')
}

/** Fixes secrets and ports for this run. @throws HesError UNAVAILABLE when a port the operator asked for is taken */
async function wire(config: Config, folder: DataFolder): Promise<Wiring> {
  const secrets = loadSecrets(folder, config.ZHUZHAN_ADMIN_PASSWORD, config.ZHUZHAN_KEY_CUSTODY_FILE !== undefined)
  const [link = 0, crypto = 0, fleetControl = 0, api = 0, terminals = 0, ...ops] = await freePorts(5 + SERVICE_NAMES.length)
  const asked = [
    { name: 'ZHUZHAN_API_PORT', host: config.ZHUZHAN_API_HOST, port: config.ZHUZHAN_API_PORT },
    { name: 'ZHUZHAN_4G_PORT', host: config.ZHUZHAN_4G_HOST, port: config.ZHUZHAN_4G_PORT },
    { name: 'ZHUZHAN_LINK_PORT', host: '127.0.0.1', port: config.ZHUZHAN_LINK_PORT },
    { name: 'ZHUZHAN_CRYPTO_PORT', host: '127.0.0.1', port: config.ZHUZHAN_CRYPTO_PORT },
  ]
  for (const { name, host, port } of asked) {
    if (port !== 0 && !(await isPortFree(port, host))) throw new HesError('UNAVAILABLE', `Port ${port} on ${host} is in use: choose another with ${name}.`)
  }
  return {
    config, folder, secrets,
    databaseUrl: config.DATABASE_URL ?? '',
    ports: {
      fleetControl,
      link: config.ZHUZHAN_LINK_PORT || link,
      crypto: config.ZHUZHAN_CRYPTO_PORT || crypto,
      api: config.ZHUZHAN_API_PORT || api,
      terminals: config.ZHUZHAN_4G_PORT || terminals,
      ops: Object.fromEntries(SERVICE_NAMES.map((name, index) => [name, ops[index] ?? 0])) as Record<ServiceName, number>,
    },
  }
}
