import type { OpenSsl, Pointer } from './symbols.js'

/** Owns native objects of one operation and frees them, last first, on every path. */
export interface Scope {
  /** Take ownership. @throws Error when the library returned NULL */
  own(pointer: Pointer | null, free: (pointer: Pointer) => void): Pointer
}

/** Native objects now alive, over all engines: a test proves that it returns to where it was. */
let live = 0
export function liveNativeObjects(): number {
  return live
}

export function countedFree(pointer: Pointer, free: (pointer: Pointer) => void): void {
  live--
  free(pointer)
}

/** Register a long-lived object (a cached key, the group). @throws Error on NULL */
export function counted(pointer: Pointer | null): Pointer {
  if (!pointer) throw new Error('OpenSSL returned no object')
  live++
  return pointer
}

/** Run with a scope; the objects live until the work, promises included, has ended. */
export async function withScope<T>(ssl: OpenSsl, work: (scope: Scope) => Promise<T>): Promise<T> {
  const owned: { pointer: Pointer; free: (pointer: Pointer) => void }[] = []
  try {
    return await work({
      own(pointer, free) {
        owned.push({ pointer: counted(pointer), free })
        return pointer as Pointer
      },
    })
  } finally {
    for (const { pointer, free } of owned.reverse()) countedFree(pointer, free)
    // Left-over entries of a refused input would otherwise surface in an unrelated call of node:crypto.
    ssl.clearErrors()
  }
}

/** At most `limit` slow calls at a time: koffi throws beyond its queue, and the thread pool is shared with node. */
export function createGate(limit: number): <T>(start: (done: (error: Error | null, result: T) => void) => void) => Promise<T> {
  const waiting: (() => void)[] = []
  let running = 0
  const next = (): void => {
    running--
    waiting.shift()?.()
  }
  return <T>(start: (done: (error: Error | null, result: T) => void) => void) =>
    new Promise<T>((resolve, reject) => {
      const run = (): void => {
        running++
        try {
          start((error, result) => {
            next()
            if (error) reject(error)
            else resolve(result)
          })
        } catch (error) {
          next()
          reject(error as Error)
        }
      }
      if (running < limit) run()
      else waiting.push(run)
    })
}
