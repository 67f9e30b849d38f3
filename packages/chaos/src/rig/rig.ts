import { chmodSync, cpSync, existsSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { HesError, errorText } from '@zhuzhan/core'
import { freePorts } from '@zhuzhan/supervisor'
import { startStation, temporaryFolder } from '@zhuzhan/testing'
import type { TestStation } from '@zhuzhan/testing'
import { startProxy } from '../proxy/proxy.js'
import type { Proxy } from '../proxy/proxy.js'
import { createStationClock } from './clock.js'
import type { StationClock } from './clock.js'
import { openDisk } from './disk.js'
import type { Disk } from './disk.js'
import { guardRun } from './guard.js'
import { startDatabase, startQueueServer } from './servers.js'
import type { Server } from './servers.js'

export const BACKENDS = ['postgres', 'redis'] as const
export type BackendName = (typeof BACKENDS)[number]
export const SERVICES = ['gateway-type1', 'front-end-processor', 'crypto-machine', 'analytics', 'operator-api'] as const
export type ServiceName = (typeof SERVICES)[number]

/** The bad lines: between which parts each runs is in docs/chaos.md. */
export interface Lines {
  terminals: Proxy
  link: Proxy
  crypto: Proxy
  postgres: Proxy
  redis: Proxy | undefined
}

/** A station under test with everything that can be done to it. */
export interface Rig {
  readonly backend: BackendName
  readonly folder: string
  readonly station: TestStation
  readonly database: Server
  readonly queueServer: Server | undefined
  readonly lines: Lines
  readonly disk: Disk
  readonly clock: StationClock
  /** The pid of a service, alive now. @throws HesError UNAVAILABLE when it does not come back within some seconds */
  servicePid(name: ServiceName): Promise<number>
  copyLogs(to: string): void
  /** Everything ends and nothing stays. */
  close(): Promise<void>
}

export interface RigOptions {
  backend: BackendName
  say(text: string): void
}

const DISK_MEGABYTES = 1_024
const PID_MS = 20_000

export async function openRig({ backend, say }: RigOptions): Promise<Rig> {
  const folder = temporaryFolder()
  const ends: (() => Promise<void> | void)[] = []
  const close = async (): Promise<void> => {
    for (const end of ends.splice(0).reverse()) {
      try {
        await end()
      } catch (error) {
        say(`while ending: ${errorText(error)}`)
      }
    }
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    const disk = openDisk(folder, DISK_MEGABYTES)
    ends.push(() => disk.remove())
    const logs = join(folder, 'logs')
    mkdirSync(logs, { mode: 0o700 })
    const release = guardRun(folder, [join(disk.folder, 'postgres/postmaster.pid'), join(disk.folder, 'redis/redis.pid')])
    ends.push(release)

    const database = await startDatabase(disk.folder, logs)
    ends.push(() => database.stop())
    const queueServer = backend === 'redis' ? await startQueueServer(disk.folder, logs) : undefined
    if (queueServer) ends.push(() => queueServer.stop())

    const [gatewayPort = 0, linkPort = 0, cryptoPort = 0] = await freePorts(3)
    const line = async (name: string, port: number): Promise<Proxy> => {
      const proxy = await startProxy({ name, target: { host: '127.0.0.1', port } })
      ends.push(() => proxy.close())
      return proxy
    }
    const lines: Lines = {
      terminals: await line('terminals', gatewayPort),
      link: await line('link', linkPort),
      crypto: await line('crypto', cryptoPort),
      postgres: await line('postgres', database.port),
      redis: queueServer && await line('redis', queueServer.port),
    }
    const clock = createStationClock(join(folder, 'clock'))

    const home = join(disk.folder, 'station')
    mkdirSync(home)
    chmodSync(home, 0o711)
    const station = await startStation({
      DATABASE_URL: database.urlThrough(lines.postgres.port),
      REDIS_URL: queueServer && lines.redis ? queueServer.urlThrough(lines.redis.port) : '',
      ZHUZHAN_4G_PORT: String(gatewayPort), ZHUZHAN_LINK_PORT: String(linkPort), ZHUZHAN_CRYPTO_PORT: String(cryptoPort),
      ZHUZHAN_GATEWAYS: `ws://127.0.0.1:${lines.link.port}`, ZHUZHAN_CRYPTO_URL: `ws://127.0.0.1:${lines.crypto.port}`,
      ZHUZHAN_CLOCK_OFFSET_FILE: clock.file,
    }, home)
    ends.push(() => station.stop())
    say(`the station is ready in ${folder} (${backend}; disk: ${disk.kind ?? 'an ordinary folder, filling it is not permitted here'})`)

    return {
      backend, folder, station, database, queueServer, lines, disk, clock, close,
      servicePid: async (name) => {
        const deadline = Date.now() + PID_MS
        for (;;) {
          const pid = station.pidOf(name)
          if (pid !== undefined && isAlive(pid)) return pid
          if (Date.now() > deadline) throw new HesError('UNAVAILABLE', `${name} does not run`)
          await sleep(100)
        }
      },
      copyLogs: (to) => {
        mkdirSync(to, { recursive: true })
        for (const from of [logs, join(station.dataDir, 'logs')]) if (existsSync(from)) cpSync(from, to, { recursive: true })
      },
    }
  } catch (error) {
    await close()
    throw error
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
