import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'

/**
 * A lock that dies with its process: the file holds the owner's pid and, where the system tells (Linux), its start time,
 * so that a later process with the same pid is not taken for the owner.
 *
 * @param {string} file in a folder that may not exist yet
 * @returns {{ release: () => void } | { owner: number }} the lock, or who holds it
 */
export function takeLock(file) {
  mkdirSync(dirname(file), { recursive: true })
  const own = `${file}.${process.pid}`
  const me = identity(process.pid)
  // Written aside and linked into place: nobody ever sees a lock without an owner.
  writeFileSync(own, me, { mode: 0o600 })
  try {
    for (;;) {
      if (tryLink(own, file)) return { release: () => { if (read(file) === me) rmSync(file, { force: true }) } }
      const holder = read(file)
      if (holder === undefined) continue
      const pid = Number.parseInt(holder, 10)
      if (identity(pid) === holder) return { owner: pid }
      removeStale(file, holder)
    }
  } finally {
    rmSync(own, { force: true })
  }
}

/** Moves the stale lock away; when somebody else replaced it in between, puts theirs back. */
function removeStale(file, stale) {
  const aside = `${file}.stale.${process.pid}`
  try {
    renameSync(file, aside)
  } catch {
    return
  }
  if (read(aside) !== stale) tryLink(aside, file)
  rmSync(aside, { force: true })
}

function tryLink(from, to) {
  try {
    linkSync(from, to)
    return true
  } catch (error) {
    if (error.code === 'EEXIST') return false
    throw error
  }
}

function read(file) {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}

/** `pid startTime` of a living process; `undefined` for a dead one. Differs when a pid is given to another process later. */
export function identity(pid) {
  try {
    process.kill(pid, 0)
  } catch (error) {
    if (error.code !== 'EPERM') return undefined
  }
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    // Field 3 is the state (a zombie holds nothing), field 22 the start time in clock ticks.
    return fields[0] === 'Z' ? undefined : `${pid} ${fields[19]}`
  } catch {
    return `${pid} -`
  }
}
