import type { Clock } from '@zhuzhan/core'
import { outcomeValue } from '@zhuzhan/contracts'
import { CONTROL, createJoiner, encodeApdu, encodeFrame } from '@zhuzhan/dlt698'
import type { Apdu, Joiner, LinkAddress, LinkControl, LinkFrame } from '@zhuzhan/dlt698'
import type { TerminalRecord } from '@zhuzhan/persistence'
import type { GatewayLink } from '../gateway-link/gateway-client.js'
import { createRequestTable } from '../requests/request-table.js'
import type { Ask, RequestTable, Sent } from '../requests/request-table.js'
import { createSecureChannel } from '../secure/secure-channel.js'
import type { SealedRequest, SecureChannel, SecureDeps, SecureOwner, SignedTicket } from '../secure/secure-channel.js'
import { createReportMemory } from '../uplink/report-memory.js'
import type { ReportMemory } from '../uplink/report-memory.js'
import { createOutbox } from './outbox.js'
import type { Outbox, OutboxWay } from './outbox.js'

/** The largest APDU a terminal may make us join from segments. */
const MAX_JOINED_APDU = 65_535

/** One connection of a terminal, as the front end sees it. */
export interface Terminal {
  readonly address: string
  readonly gateway: GatewayLink
  readonly connection: number
  readonly remote: string
  /**
   * When the terminal logged in on this connection, epoch ms of the gateway: settles whether an older frame can still arrive. Not
   * when this front end was given it, for the same socket may have been another front end's before.
   */
  readonly loggedInAt: number
  record: TerminalRecord
  /** It serves its address: plain terminals at once, protected ones after their CONNECT. */
  bound: boolean
  /** Made with the first segment: most terminals never send one. */
  joiner(): Joiner
  readonly outbox: Outbox
  readonly requests: RequestTable
  readonly secure: SecureChannel | undefined
  /** Made with the first plain report. */
  reports(): ReportMemory
  /** What a ticket says, judged by the crypto machine: sealed, or in clear for a plain terminal. */
  sealTicket(ticket: SignedTicket, piid: number): Promise<SealedRequest>
  /** Sends an APDU in answer to a frame of the terminal, to the logical address and client address it came with. */
  reply(to: LinkFrame, control: LinkControl, data: Buffer): void
  send(data: Buffer): Promise<void>
  end(): void
}

export interface TerminalDeps {
  clock: Clock
  clientAddress: number
  frameBytes: number
  secure: SecureDeps
  /** The terminal of a protected profile has a session. */
  onReady(terminal: Terminal, mode: 'S' | 'F'): void
}

export type TerminalConnectionInfo = Pick<Terminal, 'gateway' | 'connection' | 'remote' | 'loggedInAt' | 'record'>

export const createTerminal = (info: TerminalConnectionInfo, deps: TerminalDeps): Terminal => new Connected(info, deps)

/** Methods on a prototype: of a hundred thousand terminals most are only connected, and closures were half of what one held. */
class Connected implements Terminal, SecureOwner, OutboxWay {
  readonly address: string
  readonly gateway: GatewayLink
  readonly connection: number
  readonly remote: string
  readonly loggedInAt: number
  record: TerminalRecord
  bound = false
  readonly outbox: Outbox
  readonly requests: RequestTable
  readonly secure: SecureChannel | undefined
  private joining: Joiner | undefined
  private seen: ReportMemory | undefined

  constructor({ gateway, connection, remote, loggedInAt, record }: TerminalConnectionInfo, private readonly deps: TerminalDeps) {
    this.address = record.address
    this.gateway = gateway
    this.connection = connection
    this.remote = remote
    this.loggedInAt = loggedInAt
    this.record = record
    this.outbox = createOutbox(this)
    this.requests = createRequestTable((apdu, ask, piid, leaving) => this.transmit(apdu, ask, piid, leaving), deps.clock)
    this.secure = record.securityProfile === 'plain' ? undefined : createSecureChannel(this, deps.secure)
  }

  joiner(): Joiner {
    return (this.joining ??= createJoiner({ maxBytes: MAX_JOINED_APDU, clock: this.deps.clock }))
  }

  reports(): ReportMemory {
    return (this.seen ??= createReportMemory(this.deps.clock))
  }

  sealTicket(ticket: SignedTicket, piid: number): Promise<SealedRequest> {
    return this.secure ? this.secure.sealTicket(ticket, piid) : this.released(ticket, piid)
  }

  reply(to: LinkFrame, control: LinkControl, data: Buffer): void {
    const { scrambled } = to.control
    this.hand(encodeFrame({ control: control.scrambled === scrambled ? control : { ...control, scrambled }, address: to.address, data }), undefined)
  }

  send(data: Buffer): Promise<void> {
    const station: LinkAddress = { type: 'single', logical: 0, server: this.address, client: this.deps.clientAddress }
    return this.outbox.send({ control: CONTROL.clientRequest, address: station, data })
  }

  end(): void {
    this.requests.end()
    this.outbox.end()
    this.secure?.end()
  }

  hand(bytes: Buffer, traceparent: string | undefined): void {
    this.gateway.send(this.connection, bytes, traceparent)
  }

  maxFrame(): number {
    return this.secure?.agreedFrame ?? this.deps.frameBytes
  }

  onReady(mode: 'S' | 'F'): void {
    this.deps.onReady(this, mode)
  }

  private async transmit(apdu: Apdu, ask: Ask, piid: number, leaving: (sent: Sent) => void): Promise<void> {
    const bytes = encodeApdu(apdu)
    if (!this.secure) {
      return this.send(ask.seal ? (await ask.seal(piid)).apdu : bytes)
    }
    const sealed = await (ask.seal?.(piid) ?? this.secure.seal(bytes))
    leaving({ seq: sealed.seq, giveUp: sealed.giveUp })
    try {
      await this.send(sealed.apdu)
    } catch (error) {
      // The machine counts the record as in flight until it is told otherwise.
      sealed.giveUp()
      throw error
    }
  }

  /** A plain device needs a ticket like every other; the machine gives its bytes in clear (laboratories). */
  private async released(ticket: SignedTicket, piid: number): Promise<SealedRequest> {
    const [outcome] = await this.deps.secure.machine.releasePlain([{ address: this.address, ...ticket, piid }])
    return { apdu: Buffer.from(outcomeValue<'releasePlain'>(outcome).apdu), seq: 0, giveUp: () => undefined }
  }
}
