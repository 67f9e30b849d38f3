import { chmodSync, mkdirSync, openSync, closeSync } from 'node:fs'
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { HesError } from '@zhuzhan/core'
import { freePorts, keepRunning, preparePostgres } from '@zhuzhan/supervisor'
import type { KeptProcess } from '@zhuzhan/supervisor'
import { redisAnswers, redisProgram } from '@zhuzhan/testing'

/** A database server of the rig's own: started again, with the supervisor's back-off, whenever it ends. */
export interface Server {
  readonly name: 'postgres' | 'redis'
  readonly port: number
  readonly url: string
  /** The same server through another port. */
  urlThrough(port: number): string
  pid(): number | undefined
  /** How often it ended by itself or by us since the start. */
  readonly ends: number
  stop(): Promise<void>
}

const PATIENCE_MS = 20_000

/** PostgreSQL as the embedded station has it, fsync and all. `folder` and logs must exist. */
export async function startDatabase(folder: string, logs: string): Promise<Server> {
  const [port = 0] = await freePorts(1)
  const server = await preparePostgres({
    folder: join(folder, 'postgres'), port, user: 'zhuzhan', password: 'throw-away', database: 'zhuzhan',
    // Old WAL is kept small: the folder may be on a disk that is made to be filled.
    settings: { max_wal_size: '256MB', wal_keep_size: '0' },
  })
  const kept = keep('postgres', logs, (log) => server.launch(['ignore', log, log]), (child) => server.answers(child), 'SIGINT')
  await kept.process.start()
  await server.ensureDatabase()
  return {
    name: 'postgres', port, url: server.url,
    urlThrough: (other) => server.url.replace(`:${port}/`, `:${other}/`),
    pid: () => kept.process.pid(),
    get ends() { return kept.ends() },
    stop: () => kept.process.stop(),
  }
}

/** Redis with what makes an acknowledged reading durable. @throws HesError UNAVAILABLE where there is no server program */
export async function startQueueServer(folder: string, logs: string): Promise<Server> {
  const program = redisProgram()
  if (program === undefined) throw new HesError('UNAVAILABLE', 'There is no Redis server program here (Debian: apt-get install redis-tools).')
  const data = join(folder, 'redis')
  mkdirSync(data, { recursive: true })
  chmodSync(data, 0o700)
  const [port = 0] = await freePorts(1)
  const url = `redis://127.0.0.1:${port}`
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--dir', data, '--pidfile', join(data, 'redis.pid'), '--save', '', '--appendonly', 'yes', '--appendfsync', 'always']
  const answers = async (child: ChildProcess): Promise<void> => {
    while (!(await redisAnswers(url))) {
      if (child.exitCode !== null || child.signalCode !== null) throw new HesError('UNAVAILABLE', 'Redis ended before it answered.')
      await sleep(30)
    }
  }
  const kept = keep('redis', logs, (log) => spawn(program, args, { argv0: 'redis-server', stdio: ['ignore', log, log], detached: true }), answers, 'SIGTERM')
  await kept.process.start()
  return {
    name: 'redis', port, url,
    urlThrough: (other) => `redis://127.0.0.1:${other}`,
    pid: () => kept.process.pid(),
    get ends() { return kept.ends() },
    stop: () => kept.process.stop(),
  }
}

function keep(name: string, logs: string, launch: (log: number) => ChildProcess, isReady: (child: ChildProcess) => Promise<void>, stopSignal: NodeJS.Signals): { process: KeptProcess; ends(): number } {
  let ends = 0
  const process = keepRunning({
    name, stopSignal, isReady, patienceMs: PATIENCE_MS,
    launch: () => {
      const log = openSync(join(logs, `${name}.log`), 'a', 0o600)
      try {
        return launch(log)
      } finally {
        closeSync(log)
      }
    },
    onEvent: (event) => { if (event.kind === 'ended') ends += 1 },
  })
  return { process, ends: () => ends }
}
