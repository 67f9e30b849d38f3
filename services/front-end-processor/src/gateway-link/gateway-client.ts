import { randomBytes } from 'node:crypto'
import { createLinkBatch, decodeLinkRecords, encodeLinkRecord, encodeTrace, LINK_MAX_RECORD, LINK_PATH, LINK_RECORD, linkProof, sameProof } from '@zhuzhan/contracts'
import type { LinkAccepted, LinkOpen, LinkRecord, LinkWelcome } from '@zhuzhan/contracts'
import { unmasked } from '@zhuzhan/service-kit'
import type { Logger, Part } from '@zhuzhan/service-kit'
import { WebSocket } from 'ws'

const FIRST_DELAY_MS = 200
const MAX_DELAY_MS = 3_000
/** The gateway pings every 5 s; silence three times as long means it is gone. */
const SILENT_MS = 16_000
/** Credit goes back in lots, so that it costs a record for many frames. */
const CREDIT_LOT = 32

/** One gateway as the front end sees it. All sends are no-ops while the link is down: the gateway then has closed or moved everything. */
export interface GatewayLink {
  readonly name: string
  send(connection: number, frame: Buffer, traceparent?: string): void
  bind(connection: number, security: string): void
  close(connection: number, reason: string): void
}

export interface GatewayHandlers {
  onOpen(link: GatewayLink, connection: number, open: LinkOpen): void
  /** Resolves when the frame is done with; only then its credit goes back, which is what slows the sockets when we are slow. */
  onFrame(link: GatewayLink, connection: number, body: Buffer): Promise<void>
  onClose(link: GatewayLink, connection: number, reason: string): void
  /** The link itself is down: every connection through it is gone. */
  onDown(link: GatewayLink): void
}

export interface GatewayClientOptions {
  url: string
  frontendId: string
  secret: string
  handlers: GatewayHandlers
  log: Logger
}

/** Dials one gateway and keeps dialling. */
export function gatewayClient({ url, frontendId, secret, handlers, log }: GatewayClientOptions): Part & { readonly connected: boolean } {
  let socket: WebSocket | undefined
  let connected = false
  let stopped = false
  let delayMs = FIRST_DELAY_MS
  let timer: NodeJS.Timeout | undefined

  const dial = (): void => {
    const mine = new WebSocket(url + LINK_PATH, { perMessageDeflate: false, maxPayload: 4 * LINK_MAX_RECORD, handshakeTimeout: 3_000, generateMask: unmasked })
    socket = mine
    let link: GatewayLink | undefined
    let handshake: Handshake | undefined
    let watchdog = setTimeout(() => mine.terminate(), SILENT_MS)
    const heard = (): void => {
      clearTimeout(watchdog)
      watchdog = setTimeout(() => mine.terminate(), SILENT_MS)
    }
    mine.on('ping', heard)
    mine.on('message', (message: Buffer) => {
      heard()
      try {
        for (const record of decodeLinkRecords(message)) {
          if (link) dispatch(link, record)
          else if (!handshake) handshake = greet(mine, record)
          else link = begin(mine, handshake, record)
        }
      } catch (error) {
        log.warn({ gateway: url, err: (error as Error).message }, 'link to the gateway broke')
        mine.terminate()
      }
    })
    mine.on('error', (error) => log.debug({ gateway: url, err: error.message }, 'gateway not reachable'))
    mine.on('close', () => {
      clearTimeout(watchdog)
      connected = false
      if (link) {
        log.warn({ gateway: link.name }, 'link to the gateway is down')
        handlers.onDown(link)
      }
      if (stopped) return
      timer = setTimeout(dial, delayMs)
      delayMs = Math.min(delayMs * 2, MAX_DELAY_MS)
    })
  }

  interface Handshake { welcome: LinkWelcome; nonce: string }

  const greet = (mine: WebSocket, record: LinkRecord): Handshake => {
    if (record.type !== LINK_RECORD.welcome) throw new RangeError('expected welcome')
    const welcome = JSON.parse(record.body.toString()) as LinkWelcome
    const nonce = randomBytes(16).toString('hex')
    const proof = linkProof(secret, 'front-end', welcome.nonce, nonce, welcome.gatewayId, frontendId)
    mine.send(encodeLinkRecord(LINK_RECORD.hello, 0, Buffer.from(JSON.stringify({ frontendId, nonce, proof }))))
    return { welcome, nonce }
  }

  const begin = (mine: WebSocket, { welcome, nonce }: Handshake, record: LinkRecord): GatewayLink => {
    if (record.type !== LINK_RECORD.accepted) throw new RangeError('expected accepted')
    const { proof } = JSON.parse(record.body.toString()) as LinkAccepted
    // The gateway must know the secret too: an impostor would receive readings and commands.
    if (!sameProof(proof, linkProof(secret, 'gateway', welcome.nonce, nonce, welcome.gatewayId, frontendId))) throw new RangeError('the gateway does not know the link secret')
    connected = true
    delayMs = FIRST_DELAY_MS
    log.info({ gateway: welcome.gatewayId }, 'linked to gateway')
    const batch = createLinkBatch((message) => { if (mine.readyState === mine.OPEN) mine.send(message) })
    let owed = 0
    const credit = (): void => {
      owed += 1
      if (owed === 1) setImmediate(giveBack)
      else if (owed >= CREDIT_LOT) giveBack()
    }
    const giveBack = (): void => {
      if (owed === 0) return
      const body = Buffer.alloc(4)
      body.writeUInt32BE(owed)
      owed = 0
      batch.push(encodeLinkRecord(LINK_RECORD.credit, 0, body))
    }
    const link: GatewayLink & { done(): void } = {
      name: welcome.gatewayId,
      send: (connection, frame, traceparent) => batch.push(encodeLinkRecord(LINK_RECORD.frame, connection, encodeTrace(traceparent), frame)),
      bind: (connection, security) => batch.push(encodeLinkRecord(LINK_RECORD.bind, connection, Buffer.from(security))),
      close: (connection, reason) => batch.push(encodeLinkRecord(LINK_RECORD.close, connection, Buffer.from(reason))),
      done: credit,
    }
    return link
  }

  const dispatch = (link: GatewayLink, record: LinkRecord): void => {
    if (record.type === LINK_RECORD.frame) {
      // The message's buffer lives on in the frame; ws hands over a fresh one each time.
      const { done } = link as GatewayLink & { done(): void }
      const failed = (error: unknown): void => {
        log.error({ gateway: link.name, err: error }, 'a frame was not handled')
        done()
      }
      try {
        handlers.onFrame(link, record.connection, record.body).then(done, failed)
      } catch (error) {
        // A fault of ours with one frame must not end the link with all its terminals.
        failed(error)
      }
    } else if (record.type === LINK_RECORD.open) handlers.onOpen(link, record.connection, JSON.parse(record.body.toString()) as LinkOpen)
    else if (record.type === LINK_RECORD.close) handlers.onClose(link, record.connection, record.body.toString())
  }

  return {
    name: `gateway-link ${url}`,
    get connected() { return connected },
    start: async () => dial(),
    stop: async () => {
      stopped = true
      clearTimeout(timer)
      socket?.close()
    },
  }
}
