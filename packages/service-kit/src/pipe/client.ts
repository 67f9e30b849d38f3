import { randomBytes } from 'node:crypto'
import { ERRORS, HesError } from '@zhuzhan/core'
import type { ErrorCode } from '@zhuzhan/core'
import type { Logger } from 'pino'
import { WebSocket } from 'ws'
import type { Part } from '../lifecycle.js'
import { rateLimited } from '../rate-limited.js'
import { createBatcher } from './batcher.js'
import { HANDSHAKE_TIMEOUT_MS, pipeProof, sameProof } from './handshake.js'
import { unmasked } from './mask.js'
import { Challenge, MAX_MESSAGE_BYTES, ReplyMessage, Welcome, pack, unpack } from './messages.js'

export interface PipeClientOptions {
  /** ws://host:port or wss://host:port */
  url: string
  secret: string
  /** The caller's own name, proved in the handshake. */
  identity: string
  log: Logger
  /** A call without an answer fails with UNAVAILABLE after this time. */
  timeoutMs?: number
  /** Operations that may take longer. */
  slowOperations?: Readonly<Record<string, number>>
  /** Requests without an answer; more fail at once with BUSY. */
  maxOutstanding?: number
  /** Traceparent to send along, asked when a message leaves. */
  trace?: () => string | undefined
  /** The pipe is there, for the first time or again: calls may be made. */
  onConnected?: () => void
}

export interface PipeClient extends Part {
  /**
   * Ask for a batch; results come in its order. Batches of one tick and one operation leave in one message.
   * @throws HesError UNAVAILABLE at once when not connected, or after the time limit; BUSY over the limit; else the server's code
   */
  call(op: string, batch: readonly unknown[]): Promise<unknown[]>
  /** The same for what travels as one item but holds `count` requests. It leaves at once, alone in its message. */
  callWhole(op: string, item: unknown, count: number): Promise<unknown>
  readonly connected: boolean
}

const FIRST_RETRY_MS = 100
/** A peer that begins anew is back within seconds; whoever waits for it must not add to that. */
const LAST_RETRY_MS = 200
/** Above this much unsent data a call fails instead of filling memory. */
const MAX_UNSENT_BYTES = 16 * 1024 * 1024

interface Waiting {
  /** Results to come. */
  results: number
  /** Requests they answer. */
  count: number
  resolve(results: unknown[]): void
  reject(error: HesError): void
}

