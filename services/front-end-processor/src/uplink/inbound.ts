import { HesError, errorCode, errorText } from '@zhuzhan/core'
import type { ErrorCode } from '@zhuzhan/core'
import { decodeTraced } from '@zhuzhan/contracts'
import { decodeApdu, decodeFrame, encodeFrame } from '@zhuzhan/dlt698'
import type { Apdu, Joined, LinkFrame } from '@zhuzhan/dlt698'
import { metric, withSpan } from '@zhuzhan/telemetry'
import type { SecureChannel } from '../secure/secure-channel.js'
import type { Terminal } from '../terminals/terminal.js'
import type { Reports } from './reports.js'

export interface InboundOptions {
  reports: Reports
  onRefused(terminal: Terminal, code: ErrorCode, what: string): void
  log: { warn(context: object, message: string): void }
}

/** Nothing more to wait for. */
export const DONE = Promise.resolve()

/** Every frame of every terminal comes through here, one function deep: join, protect, decode, hand on. */
export function createInbound({ reports, onRefused, log }: InboundOptions): (terminal: Terminal, body: Buffer) => Promise<void> {
  /** Failures of the station itself (a queue or machine that is away) leave the report unconfirmed: the terminal sends it again. */
  const failed = (terminal: Terminal, error: unknown, what: string): void => {
    const code = errorCode(error)
    if (code === 'UNAVAILABLE' || code === 'BUSY' || code === 'INTERNAL') log.warn({ terminal: terminal.address, code, err: errorText(error) }, `${what} not handled`)
    else onRefused(terminal, code, what)
  }

  const decoded = (bytes: Buffer): Apdu => withSpan('fep.apdu.decode', () => {
    const apdu = decodeApdu(bytes, { tolerant: true })
    metric('fep_apdus').add(1, { kind: apdu.apdu })
    return apdu
  })

  const handlePlain = async (terminal: Terminal, frame: LinkFrame): Promise<void> => {
    const apdu = decoded(frame.data)
    switch (apdu.apdu) {
      case 'report-notification':
        return reports.plain(terminal, frame, apdu)
      case 'get-response': case 'set-response': case 'action-response': case 'proxy-response': case 'error-response': case 'release-response':
        terminal.requests.answer(apdu)
        return
      case 'release-notification':
        return
      default:
        throw new HesError('SERVICE_ILLEGAL', `${apdu.apdu} from a plain terminal`)
    }
  }

  const handleRecord = async (terminal: Terminal, secure: SecureChannel, record: Buffer): Promise<void> => {
    const opened = await secure.open(record)
    if (opened === undefined) return
    if ('dar' in opened) return terminal.requests.refused(opened.seq, opened.dar)
    const inner = decoded(opened.apdu)
    if ('piid' in inner) terminal.requests.answer(inner, opened.seq)
  }

  /**
   * Plain uplinks of a protected device are dropped, but for CONNECT-Response (OSP-1 §7.0). The tag decides before anything is parsed.
   * Not async, for a report goes on by the promise it gets: each further one costs as much as a part of its decoding. What it throws
   * its caller takes like a rejection.
   */
  const handleProtected = (terminal: Terminal, secure: SecureChannel, frame: LinkFrame): Promise<void> => {
    switch (frame.data[0]) {
      case 0x82: {
        const apdu = decoded(frame.data)
        if (apdu.apdu === 'connect-response') secure.onConnectResponse(apdu)
        return DONE
      }
      case 0x10:
        metric('fep_apdus').add(1, { kind: 'security-request' })
        return reports.secured(terminal, frame)
      case 0x90:
        return handleRecord(terminal, secure, frame.data)
      default:
        throw new HesError('PLAIN_REFUSED', `tag ${(frame.data[0] ?? 0).toString(16).padStart(2, '0').toUpperCase()}`)
    }
  }

  return (terminal, body) => {
    const { traceparent, frame: bytes } = decodeTraced(body)
    let frame: LinkFrame
    try {
      frame = decodeFrame(bytes)
    } catch (error) {
      failed(terminal, error, 'frame')
      return DONE
    }
    const joined: Joined = frame.control.segmented ? terminal.joiner().accept(frame) : { whole: frame }
    if (joined.ack) terminal.gateway.send(terminal.connection, encodeFrame(joined.ack))
    if (joined.acknowledged !== undefined) terminal.outbox.acknowledged(joined.acknowledged)
    if (joined.error) onRefused(terminal, 'FRAME_INVALID', `segment ${joined.error}`)
    const { whole } = joined
    if (!whole) return DONE
    const notDone = (error: unknown): void => failed(terminal, error, `APDU ${(whole.data[0] ?? 0).toString(16).padStart(2, '0').toUpperCase()}`)
    const work = (): Promise<void> => (terminal.secure ? handleProtected(terminal, terminal.secure, whole) : handlePlain(terminal, whole))
    try {
      // The trace that began at the gateway goes on here; without one (not sampled) nothing is opened.
      return (traceparent === undefined ? work() : withSpan('fep.frame.handle', work, { parent: traceparent })).catch(notDone)
    } catch (error) {
      notDone(error)
      return DONE
    }
  }
}
