import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { guard } from './guard.js'
import { PROJECT } from './project.js'
import { createStationRest } from './station-rest.js'
import type { StationRest } from './station-rest.js'
import { temporaryFolder } from './temporary-folder.js'

/** `endpoints.json`, design.md §3. */
export interface Endpoints {
  operatorApi: string
  gateway4g: string
  gatewayHplc: string | null
  processes: Record<string, number[]>
  metrics: string[]
  admin: { username: string; password: string }
}

export interface TestStation {
  dataDir: string
  /** Read anew each time: pids change. */
  endpoints(): Endpoints
  /** REST as the administrator. */
  rest: StationRest
  /** What `npm start` printed. */
  output(): string
  /** Sends a signal to the process of this name and returns its pid. */
  signal(name: string, signal: NodeJS.Signals): number
  /** Of the process of this name now; `undefined` between two. */
  pidOf(name: string): number | undefined
  /** Resolves when `name` runs under another pid than `before`. */
  restarted(name: string, before: number): Promise<number>
  /** Ctrl-C. The data stay, `startAgain` goes on with them. */
  interrupt(): Promise<number | null>
  startAgain(): Promise<void>
  /** `kill -9` of the supervisor alone; the services see their channel close. */
  killSupervisor(): void
  /** A second start on the same folder while this one runs. */
  startBeside(): Promise<{ code: number | null; output: string }>
  /** Ctrl-C, and the data are removed. */
  stop(): Promise<void>
}

const READY_MS = 180_000
const RESTART_MS = 60_000

/**
 * The real station as processes on free ports: what `npm start` does after the set-up. Without ZHUZHAN_DEMO_TERMINALS in
 * `env` there is no demo fleet.
 * @param folder for everything it keeps, removed in the end; a temporary one when not given
 */
export async function startStation(env: Readonly<Record<string, string>> = {}, folder = temporaryFolder()): Promise<TestStation> {
  const dataDir = join(folder, 'data')
  const pidFile = join(folder, 'station.pid')
  const release = guard(pidFile, folder)
  const settings = {
    ZHUZHAN_DATA_DIR: dataDir, ZHUZHAN_DEMO_TERMINALS: '0', ZHUZHAN_API_PORT: '0', ZHUZHAN_4G_PORT: '0', DATABASE_URL: '', REDIS_URL: '', ...env,
  }
  const endpointsFile = join(dataDir, 'endpoints.json')
  const endpoints = (): Endpoints => JSON.parse(readFileSync(endpointsFile, 'utf8')) as Endpoints
  let output = ''
  let child: ReturnType<typeof launch> | undefined

  const launch = (onText: (text: string) => void) => {
    const one = spawn(process.execPath, ['scripts/start.mjs'], { cwd: PROJECT, env: { ...process.env, NODE_OPTIONS: '', ...settings }, stdio: ['ignore', 'pipe', 'pipe'], detached: true })
    for (const stream of [one.stdout, one.stderr]) stream.on('data', (part: Buffer) => onText(part.toString()))
    return one
  }
  const start = async (): Promise<void> => {
    output = ''
    const one = launch((text) => { output += text })
    child = one
    writeFileSync(pidFile, `${one.pid}\n`)
    const deadline = Date.now() + READY_MS
    while (!/^Zhuzhan is ready/m.test(output)) {
      if (one.exitCode !== null) throw new Error(`the station did not start:\n${output}`)
      if (Date.now() > deadline) throw new Error(`the station was not ready after ${READY_MS / 1_000} s:\n${output}`)
      await sleep(50)
    }
  }
  const interrupt = async (): Promise<number | null> => {
    if (!child || child.exitCode !== null) return child?.exitCode ?? null
    const gone = once(child, 'exit')
    child.kill('SIGINT')
    await gone
    return child.exitCode
  }
  const pidOf = (name: string): number | undefined => (existsSync(endpointsFile) ? endpoints().processes[name]?.[0] : undefined)

  const stop = async (): Promise<void> => {
    await interrupt()
    release()
    rmSync(folder, { recursive: true, force: true })
  }
  await start().catch(async (error: unknown) => {
    await stop()
    throw error
  })
  return {
    dataDir, endpoints, interrupt, stop,
    startAgain: start,
    killSupervisor: () => { child?.kill('SIGKILL') },
    startBeside: async () => {
      let said = ''
      const other = launch((text) => { said += text })
      const [code] = (await once(other, 'close')) as [number | null]
      return { code, output: said }
    },
    rest: createStationRest(endpoints),
    pidOf,
    output: () => output,
    signal: (name, signal) => {
      const pid = pidOf(name)
      if (pid === undefined) throw new Error(`${name} does not run now`)
      process.kill(pid, signal)
      return pid
    },
    restarted: async (name, before) => {
      const deadline = Date.now() + RESTART_MS
      for (;;) {
        const pid = pidOf(name)
        if (pid !== undefined && pid !== before) return pid
        if (Date.now() > deadline) throw new Error(`${name} did not come back:\n${output}`)
        await sleep(50)
      }
    },
  }
}
