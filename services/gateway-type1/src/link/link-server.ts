import { randomBytes } from 'node:crypto'
import websocket from '@fastify/websocket'
import { fastify } from 'fastify'
import { z } from 'zod'
import { decodeLinkRecords, encodeLinkRecord, LINK_MAX_RECORD, LINK_PATH, LINK_RECORD, linkProof, sameProof } from '@zhuzhan/contracts'
import type { Logger, Part } from '@zhuzhan/service-kit'
import type { WebSocket } from 'ws'

const HANDSHAKE_MS = 3_000
const PING_MS = 5_000
/** A front end that answered no ping for this long is dead or stopped; its terminals move. */
const SILENT_MS = 15_000
const Hello = z.object({ frontendId: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/), nonce: z.string().regex(/^[0-9a-f]{32}$/), proof: z.string().length(64) })

export interface LinkServerOptions {
  host: string
  port: number
  secret: string
  gatewayId: string
  instance: string
  log: Logger
  onFrontEnd(frontendId: string, socket: WebSocket): void
  onRefused(remote: string, what: string): void
}

/** Where front ends dial in. A socket becomes a front end only after both sides have proved the shared secret. */
export function linkServer(options: LinkServerOptions): Part {
  const app = fastify({ logger: false, forceCloseConnections: true })
  const { secret, gatewayId, instance, log } = options

  const serve = (socket: WebSocket, remote: string): void => {
    const nonce = randomBytes(16).toString('hex')
    const refuse = (what: string): void => {
      options.onRefused(remote, what)
      socket.terminate()
    }
    const timer = setTimeout(() => refuse('link handshake timed out'), HANDSHAKE_MS)
    socket.on('error', (error) => log.warn({ remote, err: error.message }, 'link error'))
    socket.once('close', () => clearTimeout(timer))
    socket.once('message', (message: Buffer) => {
      clearTimeout(timer)
      const hello = readHello(message)
      if (!hello) return refuse('link hello does not parse')
      const { frontendId } = hello
      if (!sameProof(hello.proof, linkProof(secret, 'front-end', nonce, hello.nonce, gatewayId, frontendId))) return refuse('link secret is wrong')
      socket.send(encodeLinkRecord(LINK_RECORD.accepted, 0, Buffer.from(JSON.stringify({ proof: linkProof(secret, 'gateway', nonce, hello.nonce, gatewayId, frontendId) }))))
      keepAlive(socket)
      options.onFrontEnd(frontendId, socket)
    })
    socket.send(encodeLinkRecord(LINK_RECORD.welcome, 0, Buffer.from(JSON.stringify({ gatewayId, instance, nonce }))))
  }

  return {
    name: 'link-server',
    start: async () => {
      await app.register(websocket, { options: { perMessageDeflate: false, maxPayload: 4 * LINK_MAX_RECORD } })
      app.get(LINK_PATH, { websocket: true }, (socket, request) => serve(socket, request.ip))
      await app.listen({ host: options.host, port: options.port })
    },
    stop: () => app.close(),
  }
}

function readHello(message: Buffer): z.infer<typeof Hello> | undefined {
  try {
    const [record] = [...decodeLinkRecords(message)]
    if (record?.type !== LINK_RECORD.hello) return undefined
    return Hello.safeParse(JSON.parse(record.body.toString())).data
  } catch {
    return undefined
  }
}

function keepAlive(socket: WebSocket): void {
  let heardAt = performance.now()
  const heard = (): void => { heardAt = performance.now() }
  socket.on('pong', heard)
  socket.on('message', heard)
  const timer = setInterval(() => {
    if (performance.now() - heardAt > SILENT_MS) socket.terminate()
    else socket.ping()
  }, PING_MS)
  socket.once('close', () => clearInterval(timer))
}
