import { FEED_CLOSE } from '@zhuzhan/contracts'
import type { EventFilter, EventView } from '@zhuzhan/persistence'
import type { EventSink, Subscription } from './feed.js'
import { eventAnswer } from './routes.js'

/** What a client needs of its WebSocket. */
export interface FeedSocket {
  readonly bufferedAmount: number
  readonly readyState: number
  send(text: string): void
  close(code: number, reason: string): void
}

export interface FeedClientDeps {
  socket: FeedSocket
  filter: EventFilter
  /** Resume after this id; undefined: live only. */
  after: number | undefined
  subscribe(sink: EventSink): Subscription
  history(after: number, limit: number): Promise<EventView[]>
}

/** What one client may leave unread before it is dropped. */
export const MAX_BUFFERED_BYTES = 1024 * 1024
/** Live events that wait while a client still reads the past. */
const MAX_WAITING = 5_000
const PAGE = 500
const OPEN = 1

/**
 * One client of the live feed: first the past it asked for, then what comes, without a gap between. A client that does not
 * read fast enough is dropped with a code that tells it to resume, so it never fills our memory.
 * @returns ends the subscription
 */
export function serveFeedClient({ socket, filter, after, subscribe, history }: FeedClientDeps): { done: Promise<void>; end: () => void } {
  const wanted = wantedBy(filter)
  let waiting: EventView[] | undefined = after === undefined ? undefined : []
  /** Ids the client has from the past that the feed, being behind, will still bring. */
  const known = new Set<number>()
  let ended = false

  const end = (): void => {
    ended = true
    waiting = undefined
    subscription.end()
  }
  const tooSlow = (): void => {
    end()
    socket.close(FEED_CLOSE.tooSlow, 'you read too slowly; connect again with ?after=')
  }
  const send = (event: EventView): void => {
    if (ended || socket.readyState !== OPEN) return
    if (socket.bufferedAmount > MAX_BUFFERED_BYTES) tooSlow()
    else socket.send(JSON.stringify(eventAnswer(event)))
  }
  const subscription = subscribe((events) => {
    for (const event of events) {
      if (!wanted(event) || known.delete(event.id)) continue
      if (!waiting) send(event)
      else if (waiting.length >= MAX_WAITING) return tooSlow()
      else waiting.push(event)
    }
  })

  const catchUp = async (from: number): Promise<void> => {
    let position = from
    for (;;) {
      const page = await history(position, PAGE)
      for (const event of page) {
        send(event)
        if (event.id > subscription.after) known.add(event.id)
      }
      position = page.at(-1)?.id ?? position
      if (ended || page.length < PAGE) break
      await drained(socket, () => ended)
    }
    for (const event of waiting ?? []) if (!known.delete(event.id)) send(event)
    waiting = undefined
  }
  return { done: after === undefined ? Promise.resolve() : catchUp(after), end }
}

/** The past is read no faster than the client takes it. */
async function drained(socket: FeedSocket, ended: () => boolean): Promise<void> {
  while (!ended() && socket.readyState === OPEN && socket.bufferedAmount > MAX_BUFFERED_BYTES / 4) await new Promise((resolve) => setTimeout(resolve, 20))
}

function wantedBy({ kinds, severities, terminal, meter }: EventFilter): (event: EventView) => boolean {
  const kind = kinds && new Set(kinds)
  const severity = severities && new Set(severities)
  return (event) => (!kind || kind.has(event.kind)) && (!severity || severity.has(event.severity))
    && (terminal === undefined || event.terminal === terminal) && (meter === undefined || event.meter === meter)
}
