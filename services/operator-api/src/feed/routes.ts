import { DEFAULT_UTC_OFFSET, HesError, errorCode, offsetMinutes } from '@zhuzhan/core'
import { EventAnswer, EventHistoryQuery, FEED_CLOSE, FeedQuery, pageOf } from '@zhuzhan/contracts'
import { eventHistory, eventsAfter } from '@zhuzhan/persistence'
import type { EventFilter, EventView } from '@zhuzhan/persistence'
import { gauge } from '@zhuzhan/telemetry'
import type { FastifyRequest } from 'fastify'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import type pg from 'pg'
import type { WebSocket } from 'ws'
import { z } from 'zod'
import { mustHave } from '../auth/guard.js'
import type { Guard } from '../auth/guard.js'
import { instantOf } from '../http/instants.js'
import { answerPage, decodeCursor } from '../http/paging.js'
import { about, errors } from '../http/route.js'
import { serveFeedClient } from './client.js'
import type { EventFeed } from './feed.js'

export interface FeedRoutesDeps {
  pool: pg.Pool
  guard: Guard
  feed: Pick<EventFeed, 'subscribe'>
  /** Pings, and looks whether the user may still watch. */
  pingMs?: number
}

const MAX_CLIENTS = 500
const Key = z.tuple([z.number().int().positive()])

/** The live feed and its past. */
export const feedRoutes = ({ pool, guard, feed, pingMs = 20_000 }: FeedRoutesDeps): FastifyPluginAsyncZod => async (app) => {
  const clients = new Set<WebSocket>()
  const endGauge = gauge('api_feed_clients', () => clients.size)
  app.addHook('preClose', async () => {
    for (const socket of clients) socket.close(1001, 'the station stops')
  })
  app.addHook('onClose', async () => { endGauge() })

  app.route({
    method: 'GET',
    url: '/events',
    schema: {
      ...about('Events', 'Live feed (WebSocket): one JSON text an event', 'read'),
      querystring: FeedQuery,
      response: { 101: z.undefined().describe('Switches to a WebSocket; close codes 4401 not authenticated, 4429 read too slowly'), ...errors },
    },
    onRequest: async (request) => {
      request.operator = await guard.operatorOf(feedToken(request))
      mustHave(request.operator, 'read')
      if (clients.size >= MAX_CLIENTS) throw new HesError('UNAVAILABLE', 'Too many live feeds are open.')
    },
    handler: () => { throw new HesError('BODY_INVALID', 'This is a WebSocket; the past is at /api/v1/events/history.') },
    wsHandler: (socket, request) => {
      const query = request.query as z.output<typeof FeedQuery>
      const filter = filterOf(query)
      clients.add(socket)
      const client = serveFeedClient({
        socket, filter, after: query.after,
        subscribe: feed.subscribe,
        history: (after, limit) => eventsAfter(pool, after, limit, filter),
      })
      const stopWatching = watch(socket, () => guard.operatorOf(feedToken(request)), pingMs)
      socket.on('error', () => socket.terminate())
      socket.on('close', () => {
        clients.delete(socket)
        stopWatching()
        client.end()
      })
      client.done.catch((error: unknown) => {
        app.log.warn({ err: error }, 'live feed: the past could not be read')
        socket.close(1011, 'the station could not read its events')
      })
    },
  })

  app.get('/events/history', {
    schema: { ...about('Events', 'Events, youngest first', 'read'), querystring: EventHistoryQuery, response: { 200: pageOf(EventAnswer), ...errors } },
    onRequest: guard.requires('read'),
  }, async (request) => {
    const { query } = request
    const offset = offsetMinutes(DEFAULT_UTC_OFFSET)
    const page = await eventHistory(pool, {
      ...filterOf(query), from: instantOf(query.from, offset, 'from'), to: instantOf(query.to, offset, 'to'), before: decodeCursor(Key, query.cursor)?.[0], limit: query.limit,
    })
    return answerPage(page, eventAnswer, (event) => [event.id])
  })
}

export function eventAnswer({ at, ...event }: EventView): EventAnswer {
  return { ...event, at: at.toISOString() }
}

function filterOf(query: { kind?: string[] | undefined; severity?: string[] | undefined; terminal?: string | undefined; meter?: string | undefined }): EventFilter {
  return { kinds: query.kind, severities: query.severity, terminal: query.terminal, meter: query.meter }
}

/** From the header; from `Sec-WebSocket-Protocol: bearer, TOKEN` or `?token=` for browsers, which cannot set that header. */
function feedToken(request: FastifyRequest): string {
  const header = /^Bearer\s+(\S+)$/i.exec(request.headers.authorization ?? '')?.[1]
  const protocols = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((one) => one.trim())
  const offered = protocols[0] === 'bearer' ? protocols[1] : undefined
  const asked = (request.query as { token?: unknown } | null)?.token
  const token = header ?? offered ?? (typeof asked === 'string' ? asked : undefined)
  if (token === undefined) throw new HesError('NOT_AUTHENTICATED')
  return token
}

/** Ends a dead connection after one missed pong, and one whose user lost his rights or whose token ran out. */
function watch(socket: WebSocket, stillAllowed: () => Promise<unknown>, pingMs: number): () => void {
  let alive = true
  socket.on('pong', () => { alive = true })
  const timer = setInterval(() => {
    if (!alive) return socket.terminate()
    alive = false
    socket.ping()
    stillAllowed().catch((error: unknown) => {
      // A database that is away for a moment is no reason to throw people out.
      if (errorCode(error) === 'NOT_AUTHENTICATED') socket.close(FEED_CLOSE.notAuthenticated, 'log in again')
    })
  }, pingMs)
  return () => { clearInterval(timer) }
}
