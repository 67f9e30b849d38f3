import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync, realpathSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Lines of a log that are shown when its process does not start. */
const LOG_END_LINES = 8

const CEREMONY_SOCKET = 'run/ceremony.sock'
/** Addresses of socket files are no longer than this on every system we know. */
const MAX_SOCKET_PATH = 103

/** The checkout: packages/supervisor/{src,dist} is three levels below it. */
export const PROJECT = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))))

/** Where the embedded station keeps what must outlive it. */
export interface DataFolder {
  path: string
  postgres: string
  secrets: string
  masterKey: string
  /** First administrators of the crypto machine, with their laboratory passwords; written by the machine itself. */
  administrators: string
  /** What the station signs with alone, in a laboratory; its secret is in `secrets`. */
  serviceKey: string
  fleet: string
  logs: string
  lock: string
  /** Pids, ports and addresses of the running station, for the CLI. */
  supervisorFile: string
  endpointsFile: string
  /** Of the crypto machine. Empty when the folder's path is too long for a socket file: then there are no ceremonies. */
  ceremonySocket: string
  /** Appending descriptor of a process's log; the log of the last run is kept as NAME.1.log. */
  openLog(name: string): number
  /** Its last lines. */
  logEnd(name: string): string
}

export function openDataFolder(configured: string): DataFolder {
  const wanted = resolve(PROJECT, configured)
  // Others may pass through (the database may run under another account) but not look around; every file is 0600 anyway.
  if (!existsSync(wanted)) mkdirSync(wanted, { recursive: true, mode: process.getuid?.() === 0 ? 0o711 : 0o700 })
  const path = realpathSync(wanted)
  const logs = join(path, 'logs')
  for (const folder of [logs, join(path, 'run'), join(path, 'fleet')]) mkdirSync(folder, { recursive: true, mode: 0o700 })
  const rotated = new Set<string>()
  return {
    path,
    postgres: join(path, 'postgres'),
    secrets: join(path, 'secrets.json'),
    masterKey: join(path, 'master-key'),
    administrators: join(path, 'administrators.json'),
    serviceKey: join(path, 'service-key.json'),
    fleet: join(path, 'fleet'),
    logs,
    lock: join(path, 'run/supervisor.lock'),
    supervisorFile: join(path, 'run/supervisor.json'),
    endpointsFile: join(path, 'endpoints.json'),
    ceremonySocket: Buffer.byteLength(join(path, CEREMONY_SOCKET)) > MAX_SOCKET_PATH ? '' : join(path, CEREMONY_SOCKET),
    openLog: (name) => {
      const file = join(logs, `${name}.log`)
      if (!rotated.has(name) && existsSync(file)) renameSync(file, join(logs, `${name}.1.log`))
      rotated.add(name)
      return openSync(file, 'a', 0o600)
    },
    logEnd: (name) => {
      const file = join(logs, `${name}.log`)
      return existsSync(file) ? readFileSync(file, 'utf8').trimEnd().split('\n').slice(-LOG_END_LINES).join('\n') : ''
    },
  }
}

/**
 * Readers see the old content or the new one, never half of it: brought to the disk before it has its name. Mode 0600. When the disk
 * is full the old file stays as it was.
 */
export function writeAtomically(file: string, content: string): void {
  const aside = `${file}.${process.pid}`
  const descriptor = openSync(aside, 'w', 0o600)
  try {
    writeFileSync(descriptor, content)
    fsyncSync(descriptor)
  } catch (error) {
    rmSync(aside, { force: true })
    throw error
  } finally {
    closeSync(descriptor)
  }
  renameSync(aside, file)
}
