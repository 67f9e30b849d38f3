import type { Clock } from '@zhuzhan/core'
import { decodeTraced } from '@zhuzhan/contracts'
import { currentTraceparent, withSpan } from '@zhuzhan/telemetry'
import type { WebSocket } from 'ws'
import type { TerminalConnection } from '../sockets/terminal-connection.js'
import { chooseFrontEnd } from './choose.js'
import { createFrontEndLink } from './front-end-link.js'
import type { FrontEndLink } from './front-end-link.js'

/**
 * Brings frames of logged-in terminals to the front end responsible for their address, and frames of front ends to sockets.
 *
 * Back-pressure: a front end grants credit as it finishes frames. Without credit (slow database, stopped analytics, no front
 * end at all) frames wait at their connection, and a connection with too much waiting is not read any more, so that memory
 * stays bounded and TCP slows the terminal.
 */
export interface Exchange {
  /** A terminal logged in. */
  add(connection: TerminalConnection): void
  remove(connection: TerminalConnection, reason: string): void
  /** A frame of a logged-in terminal. */
  up(connection: TerminalConnection, raw: Buffer): void
  attach(frontendId: string, socket: WebSocket): void
  readonly frontEnds: number
  stop(): void
}

export interface ExchangeOptions {
  clock: Clock
  /** Bytes held back per connection before its socket is paused. */
  pendingBytes: number
  onBind(connection: TerminalConnection, frontendId: string, security: string): void
  onFrontEnds(ids: readonly string[]): void
}

interface Seat {
  connection: TerminalConnection
  link: FrontEndLink | undefined
  waiting: { raw: Buffer; traceparent: string | undefined }[]
  waitingBytes: number
}

export function createExchange({ clock, pendingBytes, onBind, onFrontEnds }: ExchangeOptions): Exchange {
  const seats = new Map<number, Seat>()
  const links = new Map<string, FrontEndLink>()
  /** Seats with waiting frames; the first was served longest ago, so that each gets one frame a round however little credit comes. */
  const queue = new Set<Seat>()

  const assign = (seat: Seat): void => {
    const id = chooseFrontEnd(seat.connection.address as string, links.keys())
    const link = id === undefined ? undefined : links.get(id)
    if (link === seat.link) return
    if (seat.link && links.get(seat.link.id) === seat.link) seat.link.closed(seat.connection.id, 'moved')
    seat.link = link
    link?.open(seat.connection.id, {
      address: seat.connection.address as string, remote: seat.connection.remote, heartbeatSeconds: seat.connection.heartbeatSeconds,
      loggedInAt: Math.round(clock.now() - (clock.monotonic() - seat.connection.loggedInAt)),
    })
  }

  const drain = (): void => {
    // A seat that was served goes to the end, where this same loop meets it again.
    for (const seat of queue) {
      const { link } = seat
      if (!link || link.credit <= 0) continue
      queue.delete(seat)
      const next = seat.waiting.shift()
      if (next) {
        seat.waitingBytes -= next.raw.length
        link.frame(seat.connection.id, next.raw, next.traceparent)
      }
      if (seat.waiting.length > 0) queue.add(seat)
      else seat.connection.resume()
      if (link.credit <= 0 && ![...links.values()].some((one) => one.credit > 0)) return
    }
  }

  const detach = (link: FrontEndLink): void => {
    if (links.get(link.id) !== link) return
    links.delete(link.id)
    onFrontEnds([...links.keys()])
    for (const seat of seats.values()) if (seat.link === link) assign(seat)
    drain()
  }

  return {
    get frontEnds() { return links.size },
    add: (connection) => {
      const seat: Seat = { connection, link: undefined, waiting: [], waitingBytes: 0 }
      seats.set(connection.id, seat)
      assign(seat)
    },
    remove: (connection, reason) => {
      const seat = seats.get(connection.id)
      if (!seat) return
      seats.delete(connection.id)
      queue.delete(seat)
      seat.link?.closed(connection.id, reason)
    },
    up: (connection, raw) => {
      const seat = seats.get(connection.id)
      if (!seat) return
      withSpan('gateway.session.bind', () => {
        const traceparent = currentTraceparent()
        if (seat.link && seat.waiting.length === 0 && seat.link.credit > 0) return seat.link.frame(connection.id, raw, traceparent)
        // The splitter's buffer is reused; what waits must own its bytes.
        seat.waiting.push({ raw: Buffer.from(raw), traceparent })
        seat.waitingBytes += raw.length
        queue.add(seat)
        if (seat.waitingBytes > pendingBytes) connection.pause()
      })
    },
    attach: (frontendId, socket) => {
      const link = createFrontEndLink(frontendId, socket, {
        onFrame: (_link, id, body) => {
          const seat = seats.get(id)
          if (!seat) return
          const { traceparent, frame } = decodeTraced(body)
          withSpan('gateway.frame.send', () => seat.connection.write(frame), { parent: traceparent })
        },
        onClose: (_link, id) => seats.get(id)?.connection.close('front-end'),
        onBind: (bound, id, security) => {
          const seat = seats.get(id)
          if (seat && seat.link === bound) onBind(seat.connection, bound.id, security)
        },
        onCredit: drain,
      })
      const former = links.get(frontendId)
      links.set(frontendId, link)
      if (former) {
        former.end()
        for (const seat of seats.values()) if (seat.link === former) seat.link = undefined
      }
      socket.once('close', () => detach(link))
      onFrontEnds([...links.keys()])
      for (const seat of seats.values()) assign(seat)
      drain()
    },
    stop: () => {
      for (const link of links.values()) link.end()
    },
  }
}
