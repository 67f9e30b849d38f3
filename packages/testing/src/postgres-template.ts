import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { migrate } from '@zhuzhan/persistence'
import { freePorts, preparePostgres } from '@zhuzhan/supervisor'
import type { PostgresServer } from '@zhuzhan/supervisor'
import { guard } from './guard.js'
import { MIGRATIONS, PROJECT } from './project.js'
import { temporaryFolder } from './temporary-folder.js'

const TOOLS = join(PROJECT, '.tools')

/** A throw-away server trades safety for speed. Kill tests still hold: SIGKILL does not lose the kernel's cache. */
const SETTINGS = { fsync: 'off', full_page_writes: 'off', shared_buffers: '32MB', autovacuum: 'off' }

/** A server on `folder`, not started; what every test database has in common. */
export async function prepareTestServer(folder: string, settings: Readonly<Record<string, string>> = {}): Promise<PostgresServer> {
  const [port = 0] = await freePorts(1)
  return preparePostgres({ folder, port, user: 'zhuzhan', password: 'throw-away', database: 'zhuzhan', settings: { ...SETTINGS, ...settings } })
}

/**
 * A migrated cluster to copy from, made once per set of migrations and kept in `.tools/`: copying takes a tenth of the time of
 * creating.
 */
export async function postgresTemplate(): Promise<string> {
  const hash = createHash('sha256').update('1')
  for (const name of readdirSync(MIGRATIONS).sort()) {
    const file = join(MIGRATIONS, name, 'migration.sql')
    if (existsSync(file)) hash.update(name).update(readFileSync(file))
  }
  const template = join(TOOLS, `postgres-${hash.digest('hex').slice(0, 16)}`)
  if (!existsSync(template)) await makeTemplate(template)
  return template
}

async function makeTemplate(template: string): Promise<void> {
  const folder = temporaryFolder()
  const cluster = join(folder, 'postgres')
  const server = await prepareTestServer(cluster)
  const child = server.launch('ignore')
  const release = guard(join(cluster, 'postmaster.pid'), folder)
  await server.answers(child)
  await server.ensureDatabase()
  await migrate(server.url, MIGRATIONS)
  child.kill('SIGINT')
  await once(child, 'exit')
  release()

  mkdirSync(TOOLS, { recursive: true })
  for (const old of readdirSync(TOOLS)) if (/^postgres-[0-9a-f]{16}$/.test(old)) rmSync(join(TOOLS, old), { recursive: true, force: true })
  const aside = `${template}.${process.pid}`
  cpSync(cluster, aside, { recursive: true })
  rmSync(folder, { recursive: true, force: true })
  try {
    renameSync(aside, template)
  } catch {
    // Another worker was faster; its template is as good.
    rmSync(aside, { recursive: true, force: true })
  }
}
