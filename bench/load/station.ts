import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { outcomeValue } from '@zhuzhan/contracts'
import { connectCryptoMachine } from '@zhuzhan/crypto-client'
import type { KeyFile } from '@zhuzhan/osp1'
import { createLogger } from '@zhuzhan/service-kit'
import { PROJECT, freePorts, serviceProgram, startPostgres, startRedis } from '@zhuzhan/testing'
import type { TestPostgres, TestRedis } from '@zhuzhan/testing'
import { Redis } from 'ioredis'
import pg from 'pg'

/** A station for load benches: the built services as processes of their own, PostgreSQL with fsync, Redis with appendfsync always when asked. */
export interface LoadStation {
  readonly pool: pg.Pool
  readonly postgres: TestPostgres
  readonly redis: TestRedis | undefined
  readonly gateways: readonly { host: string; port: number }[]
  /** Registers terminals with so many meters each and issues their keys. */
  enrol(count: number, mode: 'S' | 'F', first?: number, metersEach?: number): Promise<EnrolledTerminal[]>
  /** CPU seconds by process, PostgreSQL and Redis included. */
  cpu(): Record<string, number>
  /** What a process shows at /metrics. */
  metrics(name: string): Promise<string>
  /** To a service, or to all of PostgreSQL. */
  signal(name: string, signal: 'SIGSTOP' | 'SIGCONT'): void
  /** Resident bytes by process. */
  memory(): Record<string, number>
  stop(): Promise<void>
}
export interface EnrolledTerminal { address: string; meter: string; keys: KeyFile }

export interface LoadStationOptions { redis: boolean; gateways?: number; frontEnds?: number; analytics?: number; collect?: boolean; env?: Record<string, string>; profile?: string[] }

const BATCH = 250
export const POSTGRES_SETTINGS = { fsync: 'on', full_page_writes: 'on', synchronous_commit: 'on', shared_buffers: '256MB', max_wal_size: '4GB', autovacuum: 'on', ...(process.env['PGLOG'] ? { logging_collector: 'on', log_directory: process.env['PGLOG'], log_min_duration_statement: '0', log_line_prefix: '%a ', log_filename: 'pg.log' } : {}) }

/** What services say goes there: standard output holds the result alone (`--json`). */
const STDERR = 2

