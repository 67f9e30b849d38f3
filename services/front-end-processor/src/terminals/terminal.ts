import type { Clock } from '@zhuzhan/core'
import { outcomeValue } from '@zhuzhan/contracts'
import { CONTROL, createJoiner, encodeApdu, encodeFrame } from '@zhuzhan/dlt698'
import type { Apdu, Joiner, LinkAddress, LinkControl, LinkFrame } from '@zhuzhan/dlt698'
import type { TerminalRecord } from '@zhuzhan/persistence'
import type { GatewayLink } from '../gateway-link/gateway-client.js'
import { createRequestTable } from '../requests/request-table.js'
import type { RequestTable } from '../requests/request-table.js'
import { createSecureChannel } from '../secure/secure-channel.js'
import type { SealedRequest, SecureChannel, SecureDeps, SignedTicket } from '../secure/secure-channel.js'
import { createReportMemory } from '../uplink/report-memory.js'
import type { ReportMemory } from '../uplink/report-memory.js'
import { createOutbox } from './outbox.js'
import type { Outbox } from './outbox.js'

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
  secure: Omit<SecureDeps, 'address' | 'send'>
}

export interface TerminalConnectionInfo {
  gateway: GatewayLink
  connection: number
  remote: string
  loggedInAt: number
  record: TerminalRecord
}

export function createTerminal({ gateway, connection, remote, loggedInAt, record }: TerminalConnectionInfo, deps: TerminalDeps): Terminal {
  const { clock } = deps
  const station: LinkAddress = { type: 'single', logical: 0, server: record.address, client: deps.clientAddress }
  const hand = (bytes: Buffer, traceparent: string | undefined): void => gateway.send(connection, bytes, traceparent)
  const outbox = createOutbox(hand, () => secure?.agreedFrame ?? deps.frameBytes)
  const send = (data: Buffer): Promise<void> => outbox.send({ control: CONTROL.clientRequest, address: station, data })
  const secure = record.securityProfile === 'plain' ? undefined : createSecureChannel({ ...deps.secure, address: record.address, send })

  const requests = createRequestTable(async (apdu: Apdu, ask, piid, leaving) => {
    const bytes = encodeApdu(apdu)
    if (!secure) {
      return send(ask.seal ? (await ask.seal(piid)).apdu : bytes)
    }
    const sealed = await (ask.seal?.(piid) ?? secure.seal(bytes))
    leaving({ seq: sealed.seq, giveUp: sealed.giveUp })
    try {
      await send(sealed.apdu)
    } catch (error) {
      // The machine counts the record as in flight until it is told otherwise.
      sealed.giveUp()
      throw error
    }
  }, clock)

  /** A plain device needs a ticket like every other; the machine gives its bytes in clear (laboratories). */
  const released = async (ticket: SignedTicket, piid: number): Promise<SealedRequest> => {
    const [outcome] = await deps.secure.machine.releasePlain([{ address: record.address, ...ticket, piid }])
    return { apdu: Buffer.from(outcomeValue<'releasePlain'>(outcome).apdu), seq: 0, giveUp: () => undefined }
  }

  let joiner: Joiner | undefined
  let reports: ReportMemory | undefined
  const terminal: Terminal = {
    address: record.address,
    gateway,
    connection,
    remote,
    loggedInAt,
    record,
    bound: false,
    joiner: () => (joiner ??= createJoiner({ maxBytes: MAX_JOINED_APDU, clock })),
    outbox,
    requests,
    secure,
    reports: () => (reports ??= createReportMemory(clock)),
    sealTicket: (ticket, piid) => (secure ? secure.sealTicket(ticket, piid) : released(ticket, piid)),
    reply: (to, control, data) => hand(encodeFrame({ control: { ...control, scrambled: to.control.scrambled }, address: to.address, data }), undefined),
    send,
    end: () => {
      requests.end()
      outbox.end()
      secure?.end()
    },
  }
  return terminal
}
