import { execFileSync, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { keepRunning } from './kept-process.js'
import type { KeptProcess, ProcessEvent } from './kept-process.js'
import { toldReady } from './program.js'

const running: KeptProcess[] = []
afterEach(async () => { for (const one of running.splice(0)) await one.stop() })

function keep(script: string, { patienceMs = 2_000 } = {}) {
  const events: ProcessEvent[] = []
  const waiters: [ProcessEvent['kind'], number, () => void][] = []
  const one = keepRunning({
    name: 'child',
    launch: (): ChildProcess => spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'], detached: true, env: { PATH: process.env['PATH'] } }),
    isReady: toldReady,
    stopSignal: 'SIGTERM',
    patienceMs,
    onEvent: (event) => {
      events.push(event)
      for (const [kind, count, wake] of waiters) if (events.filter((seen) => seen.kind === kind).length >= count) wake()
    },
  })
  running.push(one)
  const seen = (kind: ProcessEvent['kind'], count: number): Promise<void> => new Promise((resolve) => {
    if (events.filter((event) => event.kind === kind).length >= count) resolve()
    else waiters.push([kind, count, resolve])
  })
  return { one, events, seen }
}

const alive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
/** Living processes of a group; the zombie of an orphan somebody has yet to collect does not live. */
const inGroup = (group: number): string[] =>
  execFileSync('ps', ['-A', '-o', 'pgid=,stat=,pid='], { encoding: 'utf8' }).split('\n').map((line) => line.trim().split(/\s+/))
    .flatMap(([pgid, state, pid]) => (Number(pgid) === group && !state?.startsWith('Z') ? [pid ?? ''] : []))
const LIVES = 'process.send({ ready: true }); setInterval(() => {}, 1000)'

test('a killed process comes back under another pid, first after 0.2 s, then after twice as long', async () => {
  const { one, events, seen } = keep(LIVES)
  await one.start()
  const first = one.pid() ?? 0
  process.kill(first, 'SIGKILL')
  await seen('ready', 2)
  const second = one.pid() ?? 0
  expect(second).not.toBe(first)
  process.kill(second, 'SIGKILL')
  await seen('ended', 2)
  expect(one.pid()).toBeUndefined()
  expect(events.filter((event) => event.kind === 'ended')).toEqual([
    { kind: 'ended', how: 'SIGKILL', restartInMs: 200 },
    { kind: 'ended', how: 'SIGKILL', restartInMs: 400 },
  ])
})

test('a process that keeps ending before it was ready fails the start', async () => {
  const { one, events } = keep('process.exit(3)')
  await expect(one.start()).rejects.toMatchObject({ code: 'UNAVAILABLE', message: 'child ended 5 times (code 3) before it was ready.' })
  await sleep(50)
  expect(events.filter((event) => event.kind === 'spawned')).toHaveLength(5)
})

test('a launch that throws counts as an end and is tried again', async () => {
  let tries = 0
  const events: ProcessEvent[] = []
  const one = keepRunning({
    name: 'child',
    launch: () => {
      if (++tries < 3) throw new Error('no space left on device')
      return spawn(process.execPath, ['-e', LIVES], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'], detached: true })
    },
    isReady: toldReady, stopSignal: 'SIGTERM', patienceMs: 2_000, onEvent: (event) => events.push(event),
  })
  running.push(one)
  await one.start()
  expect(events.slice(0, 2)).toEqual([
    { kind: 'ended', how: 'no space left on device', restartInMs: 200 },
    { kind: 'ended', how: 'no space left on device', restartInMs: 400 },
  ])
})

test('stop ends it for good', async () => {
  const { one, events } = keep(LIVES)
  await one.start()
  const pid = one.pid() ?? 0
  await one.stop()
  expect(alive(pid)).toBe(false)
  expect(events.at(-1)).toEqual({ kind: 'ended', how: 'SIGTERM', restartInMs: undefined })
})

test('one that ignores the signal is killed, with its own children', async () => {
  const { one } = keep("require('node:child_process').spawn('sleep', ['60']); process.on('SIGTERM', () => {}); process.send({ ready: true }); setInterval(() => {}, 1000)", { patienceMs: 200 })
  await one.start()
  const pid = one.pid() ?? 0
  expect(inGroup(pid)).toHaveLength(2)
  await one.stop()
  await sleep(50)
  expect(inGroup(pid)).toEqual([])
})

test('stop during the back-off leaves nothing to come', async () => {
  const { one, events, seen } = keep(LIVES)
  await one.start()
  process.kill(one.pid() ?? 0, 'SIGKILL')
  await seen('ended', 1)
  await one.stop()
  await sleep(400)
  expect(events.filter((event) => event.kind === 'spawned')).toHaveLength(1)
})