export async function startLoadStation({ redis: onRedis, gateways = 1, frontEnds = 1, analytics = 1, collect = false, env = {}, profile = [] }: LoadStationOptions): Promise<LoadStation> {
  const postgres = await startPostgres({ settings: POSTGRES_SETTINGS })
  const redis = onRedis ? await startRedis() : undefined
  const keyFile = join(tmpdir(), `zhuzhan-bench-${process.pid}.key`)
  writeFileSync(keyFile, randomBytes(32), { mode: 0o600 })
  const [cryptoSecret, linkSecret] = [randomBytes(16).toString('hex'), randomBytes(16).toString('hex')]
  const [cryptoPort = 0, ...ports] = await freePorts(1 + 2 * gateways)
  const opsPorts = await freePorts(1 + analytics + gateways + frontEnds)
  const opsOf = new Map<string, number>()
  const doors = Array.from({ length: gateways }, (_, n) => ({ terminals: ports[2 * n] as number, link: ports[2 * n + 1] as number }))
  const children = new Map<string, ChildProcess>()
  const common = { DATABASE_URL: postgres.url, REDIS_URL: redis?.url ?? '', ZHUZHAN_LOG_LEVEL: 'warn', ZHUZHAN_SUPERVISED: '1' }
  const start = (name: string, service: string, own: Record<string, string>): Promise<void> => new Promise((resolve, reject) => {
    const opsPort = opsPorts[opsOf.size] as number
    opsOf.set(name, opsPort)
    const child = spawn(process.execPath, [...(profile.includes(name) ? ['--cpu-prof', `--cpu-prof-dir=/tmp/prof-${name}`] : []), ...serviceProgram(service)], {
      cwd: join(PROJECT, 'services', service), stdio: ['ignore', STDERR, 'inherit', 'ipc'], env: { ...process.env, NODE_OPTIONS: process.env['SERVICE_NODE_OPTIONS'] ?? '', ...common, ZHUZHAN_OPS_PORT: String(opsPort), ...env, ZHUZHAN_SERVICE: service, ...own },
    })
    children.set(name, child)
    child.once('message', () => resolve())
    child.once('exit', (code) => reject(new Error(`${name} ended with ${code}`)))
  })
  const pool = new pg.Pool({ connectionString: postgres.url, max: 3 })
  pool.on('error', () => undefined)
  // These benches are about what comes by itself; `collection` measures what is asked for.
  if (!collect) await pool.query('DELETE FROM collection_plan')
  await start('crypto-machine', 'crypto-machine', { ZHUZHAN_CRYPTO_PORT: String(cryptoPort), ZHUZHAN_CRYPTO_SECRET: cryptoSecret, ZHUZHAN_MASTER_KEY_FILE: keyFile })
  for (let n = 0; n < analytics; n++) await start(`analytics-${n + 1}`, 'analytics', {})
  for (const [n, door] of doors.entries()) {
    await start(`gateway-${n + 1}`, 'gateway-type1', {
      ZHUZHAN_GATEWAY_ID: `gw-${n + 1}`, ZHUZHAN_4G_PORT: String(door.terminals), ZHUZHAN_LINK_PORT: String(door.link), ZHUZHAN_LINK_SECRET: linkSecret,
      ZHUZHAN_4G_MAX_STRANGERS_PER_ADDRESS: '2000',
    })
  }
  for (let n = 0; n < frontEnds; n++) {
    await start(`front-end-${n + 1}`, 'front-end-processor', {
      ZHUZHAN_FEP_ID: `fep-${n + 1}`, ZHUZHAN_GATEWAYS: doors.map((door) => `ws://127.0.0.1:${door.link}`).join(','), ZHUZHAN_LINK_SECRET: linkSecret,
      ZHUZHAN_CRYPTO_URL: `ws://127.0.0.1:${cryptoPort}`, ZHUZHAN_CRYPTO_SECRET: cryptoSecret, ZHUZHAN_MANIFEST_SPREAD_SECONDS: '86400',
    })
  }
  const backend = (await pool.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')).rows[0]!.pid
  const postmaster = parentOf(backend)
  const redisPid = redis ? await redisProcess(redis.url) : undefined
  const trees = (): [string, number[]][] => [
    ...[...children].map(([name, child]): [string, number[]] => [name, [child.pid!]]),
    ['postgres', [postmaster, ...readdirSync('/proc').filter((name) => /^\d+$/.test(name) && parentOf(Number(name)) === postmaster).map(Number)]],
    ...(redisPid === undefined ? [] : [['redis', [redisPid]] as [string, number[]]]),
  ]
  return {
    pool, postgres, redis,
    gateways: doors.map(({ terminals }) => ({ host: '127.0.0.1', port: terminals })),
    enrol: async (count, mode, first = 1, metersEach = 1) => {
      const enrolled: EnrolledTerminal[] = []
      const machine = await connectCryptoMachine({ url: `ws://127.0.0.1:${cryptoPort}`, secret: cryptoSecret, identity: 'bench', timeoutMs: 120_000, log: createLogger({ service: 'bench', level: 'silent' }) })
      for (let at = 0; at < count; at += BATCH) {
        const addresses = Array.from({ length: Math.min(BATCH, count - at) }, (_, n) => String(first + at + n).padStart(12, '0'))
        const meters = addresses.map((address) => `9${address.slice(1)}`)
        await pool.query("INSERT INTO terminal (address, security_profile, mode) SELECT a, 'sm', $2 FROM unnest($1::text[]) a", [addresses, mode])
        await pool.query("INSERT INTO meter (address, kind, terminal_address) SELECT a, 'terminal', a FROM unnest($1::text[]) a", [addresses])
        const behind = addresses.flatMap((address, n) => Array.from({ length: metersEach }, (_, k) => ({ address, meter: k === 0 ? meters[n]! : `8${String(k).padStart(3, '0')}${address.slice(4)}` })))
        await pool.query('INSERT INTO meter (address, terminal_address) SELECT m, a FROM unnest($1::text[], $2::text[]) AS t (m, a)', [behind.map((one) => one.meter), behind.map((one) => one.address)])
        const issued = (await machine.issueKeys(addresses.map((address) => ({ address, mode })))).map((one) => outcomeValue<'issueKeys'>(one))
        issued.forEach((keys, n) => enrolled.push({ address: addresses[n]!, meter: meters[n]!, keys: keys as KeyFile }))
      }
      await machine.stop()
      return enrolled
    },
    cpu: () => Object.fromEntries(trees().map(([name, pids]) => [name, pids.reduce((sum, pid) => sum + cpuSeconds(pid), 0)])),
    metrics: async (name) => (await fetch(`http://127.0.0.1:${opsOf.get(name)}/metrics`)).text(),
    signal: (name, signal) => { for (const pid of trees().find(([one]) => one === name)![1]) process.kill(pid, signal) },
    memory: () => Object.fromEntries(trees().map(([name, pids]) => [name, pids.reduce((sum, pid) => sum + residentBytes(pid), 0)])),
    stop: async () => {
      await pool.end()
      for (const child of [...children.values()].reverse()) {
        const gone = new Promise((resolve) => child.once('exit', resolve))
        child.removeAllListeners('exit')
        child.once('exit', () => undefined)
        if (child.exitCode === null) {
          child.kill('SIGTERM')
          await Promise.race([gone, new Promise((resolve) => setTimeout(resolve, 15_000).unref())])
        }
      }
      await redis?.stop()
      await postgres.stop()
      rmSync(keyFile, { force: true })
    },
  }
}

/** CPU seconds a process and its ended children have used; Linux counts in hundredths. 0 for a process that is gone. */
function cpuSeconds(pid: number): number {
  const fields = proc(pid, 'stat')?.split(') ')[1]?.split(' ')
  return fields ? fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) / 100 : 0
}

function parentOf(pid: number): number {
  return Number(proc(pid, 'stat')?.split(') ')[1]?.split(' ')[1] ?? 0)
}

async function redisProcess(url: string): Promise<number> {
  const client = new Redis(url)
  const pid = Number(/process_id:(\d+)/.exec(await client.info('server'))?.[1])
  client.disconnect()
  return pid
}

function residentBytes(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(proc(pid, 'status') ?? '')?.[1] ?? 0) * 1024
}

function proc(pid: number, file: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8')
  } catch {
    return undefined
  }
}
