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

/**
 * A slow native call on the thread pool. `held` are the arrays whose addresses it was given: koffi keeps a reference to
 * the callback only, so the callback holds them; otherwise a garbage collection would free memory that a thread is
 * reading or writing.
 */
export function onPool<T>(start: (done: (error: Error | null, result: T) => void) => void, ...held: unknown[]): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    start((error, result) => {
      held.length = 0
      if (error) reject(error)
      else resolve(result)
    })
  })
}

/** Runs work when one of `limit` places is free, in order of arrival. */
export type Gate = <T>(work: () => Promise<T>) => Promise<T>

/** At most `limit` at a time: koffi throws beyond its queue, and the thread pool is shared with node. */
export function createGate(limit: number): Gate {
  const waiting: (() => void)[] = []
  let running = 0
  return async (work) => {
    if (running < limit) running++
    else await new Promise<void>((resolve) => waiting.push(resolve))
    try {
      return await work()
    } finally {
      const next = waiting.shift()
      // The place is handed on, not given back: nobody may slip in between.
      if (next) next()
      else running--
    }
  }
}
