import type { ChildProcess } from 'node:child_process'
import { errorText, HesError } from '@zhuzhan/core'

const FIRST_DELAY_MS = 200
const LONGEST_DELAY_MS = 5_000
/** A process that lived this long starts again without the back-off of its past. */
const HEALTHY_AFTER_MS = 30_000
/** Ends before it was ever ready, after which a first start is given up. */
const EARLY_ENDS = 5

export type ProcessEvent =
  | { kind: 'spawned'; pid: number }
  | { kind: 'ready' }
  | { kind: 'ended'; how: string; restartInMs: number | undefined }

export interface KeptProcessOptions {
  name: string
  /** Must spawn detached: a process group of its own, so that Ctrl-C does not reach it and its whole group can be ended. */
  launch: () => ChildProcess
  /** Resolves when the process does its work. */
  isReady: (child: ChildProcess) => Promise<void>
  stopSignal: NodeJS.Signals
  /** After this an unwilling process is killed. */
  patienceMs: number
  onEvent: (event: ProcessEvent) => void
}

/** A process that is started again, with back-off, whenever it ends before `stop`. */
export interface KeptProcess {
  readonly name: string
  pid(): number | undefined
  /** Resolves when it is ready for the first time. @throws HesError UNAVAILABLE when it keeps ending before that */
  start(): Promise<void>
  /** Resolves when it is gone. */
  stop(): Promise<void>
}

export function keepRunning({ name, launch, isReady, stopSignal, patienceMs, onEvent }: KeptProcessOptions): KeptProcess {
  let child: ChildProcess | undefined
  let ended: Promise<void> = Promise.resolve()
  let timer: NodeJS.Timeout | undefined
  let stopping = false
  let failures = 0
  let wasReady = false
  let firstReady: { resolve: () => void; reject: (error: Error) => void } | undefined

  const spawn = (): void => {
    const spawnedAt = performance.now()
    let one: ChildProcess
    try {
      one = launch()
    } catch (error) {
      // A full disk or an exhausted process table: it may be better in a moment, and the rest of the station must not fall with it.
      failures++
      return again(errorText(error))
    }
    child = one
    if (one.pid !== undefined) onEvent({ kind: 'spawned', pid: one.pid })
    ended = new Promise((resolve) => {
      const once = (how: string): void => {
        if (child !== one) return
        child = undefined
        failures = performance.now() - spawnedAt > HEALTHY_AFTER_MS ? 0 : failures + 1
        resolve()
        again(how)
      }
      one.once('exit', (code, signal) => once(signal ?? `code ${code}`))
      one.once('error', (error) => once(error.message))
    })
    isReady(one).then(() => {
      if (child !== one) return
      wasReady = true
      onEvent({ kind: 'ready' })
      firstReady?.resolve()
    }, () => undefined) // it ended; `once` above deals with that
  }

  const again = (how: string): void => {
    if (stopping) return onEvent({ kind: 'ended', how, restartInMs: undefined })
    if (!wasReady && failures >= EARLY_ENDS) {
      onEvent({ kind: 'ended', how, restartInMs: undefined })
      firstReady?.reject(new HesError('UNAVAILABLE', `${name} ended ${failures} times (${how}) before it was ready.`))
      return
    }
    const restartInMs = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** Math.max(0, failures - 1))
    onEvent({ kind: 'ended', how, restartInMs })
    timer = setTimeout(spawn, restartInMs)
  }

  return {
    name,
    pid: () => child?.pid,
    start: () => new Promise<void>((resolve, reject) => {
      firstReady = { resolve, reject }
      spawn()
    }),
    stop: async () => {
      stopping = true
      clearTimeout(timer)
      const pid = child?.pid
      if (pid === undefined) return
      child?.kill(stopSignal)
      const hard = setTimeout(() => killGroup(pid), patienceMs)
      await ended
      clearTimeout(hard)
    },
  }
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // gone in the same moment
  }
}
