import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePorts } from '@zhuzhan/supervisor'
import { Redis } from 'ioredis'
import { guard } from './guard.js'
import { programOnPath } from './program-on-path.js'
import { temporaryFolder } from './temporary-folder.js'

export interface TestRedis {
  readonly url: string
  /** SIGKILL, as a crash. */
  kill(): Promise<void>
  /** Starts the killed server again on the same data and port. */
  restart(): Promise<void>
  stop(): Promise<void>
}

/** The Redis server of this machine, or `undefined`. Debian's redis-tools holds the server under another name: redis-check-rdb, started as `redis-server`. */
export function redisProgram(): string | undefined {
  return programOnPath('redis-server') ?? programOnPath('redis-check-rdb')
}

/** Is there a Redis server program on this machine? */
export const redisAvailable = redisProgram() !== undefined

/** A real Redis of one's own with the durability the station asks for (`appendfsync always`). */
export async function startRedis(): Promise<TestRedis> {
  const program = redisProgram()
  if (!program) throw new Error('There is no Redis server program here (Debian: apt-get install redis-tools).')
  const folder = temporaryFolder()
  const pidFile = join(folder, 'redis.pid')
  const [port = 0] = await freePorts(1)
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--pidfile', pidFile, '--save', '', '--appendonly', 'yes', '--appendfsync', 'always']
  const url = `redis://127.0.0.1:${port}`
  const release = guard(pidFile, folder)
  let child: ChildProcess | undefined

  const start = async (): Promise<void> => {
    const one = spawn(program, args, { argv0: 'redis-server', stdio: 'ignore', detached: true })
    child = one
    while (!(await redisAnswers(url))) {
      if (one.exitCode !== null) throw new Error(`redis-server ended with code ${one.exitCode}`)
      await sleep(30)
    }
  }
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const gone = once(child, 'exit')
    child.kill(signal)
    await gone
  }
  await start()
  return {
    url,
    kill: () => end('SIGKILL'),
    restart: async () => {
      await end('SIGTERM')
      await start()
    },
    stop: async () => {
      await end('SIGKILL')
      release()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Does a Redis answer there now? Asks once and waits for nobody longer than two seconds. */
export async function redisAnswers(url: string): Promise<boolean> {
  const client = new Redis(url, { lazyConnect: true, retryStrategy: () => null, maxRetriesPerRequest: 0, disconnectTimeout: 100, commandTimeout: 2_000 })
  client.on('error', () => undefined)
  try {
    await client.connect()
    return (await client.ping()) === 'PONG'
  } catch {
    return false
  } finally {
    client.disconnect()
  }
}

/**
 * Redis for a whole test file, or `undefined` where there is no server program: then it says once that this half did not run,
 * and the file leaves its Redis tests out.
 */
export function withRedis(): TestRedis | undefined {
  if (!redisAvailable) {
    process.stderr.write('The tests on Redis did not run: no redis-server here (Debian: apt-get install redis-tools).\n')
    return undefined
  }
  let server: TestRedis | undefined
  beforeAll(async () => { server = await startRedis() }, 30_000)
  afterAll(async () => { await server?.stop() }, 30_000)
  const running = (): TestRedis => {
    if (!server) throw new Error('withRedis(): the server is there inside tests and hooks only')
    return server
  }
  return {
    get url() { return running().url },
    kill: () => running().kill(),
    restart: () => running().restart(),
    stop: () => running().stop(),
  }
}
