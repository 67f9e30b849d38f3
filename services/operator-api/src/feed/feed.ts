import { errorText } from '@zhuzhan/core'
import type { Clock } from '@zhuzhan/core'
import { eventsAfter, lastEventId } from '@zhuzhan/persistence'
import type { EventView, Listener } from '@zhuzhan/persistence'
import { rateLimited } from '@zhuzhan/service-kit'
import type { Logger, Part } from '@zhuzhan/service-kit'
import type pg from 'pg'

export type EventSink = (events: readonly EventView[]) => void

/** One reader of the event table for all clients of this process. */
export interface EventFeed extends Part {
  subscribe(sink: EventSink): Subscription
}

export interface Subscription {
  /** Only events with higher ids will come. */
  after: number
  end(): void
}

export interface EventFeedDeps {
  pool: pg.Pool
  /** LISTEN zhuzhan_event; calls back at every notification and after every (re)connection. */
  listen(wake: () => void): Listener
  clock: Clock
  log: Logger
}

const PAGE = 1_000
/** An id is given before its transaction commits, so a lower id may show up after a higher one: for this long we look again. */
const LATE_MS = 5_000
/** Should notifications be lost without the connection noticing. */
const LOOK_ANYWAY_MS = 5_000

/**
 * Follows the table `event`: a notification wakes it, then it reads what is new and hands it to every client. Ids that were
 * committed out of order are delivered late, but not lost.
 */
export function createEventFeed({ pool, listen, clock, log }: EventFeedDeps): EventFeed {
  const sinks = new Set<EventSink>()
  const noisy = rateLimited(log, { perMinute: 2, clock })
  /** Ids delivered since `floor` and when; at and below `floor` nothing is looked for any more. */
  const recent = new Map<number, number>()
  let floor: number | undefined
  let listener: Listener | undefined
  let timer: NodeJS.Timeout | undefined
  let running: Promise<void> | undefined
  let again = false

  const read = async (): Promise<void> => {
    if (floor === undefined) {
      floor = await lastEventId(pool)
      return
    }
    let after = floor
    for (;;) {
      const page = await eventsAfter(pool, after, PAGE)
      const fresh = page.filter((event) => !recent.has(event.id))
      const now = clock.monotonic()
      for (const event of fresh) recent.set(event.id, now)
      if (fresh.length > 0) for (const sink of sinks) sink(fresh)
      const last = page.at(-1)
      if (page.length < PAGE || !last) break
      after = last.id
    }
    forgetOld()
  }
  const forgetOld = (): void => {
    const old = clock.monotonic() - LATE_MS
    for (const [id, at] of recent) {
      if (at > old) break
      recent.delete(id)
      floor = Math.max(floor ?? 0, id)
    }
  }
  const unreadable = (error: unknown): void => { noisy.warn({ reason: errorText(error) }, 'live feed: events could not be read') }
  const wake = (): void => {
    again = true
    running ??= (async () => {
      while (again) {
        again = false
        await read().catch(unreadable)
      }
    })().finally(() => { running = undefined })
  }

  return {
    name: 'event-feed',
    subscribe: (sink) => {
      sinks.add(sink)
      return { after: floor ?? 0, end: () => { sinks.delete(sink) } }
    },
    start: async () => {
      // Before anybody subscribes: whoever is here already must not miss what happens until the listener is connected.
      await read().catch(unreadable)
      listener = listen(wake)
      timer = setInterval(wake, LOOK_ANYWAY_MS)
      timer.unref()
    },
    stop: async () => {
      clearInterval(timer)
      await listener?.close()
      await running
    },
  }
}
