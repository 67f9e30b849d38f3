import { HesError } from '@zhuzhan/core'
import { SdfFailure } from './library/return-codes.js'
import type { SdfSession } from './session.js'

export interface PoolOptions {
  /** Already open; the others are opened by `createPool`. */
  first: SdfSession
  size: number
  open(): Promise<SdfSession>
  limits: { waiting: number; waitMs: number }
  /** The device itself has failed. Called once or more. */
  onLost(error: SdfFailure): void
}

export interface Pool {
  /** Run with a session that is nobody else's meanwhile. @throws SdfFailure; HesError BUSY when none came free */
  use<T>(work: (session: SdfSession) => Promise<T>): Promise<T>
  readonly size: number
  /** Fail everybody who waits. */
  end(): void
  /** The same, and close the sessions. */
  close(): Promise<void>
}

interface Waiter {
  timer: NodeJS.Timeout
  resolve(session: SdfSession): void
  reject(error: Error): void
}

/** A fixed number of sessions, handed out one user at a time, first come first served. A session on which a call failed is replaced. */
export async function createPool({ first, size, open, limits, onLost }: PoolOptions): Promise<Pool> {
  const idle = [first, ...(await Promise.all(Array.from({ length: size - 1 }, open)))]
  const waiters: Waiter[] = []
  let ended = false
  let alive = idle.length

  const acquire = (): Promise<SdfSession> | SdfSession => {
    if (ended) throw new SdfFailure('device', 'pool', 'ended')
    const free = idle.pop()
    if (free) return free
    if (waiters.length >= limits.waiting) throw new HesError('BUSY')
    return new Promise<SdfSession>((resolve, reject) => {
      const timer = setTimeout(() => {
        waiters.splice(waiters.indexOf(waiter), 1)
        reject(new HesError('BUSY'))
      }, limits.waitMs)
      const waiter: Waiter = { timer, resolve, reject }
      waiters.push(waiter)
    })
  }
  const release = (session: SdfSession): void => {
    const waiter = waiters.shift()
    if (!waiter) return void idle.push(session)
    clearTimeout(waiter.timer)
    waiter.resolve(session)
  }
  const replace = async (session: SdfSession): Promise<void> => {
    alive--
    await session.close()
    try {
      const fresh = await open()
      alive++
      release(fresh)
    } catch (error) {
      // A device that opens no session is no device.
      onLost(error instanceof SdfFailure ? error : new SdfFailure('device', 'openSession', 'ended'))
    }
  }
  const end = (): void => {
    ended = true
    for (const { timer, reject } of waiters.splice(0)) {
      clearTimeout(timer)
      reject(new SdfFailure('device', 'pool', 'ended'))
    }
  }

  return {
    get size() {
      return alive
    },
    async use(work) {
      const session = await acquire()
      try {
        const result = await work(session)
        release(session)
        return result
      } catch (error) {
        if (!(error instanceof SdfFailure)) release(session)
        else if (error.kind === 'device') onLost(error)
        else void replace(session)
        throw error
      }
    },
    end,
    async close() {
      end()
      await Promise.all(idle.splice(0).map((session) => session.close()))
    },
  }
}
