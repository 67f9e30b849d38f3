import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { freePorts } from '../free-port.js'
import { chooseAccount } from './account.js'
import { preparePostgres } from './server.js'
import type { PostgresServer } from './server.js'

const asRoot = process.getuid?.() === 0
const root = mkdtempSync(join(tmpdir(), 'zhuzhan-cluster-'))
const children: ChildProcess[] = []
afterAll(async () => {
  for (const child of children) await end(child, 'SIGKILL')
  rmSync(root, { recursive: true, force: true })
})

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = once(child, 'exit')
  child.kill(signal)
  await gone
}

async function prepare(folder: string): Promise<PostgresServer> {
  const [port = 0] = await freePorts(1)
  return preparePostgres({ folder, port, user: 'zhuzhan', password: 'p@ss/word', database: 'zhuzhan' })
}

async function launch(server: PostgresServer): Promise<ChildProcess> {
  const child = server.launch('ignore')
  children.push(child)
  await server.answers(child)
  return child
}

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query(sql)).rows
  } finally {
    await client.end()
  }
}

// A private folder is the hard case for root: no other account may enter, so a user namespace must do.
describe.each([['a private folder', 0o700], ['an open folder', 0o711]])('in %s', (name, mode) => {
  const home = join(root, name.replaceAll(' ', '-'))
  const folder = join(home, 'postgres')
  let server: PostgresServer
  beforeAll(async () => {
    chmodSync(root, 0o711)
    mkdirSync(home, { mode })
    server = await prepare(folder)
    await launch(server)
    await server.ensureDatabase()
  }, 60_000)

  test('it runs, as whom it can', async () => {
    const expected = !asRoot ? 'us' : mode === 0o700 ? 'root in a user namespace' : expect.stringMatching(/^(postgres|nobody)$/)
    expect(server.who).toEqual(expected)
    expect(await query(server.url, 'SHOW listen_addresses')).toEqual([{ listen_addresses: '127.0.0.1' }])
    expect(await query(server.url, 'SHOW max_connections')).toEqual([{ max_connections: '100' }])
    await server.ensureDatabase()
  })

  test('the password is asked for, and lies in no file', async () => {
    await expect(query(server.url.replace('p%40ss', 'wrong'), 'SELECT 1')).rejects.toThrow(/password authentication failed/)
    expect(() => statSync(`${folder}.password`)).toThrow(/ENOENT/)
  })

  test('a database whose supervisor was killed is stopped in order before the next start', async () => {
    await query(server.url, 'CREATE TABLE kept AS SELECT 7 AS n')
    const ended = once(children.at(-1) as ChildProcess, 'exit')
    const next = await prepare(folder)
    expect(await ended).toEqual([0, null])
    await launch(next)
    expect(await query(next.url, 'SELECT n FROM kept')).toEqual([{ n: 7 }])
    server = next
  })

  test('after SIGKILL it recovers by itself on the same port', async () => {
    await end(children.at(-1) as ChildProcess, 'SIGKILL')
    await launch(server)
    expect(await query(server.url, 'SELECT n FROM kept')).toEqual([{ n: 7 }])
  })

  test('a stale postmaster.pid that names a living stranger is not in the way', async () => {
    await end(children.at(-1) as ChildProcess, 'SIGKILL')
    const file = join(folder, 'postmaster.pid')
    const lines = readFileSync(file, 'utf8').split('\n')
    writeFileSync(file, [String(process.pid), ...lines.slice(1)].join('\n'))
    const next = await prepare(folder)
    await launch(next)
    expect(await query(next.url, 'SELECT n FROM kept')).toEqual([{ n: 7 }])
  })
})

test('where neither account nor namespace helps, one message says what to do', () => {
  const unreachable = join(root, 'no-such-program')
  const choose = (): string => chooseAccount(unreachable, join(root, 'postgres')).who
  if (asRoot) expect(choose).toThrow(/start as another user.*ZHUZHAN_DATA_DIR.*DATABASE_URL/)
  else expect(choose()).toBe('us')
})
