import { readFileSync } from 'node:fs'

const LOOK_MS = 100

/**
 * For kill tests only (docs/chaos.md): this process's clock differs from the machine's by the milliseconds that stand in the file,
 * read again all the time. It moves `Date.now`, and so the injected clock and what libraries count by; monotonic time goes on.
 * Configuration refuses it in production.
 * @returns puts the clock right
 */
export function followClockFile(file: string): () => void {
  const real = Date.now
  let offset = 0
  const look = (): void => {
    let said: number
    try {
      said = Number(readFileSync(file, 'utf8').trim() || '0')
    } catch {
      // Not there, or just being written: as it was.
      return
    }
    if (Number.isFinite(said)) offset = said
  }
  look()
  Date.now = () => real() + offset
  const timer = setInterval(look, LOOK_MS)
  timer.unref()
  return () => {
    clearInterval(timer)
    Date.now = real
  }
}
