import { execFileSync } from 'node:child_process'
import { readFileSync, readlinkSync, realpathSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** Time for an ordered end of a database that lost its supervisor, before it is killed. */
const PATIENCE_MS = 30_000

/**
 * Clears what an earlier run left: after a kill -9 of the supervisor its PostgreSQL lives on and would keep the
 * folder; after a power cut `postmaster.pid` may name a pid that is somebody else's now.
 * @returns the pid of a database that was stopped
 */
export async function stopLeftover(folder: string): Promise<number | undefined> {
  const pidFile = join(folder, 'postmaster.pid')
  const pid = readPid(pidFile)
  if (pid === undefined) return undefined
  if (!isOurs(pid, folder)) {
    rmSync(pidFile, { force: true })
    return undefined
  }
  process.kill(pid, 'SIGINT')
  const deadline = Date.now() + PATIENCE_MS
  while (isOurs(pid, folder)) {
    if (Date.now() > deadline) process.kill(pid, 'SIGKILL')
    await sleep(50)
  }
  return pid
}

function readPid(file: string): number | undefined {
  try {
    const pid = Number.parseInt(readFileSync(file, 'utf8'), 10)
    return pid > 0 ? pid : undefined
  } catch {
    return undefined
  }
}

/** Is this living process a postmaster of this folder? A postmaster works inside its data folder. */
function isOurs(pid: number, folder: string): boolean {
  try {
    if (process.platform === 'linux') {
      const state = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.[0]
      return state !== 'Z' && readlinkSync(`/proc/${pid}/cwd`) === realpathSync(folder)
    }
    return execFileSync('ps', ['-p', String(pid), '-o', 'command='], { encoding: 'utf8' }).includes(folder)
  } catch {
    return false
  }
}
