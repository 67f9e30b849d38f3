import { execFile } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { guard } from './guard.js'
import { postgresTemplate, prepareTestServer } from './postgres-template.js'
import { temporaryFolder } from './temporary-folder.js'

export interface TestPostgres {
  /** Of the migrated, empty database; the same after a restart. */
  readonly url: string
  /** SIGKILL, as a crash. */
  kill(): Promise<void>
  /** Starts the killed server again on the same data and port. */
  restart(): Promise<void>
  /** Ends it and removes its data. */
  stop(): Promise<void>
}

/** `cp` and `rm` of the system: Node's own take five times as long for the 1,600 files of a cluster, and every suite waits for it. */
const run = promisify(execFile)

export interface TestPostgresOptions {
  /** Further `-c name=value` settings. */
  settings?: Readonly<Record<string, string>>
}

/** A real PostgreSQL of one's own, migrated, in a temporary folder. */
export async function startPostgres({ settings }: TestPostgresOptions = {}): Promise<TestPostgres> {
  const template = await postgresTemplate()
  const folder = temporaryFolder()
  const cluster = join(folder, 'postgres')
  await run('cp', ['-R', template, cluster])
  const server = await prepareTestServer(cluster, settings)
  const release = guard(join(cluster, 'postmaster.pid'), folder)
  let child: ChildProcess | undefined

  const start = async (): Promise<void> => {
    child = server.launch('ignore')
    await server.answers(child)
  }
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const gone = once(child, 'exit')
    child.kill(signal)
    await gone
  }
  await start()
  return {
    url: server.url,
    kill: () => end('SIGKILL'),
    restart: async () => {
      await end('SIGINT')
      await start()
    },
    stop: async () => {
      // SIGINT ends the connections too; pools of the test that are still open must listen to `error`.
      await end('SIGINT')
      release()
      await run('rm', ['-rf', folder])
    },
  }
}

/**
 * The same for a whole test file: started before its tests, stopped after them. Call at the top of the file or of a `describe`;
 * `url` may be read inside tests and hooks only.
 */
export function withPostgres(options: TestPostgresOptions = {}): TestPostgres {
  let server: TestPostgres | undefined
  beforeAll(async () => { server = await startPostgres(options) }, 60_000)
  afterAll(async () => { await server?.stop() }, 30_000)
  const running = (): TestPostgres => {
    if (!server) throw new Error('withPostgres(): the server is there inside tests and hooks only')
    return server
  }
  return {
    get url() { return running().url },
    kill: () => running().kill(),
    restart: () => running().restart(),
    stop: () => running().stop(),
  }
}
