import { rmSync } from 'node:fs'
import { writeAtomically } from './data-folder.js'
import type { DataFolder } from './data-folder.js'
import type { KeptProcess } from './kept-process.js'
import { cryptoUrl, reachable, SERVICE_NAMES } from './service-table.js'
import type { Wiring } from './service-table.js'

export interface Published {
  /** Writes both files anew: pids changed. `endpoints.json` only once the station is ready. */
  refresh(): void
  /** From now on `endpoints.json` exists. */
  ready(): void
  /** The station stops: `endpoints.json` goes first. */
  withdraw(): void
  /** Nothing runs any more. */
  remove(): void
}

/**
 * `endpoints.json` (design.md §3, for people and programs) and `run/supervisor.json` (with what the CLI needs besides), both
 * mode 0600 and kept current.
 */
export function publish(wiring: Wiring, processes: () => readonly KeptProcess[], identity: (pid: number) => string | undefined): Published {
  const { config, folder, secrets, ports } = wiring
  const operatorApi = `http://${reachable(config.ZHUZHAN_API_HOST, ports.api)}`
  const gateway4g = reachable(config.ZHUZHAN_4G_HOST, ports.terminals)
  let isReady = false

  const pids = (): Record<string, number[]> => Object.fromEntries(processes().map((one) => [one.name, [one.pid() ?? []].flat()]))
  const refresh = (): void => {
    const running = pids()
    // For the next supervisor, should we be killed: who will leave by himself. PostgreSQL does not; it is found by its own pid file.
    const leaving = Object.entries(running).filter(([name]) => name !== 'postgres').flatMap(([, some]) => some)
    const identities = leaving.flatMap((pid) => identity(pid) ?? [])
    write(folder.supervisorFile, {
      pid: process.pid, ready: isReady, operatorApi, gateway4g, databaseUrl: wiring.databaseUrl, cryptoUrl: cryptoUrl(wiring), cryptoSecret: secrets.cryptoSecret,
      fleetControl: `127.0.0.1:${ports.fleetControl}`,
      processes: running, identities,
    })
    if (!isReady) return
    write(folder.endpointsFile, {
      operatorApi, gateway4g, gatewayHplc: null, processes: running,
      metrics: SERVICE_NAMES.map((name) => `http://127.0.0.1:${ports.ops[name]}/metrics`),
      admin: { username: config.ZHUZHAN_ADMIN_USERNAME, password: secrets.adminPassword },
    })
  }
  return {
    refresh,
    ready: () => {
      isReady = true
      refresh()
    },
    withdraw: () => {
      isReady = false
      rmSync(folder.endpointsFile, { force: true })
    },
    remove: () => removePublished(folder),
  }
}

/** Also at a start: after a kill -9 they name what is no more. */
export function removePublished(folder: DataFolder): void {
  for (const file of [folder.endpointsFile, folder.supervisorFile]) rmSync(file, { force: true })
}

function write(file: string, content: object): void {
  writeAtomically(file, `${JSON.stringify(content, null, 2)}\n`)
}
