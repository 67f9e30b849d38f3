import { setTimeout as sleep } from 'node:timers/promises'

/** Asks until the answer is there. @throws Error naming what did not come, with the last thing seen */
export async function until<T>(what: string, seconds: number, look: () => Promise<T | undefined>): Promise<T> {
  const deadline = Date.now() + seconds * 1_000
  let last: unknown
  for (;;) {
    try {
      const found = await look()
      if (found !== undefined) return found
    } catch (error) {
      last = error
    }
    if (Date.now() > deadline) throw new Error(`${what} did not come within ${seconds} s${last === undefined ? '' : `; last: ${String(last)}`}`)
    await sleep(250)
  }
}