/** Pipelined client: many messages are under way at a time, answers come in any order. It reconnects by itself. */
export function createPipeClient({
  url,
  secret,
  identity,
  log,
  timeoutMs = 10_000,
  slowOperations = {},
  maxOutstanding = 20_000,
  trace,
  onConnected,
}: PipeClientOptions): PipeClient {
  const quiet = rateLimited(log, { perMinute: 6 })
  const waiting = new Map<number, Waiting>()
  let socket: WebSocket | undefined
  let connected = false
  let stopped = true
  let nextId = 0
  let outstanding = 0
  let retryMs = FIRST_RETRY_MS
  let retryTimer: NodeJS.Timeout | undefined

  const settle = (id: number): Waiting | undefined => {
    const entry = waiting.get(id)
    if (entry) {
      waiting.delete(id)
      outstanding -= entry.count
    }
    return entry
  }
  const failAll = (): void => {
    for (const id of [...waiting.keys()]) settle(id)?.reject(new HesError('UNAVAILABLE', 'the pipe was cut', { peer: url }))
  }

  const send = (op: string, batch: readonly unknown[], count = batch.length): Promise<unknown[]> =>
    new Promise((resolve, reject) => {
      if (!socket || !connected) return reject(new HesError('UNAVAILABLE', 'the pipe is not connected', { peer: url }))
      if (socket.bufferedAmount > MAX_UNSENT_BYTES) return reject(new HesError('BUSY', 'the pipe is full'))
      const id = (nextId = (nextId + 1) >>> 0)
      const parent = trace?.()
      const timer = setTimeout(
        () => settle(id)?.reject(new HesError('UNAVAILABLE', 'no answer in time', { op })),
        slowOperations[op] ?? timeoutMs,
      )
      const done =
        <T>(next: (value: T) => void) =>
        (value: T): void => {
          clearTimeout(timer)
          next(value)
        }
      waiting.set(id, { results: batch.length, count, resolve: done(resolve), reject: done(reject) })
      outstanding += count
      socket.send(pack(parent === undefined ? { id, op, batch } : { id, op, batch, trace: parent }))
    })
  const batcher = createBatcher(send)
  const mayCall = (count: number): void => {
    if (!connected) throw new HesError('UNAVAILABLE', 'the pipe is not connected', { peer: url })
    if (outstanding + batcher.pending + count > maxOutstanding) throw new HesError('BUSY', 'too many calls without an answer')
  }

  const onReply = (data: Buffer): void => {
    const reply = unpack(ReplyMessage, data)
    const entry = settle(reply.id)
    if (!entry) return // its time had run out
    if ('error' in reply) entry.reject(new HesError(reply.error in ERRORS ? (reply.error as ErrorCode) : 'INTERNAL'))
    else if (reply.results.length !== entry.results) entry.reject(new HesError('INTERNAL', 'wrong number of results'))
    else entry.resolve(reply.results)
  }

  const connect = (): void => {
    const own = new WebSocket(`${url.replace(/\/$/, '')}/pipe`, {
      perMessageDeflate: false,
      maxPayload: MAX_MESSAGE_BYTES,
      handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
      generateMask: unmasked,
    })
    socket = own
    own.on('error', (error) => quiet.warn({ err: error, peer: url }, 'pipe connection failed'))
    own.on('close', () => {
      if (socket !== own) return
      if (connected) log.warn({ peer: url }, 'pipe lost')
      connected = false
      failAll()
      if (stopped) return
      retryTimer = setTimeout(connect, retryMs * (0.75 + Math.random() / 2))
      retryMs = Math.min(retryMs * 2, LAST_RETRY_MS)
    })
    prove(own, secret, identity).then(
      () => {
        connected = true
        retryMs = FIRST_RETRY_MS
        log.info({ peer: url, identity }, 'pipe connected')
        own.on('message', (data: Buffer) => {
          try {
            onReply(data)
          } catch (error) {
            quiet.error({ err: error }, 'pipe answer refused')
            own.terminate()
          }
        })
        onConnected?.()
      },
      (error: unknown) => {
        if (own.readyState === own.OPEN) quiet.warn({ err: error, peer: url }, 'pipe handshake failed')
        own.terminate()
      },
    )
  }

  return {
    name: 'pipe-client',
    get connected() {
      return connected
    },
    async call(op, batch) {
      if (batch.length === 0) return []
      mayCall(batch.length)
      return batcher.add(op, batch)
    },
    async callWhole(op, item, count) {
      mayCall(count)
      return (await send(op, [item], count))[0]
    },
    // Resolves at once: a service starts whether or not its peer is up yet, and calls fail fast until it is.
    async start() {
      stopped = false
      connect()
    },
    async stop() {
      stopped = true
      clearTimeout(retryTimer)
      socket?.close()
      const force = setTimeout(() => socket?.terminate(), 500)
      force.unref()
      connected = false
      failAll()
    },
  }
}

/** The client's side of the handshake; the server must prove the secret too before it sees a request. */
function prove(socket: WebSocket, secret: string, identity: string): Promise<void> {
  const nonce = randomBytes(32)
  let challenge: Uint8Array | undefined
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('handshake took too long')), HANDSHAKE_TIMEOUT_MS * 2)
    socket.once('close', () => {
      clearTimeout(timer)
      reject(new Error('closed during the handshake'))
    })
    const onMessage = (data: Buffer): void => {
      try {
        if (!challenge) {
          challenge = unpack(Challenge, data).challenge
          socket.send(pack({ identity, nonce, proof: pipeProof('client', secret, challenge, nonce, identity) }))
          return
        }
        if (!sameProof(unpack(Welcome, data).proof, pipeProof('server', secret, challenge, nonce, identity)))
          throw new Error('the server does not know the secret')
        socket.off('message', onMessage)
        clearTimeout(timer)
        resolve()
      } catch (error) {
        clearTimeout(timer)
        reject(error as Error)
      }
    }
    socket.on('message', onMessage)
  })
}
