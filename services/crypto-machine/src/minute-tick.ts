import type { Logger, Part } from '@zhuzhan/service-kit'
import type { Machine } from './app.js'

const MINUTE_MS = 60_000

/** What the machine must keep though nobody asks: the highest time it has seen (§7.6). */
export function minuteTick({ machine, log }: { machine: Pick<Machine, 'tick' | 'serving'>; log: Logger }): Part {
  let timer: NodeJS.Timeout | undefined
  const tick = (): void => {
    machine.tick().catch((error: unknown) => log.warn({ err: error }, 'the time could not be kept'))
  }
  return {
    name: 'minute-tick',
    start: async () => {
      tick()
      timer = setInterval(tick, MINUTE_MS)
    },
    stop: async () => {
      clearInterval(timer)
    },
  }
}
