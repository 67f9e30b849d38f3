import { errorText } from '@zhuzhan/core'
import type { StationEvent } from '@zhuzhan/contracts'
import type { EventLog } from '@zhuzhan/persistence'
import type { Part } from '@zhuzhan/service-kit'
import type { Logger } from 'pino'

export interface StoredEvents extends Part {
  /** Readings of one terminal were committed. */
  add(terminal: string, readings: number): void
}

const EVERY_MS = 1_000
/** Terminals named in one second; the others are summed up in one more event. */
const NAMED = 4

/** What people see of the stream of readings: a few summaries a second, however many batches there are. */
export function createStoredEvents({ events, log }: { events: EventLog; log: Logger }): StoredEvents {
  let pending = new Map<string, number>()
  let timer: NodeJS.Timeout | undefined

  const flush = async (): Promise<void> => {
    if (pending.size === 0) return
    const all = [...pending].sort(([, a], [, b]) => b - a)
    pending = new Map()
    const told: StationEvent[] = all.slice(0, NAMED).map(([terminal, readings]) => ({ kind: 'reading.stored', terminal, detail: { readings } }))
    const others = all.slice(NAMED)
    if (others.length > 0) {
      const readings = others.reduce((sum, [, count]) => sum + count, 0)
      told.push({ kind: 'reading.stored', detail: { terminals: others.length, readings } })
    }
    await events.publish(...told).catch((error: unknown) => log.warn({ reason: errorText(error) }, 'events not written'))
  }
  return {
    name: 'stored-events',
    add: (terminal, readings) => { pending.set(terminal, (pending.get(terminal) ?? 0) + readings) },
    start: async () => {
      timer = setInterval(() => void flush(), EVERY_MS)
    },
    stop: async () => {
      clearInterval(timer)
      await flush()
    },
  }
}
