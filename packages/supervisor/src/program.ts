import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { closeSync } from 'node:fs'
import { join } from 'node:path'
import { PROJECT } from './data-folder.js'
import type { DataFolder } from './data-folder.js'

/** What runs a service in its folder. The modules file by file are in `dist/main.js`; loading them takes twice the time. */
export const SERVICE_PROGRAM = ['--import', './dist/bundle/register.js', '--enable-source-maps', 'dist/bundle/main.js'] as const

/** Garbage is collected by the thread that made it, without helpers. */
const COLLECTS_ALONE = '--single-threaded-gc'
/** Most MB of one half of the young generation; Node's default is 16. */
const young = (megabytes: number): string => `--max-semi-space-size=${megabytes}`

/**
 * The engine's settings by service (docs/performance.md). On the way of a report every process has work already, and the engine's helper threads
 * cost more than they take off its own: these three collect alone, in pauses of up to some 15 ms. A gateway holds nothing for longer than a turn of
 * its loop and needs little room, and ten thousand logins would fill more, which the engine then keeps; a front end keeps reports until they are
 * on disk, and copying those that wait was a quarter of what a report costs it. Analytics and the REST have heaps large enough to want helpers.
 */
const ENGINE: Readonly<Record<string, readonly string[]>> = {
  'gateway-type1': [COLLECTS_ALONE, young(4)],
  'front-end-processor': [COLLECTS_ALONE, young(32)],
  'crypto-machine': [COLLECTS_ALONE],
}

/** What runs this service in its folder. */
export function serviceProgram(service: string): readonly string[] {
  return [...(ENGINE[service] ?? []), ...SERVICE_PROGRAM]
}

export interface Program {
  name: string
  /** Workspace member, e.g. `services/analytics`; its folder is the working folder. */
  member: string
  /** One of the services: built into a bundle, with telemetry to be loaded before anything else. */
  service: boolean
  args?: readonly string[]
  env?: Readonly<Record<string, string>>
}

/**
 * Starts a workspace program in a session of its own (Ctrl-C does not reach it) with a channel to us: it tells us when it is
 * ready, and ends by itself when we die, because then the channel closes.
 */
export function launchProgram({ name, member, service, args = [], env = {} }: Program, folder: DataFolder): ChildProcess {
  const log = folder.openLog(name)
  const inherited = Object.fromEntries(Object.entries(process.env).filter(([variable]) => !variable.startsWith('npm_')))
  const program = service ? serviceProgram(name) : ['--enable-source-maps', 'dist/main.js']
  const child = spawn(process.execPath, [...program, ...args], {
    cwd: join(PROJECT, member),
    env: { ...inherited, ...env, ZHUZHAN_SERVICE: name, ZHUZHAN_SUPERVISED: '1' },
    stdio: ['ignore', log, log, 'ipc'],
    detached: true,
  })
  closeSync(log)
  return child
}

/** service-kit's runService sends this when all parts have started. */
export function toldReady(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    child.on('message', (message: unknown) => {
      if (typeof message === 'object' && message !== null && 'ready' in message && message.ready === true) resolve()
    })
  })
}
