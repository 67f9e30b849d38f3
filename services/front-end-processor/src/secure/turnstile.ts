/**
 * Lets so many pass at once, in the order they came: after a restart every terminal wants a session, and the station serves
 * them at the rate it can, not all at the same time.
 */
export interface Turnstile {
  run<T>(work: () => Promise<T>): Promise<T>
  readonly waiting: number
}

export function createTurnstile(places: number): Turnstile {
  let busy = 0
  const queue: (() => void)[] = []
  return {
    get waiting() { return queue.length },
    run: async (work) => {
      if (busy >= places) await new Promise<void>((resolve) => queue.push(resolve))
      else busy += 1
      try {
        return await work()
      } finally {
        // The place is handed on rather than freed, so that nobody overtakes.
        const next = queue.shift()
        if (next) next()
        else busy -= 1
      }
    },
  }
}
