import { randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { errorCode } from '@zhuzhan/core'
import type { Logger } from 'pino'
import { WebSocketServer } from 'ws'
import type { WebSocket } from 'ws'
import type { Part } from '../lifecycle.js'
import { rateLimited } from '../rate-limited.js'
import { HANDSHAKE_TIMEOUT_MS, pipeProof, sameProof } from './handshake.js'
import { Answer, MAX_MESSAGE_BYTES, RequestMessage, pack, unpack } from './messages.js'

/** Who asks: the name the peer proved to own, one object per connection. */
export interface PipeCaller {
  readonly identity: string
  readonly trace?: string | undefined
}

export interface PipeServerOptions {
  host: string
  port: number
  secret: string
  log: Logger
  /** Answers a batch with results in the same order. A throw refuses the whole batch with the error's code. */
  handle(op: string, batch: readonly unknown[], caller: PipeCaller): Promise<readonly unknown[]>
  limits?: Partial<PipeLimits>
}

export interface PipeLimits {
  /** Connections, those still in their handshake included. */
  connections: number
  /** Batches in work per connection; beyond it the socket is not read, so that TCP slows the caller. */
  inFlight: number
  /** Bytes of unread answers per connection before it is not read any more. */
  bufferedBytes: number
}

const DEFAULT_LIMITS: PipeLimits = { connections: 64, inFlight: 256, bufferedBytes: 4 * 1024 * 1024 }

export interface PipeServer extends Part {
  /** Port bound; useful when the system chose it. */
  port(): number
}

/** Request pipe between services: WebSocket, MessagePack, authenticated before the first request, bounded everywhere. */
export function createPipeServer({ host, port, secret, log, handle, limits: given }: PipeServerOptions): PipeServer {
  const limits = { ...DEFAULT_LIMITS, ...given }
  const quiet = rateLimited(log, { perMinute: 20 })
  const http = createServer((_request, response) => response.writeHead(426).end())
  const sockets = new WebSocketServer({ server: http, path: '/pipe', perMessageDeflate: false, maxPayload: MAX_MESSAGE_BYTES })
  const open = new Set<WebSocket>()

  sockets.on('connection', (socket) => {
    if (open.size >= limits.connections) return socket.close(1013)
    open.add(socket)
    socket.on('close', () => open.delete(socket))
    socket.on('error', (error) => quiet.warn({ err: error }, 'pipe connection failed'))
    greet(socket, secret)
      .then((identity) => {
        log.info({ identity }, 'pipe caller connected')
        serve(socket, identity)
      })
      .catch((error: unknown) => {
        quiet.warn({ err: error }, 'pipe caller refused')
        socket.terminate()
      })
  })

  const serve = (socket: WebSocket, identity: string): void => {
    let inFlight = 0
    const flow = (): void => {
      const full = inFlight >= limits.inFlight || socket.bufferedAmount > limits.bufferedBytes
      if (full && !socket.isPaused) socket.pause()
      else if (!full && socket.isPaused) socket.resume()
    }
    const reply = (message: object): void => {
      inFlight--
      if (socket.readyState === socket.OPEN) socket.send(pack(message), flow)
      flow()
    }
    socket.on('message', (data: Buffer) => {
      let request: ReturnType<typeof RequestMessage.parse>
      try {
        request = unpack(RequestMessage, data)
      } catch (error) {
        quiet.warn({ err: error, identity }, 'pipe message refused')
        return socket.terminate()
      }
      const { id, op, batch, trace } = request
      inFlight++
      flow()
      handle(op, batch, { identity, trace }).then(
        (results) => reply(results.length === batch.length ? { id, results } : { id, error: 'INTERNAL' }),
        (error: unknown) => {
          if (errorCode(error) === 'INTERNAL') quiet.error({ err: error, op }, 'pipe operation failed')
          reply({ id, error: errorCode(error) })
        },
      )
    })
  }

  return {
    name: 'pipe-server',
    port: () => (http.address() as AddressInfo).port,
    start: () =>
      new Promise((resolve, reject) => {
        http.once('error', reject)
        http.listen(port, host, () => {
          http.off('error', reject)
          log.info({ host, port: (http.address() as AddressInfo).port }, 'pipe listens')
          resolve()
        })
      }),
    stop: () =>
      new Promise((resolve) => {
        for (const socket of open) socket.close(1001)
        const force = setTimeout(() => {
          for (const socket of open) socket.terminate()
        }, 1_000)
        sockets.close()
        if (!http.listening) return (clearTimeout(force), resolve())
        http.close(() => {
          clearTimeout(force)
          resolve()
        })
      }),
  }
}

/** The server's side of the handshake. Nothing but its two messages is read before it ends. */
function greet(socket: WebSocket, secret: string): Promise<string> {
  const challenge = randomBytes(32)
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('handshake took too long')), HANDSHAKE_TIMEOUT_MS)
    socket.once('close', () => {
      clearTimeout(timer)
      reject(new Error('closed during the handshake'))
    })
    socket.once('message', (data: Buffer) => {
      clearTimeout(timer)
      try {
        const { identity, nonce, proof } = unpack(Answer, data)
        if (!sameProof(proof, pipeProof('client', secret, challenge, nonce, identity))) throw new Error('wrong secret')
        socket.send(pack({ proof: pipeProof('server', secret, challenge, nonce, identity) }))
        resolve(identity)
      } catch (error) {
        reject(error as Error)
      }
    })
    socket.send(pack({ challenge }))
  })
}
