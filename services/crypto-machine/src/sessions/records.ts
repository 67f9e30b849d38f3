import { HesError } from '@zhuzhan/core'
import type { Clock } from '@zhuzhan/core'
import type { CryptoRequest, CryptoResult } from '@zhuzhan/contracts'
import {
  MAX_SEQ,
  checkInnerTag,
  openRecord,
  parseSecurityResponse,
  readRecordResponse,
  recordRequest,
  sealRecord,
  taskOf,
} from '@zhuzhan/osp1'
import type { Direction } from '@zhuzhan/osp1'
import type { Purpose, Request, Session, SessionTable } from './session-table.js'

/** Requests of task 3 under way at a time over TCP. §7.4 */
const MAX_IN_FLIGHT = 4
const MAX_UNANSWERED = 3
const READ = 3
/** A request whose caller never gave it up counts as timed out after this. */
const GIVE_UP_MS = 120_000
/** A side that counted so many failures connects anew. §7.4 */
const MAX_MAC_FAILURES = 2 ** 20

export type OpenedRecord = CryptoResult<'open'> & {
  session: Session
  /** The request it answers; absent for a hint. */
  request?: Request
}

export interface Records {
  /** Task 3, for any caller. */
  seal(owner: string, request: CryptoRequest<'seal'>): CryptoResult<'seal'>
  /**
   * Hold the session for a request that needs a commit first: nothing else is sealed until `sealReserved` or `release`.
   * @throws HesError BUSY while a request is under way
   */
  reserve(session: Session): void
  release(session: Session): void
  /** Seal what the machine has judged, of any task. */
  sealReserved(session: Session, apdu: Uint8Array, task: number, purpose?: Purpose): CryptoResult<'seal'>
  /** Seal a read of the machine's own. */
  sealRead(session: Session, apdu: Uint8Array, purpose: Purpose): CryptoResult<'seal'>
  open(owner: string, request: CryptoRequest<'open'>): OpenedRecord
  giveUp(owner: string, request: CryptoRequest<'giveUp'>): void
}

const seqHead = (session: Session, direction: Direction, request: { seq: number; task: number }) =>
  ({ direction, clientAddress: session.clientAddress, ad: session.device.row.ad, seq: request.seq, task: request.task }) as const

/** Seal and open inside a session. The task is computed here, from the APDU; what callers claim counts for nothing. */
export function createRecords({ sessions, clock }: { sessions: SessionTable; clock: Clock }): Records {
  const retire = (session: Session, requests: readonly Request[]): void => {
    session.inFlight = session.inFlight.filter((request) => !requests.includes(request))
    session.unanswered = [...session.unanswered, ...requests].slice(-MAX_UNANSWERED)
  }

  const sweep = (session: Session): void => {
    const now = clock.monotonic()
    retire(
      session,
      session.inFlight.filter((request) => now - request.sealedAt > GIVE_UP_MS),
    )
  }

  const sealNow = (session: Session, apdu: Uint8Array, task: number, purpose?: Purpose): CryptoResult<'seal'> => {
    if (session.nextSeq >= MAX_SEQ) {
      sessions.end(session)
      throw new HesError('SESSION_UNKNOWN')
    }
    // The seq is taken before the cipher runs: whatever happens next, it is never sealed again.
    const request: Request = { seq: session.nextSeq++, task, sealedAt: clock.monotonic(), purpose }
    const record = sealRecord(session.ciphers.toServer, { ...seqHead(session, 1, request), mode: 1 }, apdu)
    session.inFlight.push(request)
    return { apdu: recordRequest(1, request.seq, task, record), seq: request.seq, task }
  }

  /** Up to four of task 3 at a time, never together with another task. §7.4 */
  const sealRead = (session: Session, apdu: Uint8Array, purpose?: Purpose): CryptoResult<'seal'> => {
    sweep(session)
    if (session.reserved || session.inFlight.some((request) => request.task !== READ)) throw new HesError('BUSY')
    if (session.inFlight.length >= MAX_IN_FLIGHT)
      throw new HesError('LIMIT', 'too many requests under way in this session', { limit: MAX_IN_FLIGHT })
    return sealNow(session, apdu, READ, purpose)
  }

  return {
    seal(owner, { handle, apdu }) {
      const session = sessions.get(owner, handle)
      const task = taskOf(apdu)
      // Only reads go without a ticket. The challenge of a module manifest is the machine's own.
      if (task !== READ || readsManifest(apdu)) throw new HesError('TICKET_REFUSED', undefined, { address: session.device.row.address, task })
      return sealRead(session, apdu, readsClock(apdu) ? { kind: 'clock', sentAt: clock.now() } : undefined)
    },
    sealRead,
    reserve(session) {
      sweep(session)
      if (session.reserved || session.inFlight.length > 0) throw new HesError('BUSY')
      session.reserved = true
    },
    release: (session) => {
      session.reserved = false
    },
    sealReserved(session, apdu, task, purpose) {
      // While the commit ran the session may have come to its end, or to another owner's.
      if (sessions.get(session.owner, session.handle) !== session) throw new HesError('SESSION_UNKNOWN')
      return sealNow(session, apdu, task, purpose)
    },

    open(owner, { handle, apdu }) {
      const session = sessions.get(owner, handle)
      const response = parseSecurityResponse(apdu)
      if (!response) throw new HesError('AUTH_FAILED')
      const parts = readRecordResponse(response)
      if (!parts) {
        // Not authenticated: at best a hint, never a result.
        if (response.form === 'dar') return { hint: response.dar, session }
        throw new HesError('AUTH_FAILED')
      }
      const candidates = [...session.inFlight, ...[...session.unanswered].reverse()]
      for (const request of candidates) {
        const content = tryOpen(session, request, parts)
        if (!content) continue
        session.inFlight = session.inFlight.filter((one) => one !== request)
        session.unanswered = session.unanswered.filter((one) => one !== request)
        if (parts.mode === 2) return { dar: content[0] ?? 255, seq: request.seq, session, request }
        checkInnerTag(2, content)
        return { apdu: content, seq: request.seq, weak: parts.mode === 0, session, request }
      }
      if (++session.macFailures >= MAX_MAC_FAILURES) sessions.end(session)
      throw new HesError('AUTH_FAILED')
    },

    giveUp(owner, { handle, seq }) {
      const session = sessions.get(owner, handle)
      retire(
        session,
        session.inFlight.filter((request) => request.seq === seq),
      )
    },
  }
}

const CLOCK = Buffer.from('40000200', 'hex')
const MANIFEST = Buffer.from('F1000300', 'hex')
const GET = 0x05
const ACTION = 0x07

/** GET of the clock alone. */
function readsClock(apdu: Uint8Array): boolean {
  return apdu[0] === GET && apdu[1] === 1 && CLOCK.equals(apdu.subarray(3, 7))
}

function readsManifest(apdu: Uint8Array): boolean {
  return apdu[0] === ACTION && MANIFEST.equals(apdu.subarray(3, 7))
}

function tryOpen(session: Session, request: Request, parts: NonNullable<ReturnType<typeof readRecordResponse>>): Buffer | undefined {
  try {
    return openRecord(session.ciphers.toClient, { ...seqHead(session, 2, request), mode: parts.mode }, parts)
  } catch (error) {
    if (error instanceof HesError) return undefined
    throw error
  }
}
