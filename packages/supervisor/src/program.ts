import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { closeSync } from 'node:fs'
import { join } from 'node:path'
import { PROJECT } from './data-folder.js'
import type { DataFolder } from './data-folder.js'

/** What runs a service in its folder. The modules file by file are in `dist/main.js`; loading them takes twice the time. */
export const SERVICE_PROGRAM = ['--import', './dist/bundle/register.js', '--enable-source-maps', 'dist/bundle/main.js'] as const

/**
 * Most MB of one half of a service's young generation; Node's default is 16. Ten thousand logins fill it, and the engine keeps it while there
 * is anything to do. A gateway holds nothing for longer than a turn of its loop and needs little room; a front end keeps reports until they are on
 * disk, and copying those that wait was a quarter of what a report costs it (docs/performance.md).
 */
const YOUNG_MB: Readonly<Record<string, number>> = { 'gateway-type1': 4, 'front-end-processor': 32 }

/** What runs this service in its folder. */
export function serviceProgram(service: string): readonly string[] {
  const young = YOUNG_MB[service]
  return young === undefined ? SERVICE_PROGRAM : [`--max-semi-space-size=${young}`, ...SERVICE_PROGRAM]
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
