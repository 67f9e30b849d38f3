/** The lock of the set-up (scripts/pid-lock.mjs): one holder at a time, and a dead holder does not block anybody. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { ROOT } from '../architecture/workspace.js'

const folder = mkdtempSync(join(tmpdir(), 'zhuzhan-lock-'))
const lock = join(folder, 'setup.lock')
const journal = join(folder, 'journal')
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Takes the lock, writes `in`, waits, writes `out`, gives it back; `crash` leaves it behind. */
const script = `
  import { appendFileSync } from 'node:fs'
  import { setTimeout as sleep } from 'node:timers/promises'
  const { takeLock } = await import(${JSON.stringify(pathToFileURL(join(ROOT, 'scripts/pid-lock.mjs')).href)})
  const [lock, journal, crash] = process.argv.slice(1)
  for (;;) {
    const taken = takeLock(lock)
    if (!('release' in taken)) { await sleep(2); continue }
    appendFileSync(journal, 'in ')
    await sleep(5)
    appendFileSync(journal, 'out ')
    if (crash) process.kill(process.pid, 'SIGKILL')
    taken.release()
    break
  }`

async function runOne(crash = ''): Promise<void> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', script, lock, journal, crash], { stdio: ['ignore', 'ignore', 'inherit'] })
  await once(child, 'exit')
}

test('of many at once each gets it, one after another, also past a holder that was killed', async () => {
  await runOne('crash')
  expect(existsSync(lock)).toBe(true)
  await Promise.all(Array.from({ length: 6 }, () => runOne()))
  expect(readFileSync(journal, 'utf8')).toBe('in out '.repeat(7))
  expect(existsSync(lock)).toBe(false)
}, 30_000)

test('a pid that was given to somebody else is not taken for the holder', async () => {
  writeFileSync(journal, '')
  // Our own pid lives, but did not start at that time.
  writeFileSync(lock, `${process.pid} 12345`)
  await runOne()
  expect(readFileSync(journal, 'utf8')).toBe('in out ')
}, 30_000)
