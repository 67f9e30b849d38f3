import { spawn } from 'node:child_process'
import type { ChildProcess, StdioOptions } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { errorText, HesError } from '@zhuzhan/core'
import pg from 'pg'
import { chooseAccount } from './account.js'
import type { Account } from './account.js'
import { postgresBinaries } from './binaries.js'
import type { PostgresBinaries } from './binaries.js'
import { initialiseCluster } from './initialise.js'
import type { ClusterOptions } from './initialise.js'
import { stopLeftover } from './leftover.js'

export interface ServerOptions extends ClusterOptions {
  /** On 127.0.0.1; nothing else is listened on, no Unix socket either. */
  port: number
  database: string
  /** Further `-c name=value` settings. */
  settings?: Readonly<Record<string, string>>
}

export interface PostgresServer {
  /** Connection string of the database, password included. */
  url: string
  who: string
  /** Starts the program; the caller keeps it running. */
  launch(stdio: StdioOptions): ChildProcess
  /** Resolves when a real query is answered. @throws HesError UNAVAILABLE when the process ends before */
  answers(child: ChildProcess): Promise<void>
  /** Creates the database when it is missing. The server must answer. */
  ensureDatabase(): Promise<void>
}

/** Prepares program, account and cluster folder; starts nothing yet. */
export async function preparePostgres(options: ServerOptions): Promise<PostgresServer> {
  const binaries = await postgresBinaries()
  const account = chooseAccount(binaries.postgres, options.folder)
  await stopLeftover(options.folder)
  await initialiseCluster(options, binaries, account)
  return createServer(options, binaries, account)
}

function createServer({ folder, port, user, password, database, settings = {} }: ServerOptions, { postgres }: PostgresBinaries, account: Account): PostgresServer {
  const urlOf = (name: string): string => `postgresql://${user}:${encodeURIComponent(password)}@127.0.0.1:${port}/${name}`
  const all: Record<string, string> = {
    listen_addresses: '127.0.0.1',
    port: String(port),
    unix_socket_directories: '',
    max_connections: '100',
    // Containers often have a tiny /dev/shm; files in the data folder always fit.
    dynamic_shared_memory_type: 'mmap',
    timezone: 'UTC',
    log_timezone: 'UTC',
    ...settings,
  }
  const args = ['-D', folder, ...Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])]

  return {
    url: urlOf(database),
    who: account.who,
    launch: (stdio) => {
      const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('PG') && !name.startsWith('npm_')))
      return spawn(...account.command(postgres, args), { ...account.ids, cwd: '/', env, stdio, detached: true })
    },
    answers: async (child) => {
      for (;;) {
        if (child.exitCode !== null || child.signalCode !== null) throw new HesError('UNAVAILABLE', 'PostgreSQL ended before it answered.')
        // `postgres` always exists, the station's database perhaps not yet.
        if (await query(urlOf('postgres'), 'SELECT 1').then(() => true, () => false)) return
        await sleep(50)
      }
    },
    ensureDatabase: async () => {
      try {
        await query(urlOf('postgres'), `CREATE DATABASE ${pg.escapeIdentifier(database)}`)
      } catch (error) {
        if ((error as { code?: string }).code !== '42P04') throw new HesError('UNAVAILABLE', `The database could not be created: ${errorText(error)}`, {}, { cause: error })
      }
    },
  }
}

async function query(connectionString: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString, connectionTimeoutMillis: 2_000 })
  client.on('error', () => undefined)
  try {
    await client.connect()
    await client.query(sql)
  } finally {
    await client.end().catch(() => undefined)
  }
}
