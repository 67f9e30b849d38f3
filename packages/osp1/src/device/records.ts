import { HesError } from '@zhuzhan/core'
import { encodeApdu, epochToDateTimeS } from '@zhuzhan/dlt698'
import type { Apdu, SecurityRequest } from '@zhuzhan/dlt698'
import { innerTagAllowed, openRecord, sealRecord } from '../record.js'
import type { RecordMode } from '../record.js'
import { isTask, readTask } from '../tasks.js'
import { timeTagOf, timeTagValid } from '../time-tag.js'
import { readRecordRequest, recordResponse } from '../wire.js'
import type { RequestParts } from '../wire.js'
import { oncePerSecond } from './limits.js'
import type { createFirmware } from './firmware.js'
import type { createFieldMethods } from './field-methods.js'
import type { Keyring } from './keyring.js'
import type { DeviceSession, DeviceSessions } from './sessions.js'
import type { Counters } from './state.js'
import type { Osp1DeviceOptions } from './types.js'

type Firmware = ReturnType<typeof createFirmware>
type FieldMethods = ReturnType<typeof createFieldMethods>

const DAR = { denied: 3, expired: 32, security: 23, other: 255 } as const
/** End the session: F100 method 5. */
const END_SESSION = 'F1000500'
const CLOCK = '40000200'

/** The device's part of records. §7.4 */
export function createRecords(options: Osp1DeviceOptions, ad: Buffer, sessions: DeviceSessions, counters: Counters, keyring: Keyring, field: FieldMethods, firmware?: Firmware) {
  const { clock, onEvent, act, localTime = clock.now, offsetMinutes = 480 } = options
  const failures = oncePerSecond(clock)

  /** A MAC failure never ends a session and never locks anything: at most one hint a second. */
  const refuse = (clientAddress: number): Buffer | undefined => {
    onEvent?.({ kind: 'record-refused', clientAddress })
    return failures.allow(clientAddress) ? encodeApdu({ apdu: 'security-response', form: 'dar', dar: DAR.security }) : undefined
  }

  /**
   * Under factory keys, and in mode S under any keys but the active ones (pending before a commit, old after it), a session
   * serves tasks 3 and 7 only. §7.1, §7.8, §7.14
   */
  const limited = ({ set }: DeviceSession): boolean => set.keyState === 0 || (options.keys.mode === 'S' && set !== keyring.active)

  const tryOpen = (session: DeviceSession, clientAddress: number, parts: RequestParts): Buffer | undefined => {
    try {
      const head = { direction: 1, mode: parts.mode, clientAddress, ad, seq: parts.seq, task: parts.task } as const
      return openRecord(session.keys.toServer, head, parts)
    } catch (error) {
      if (error instanceof HesError) return undefined
      throw error
    }
  }

  /** What the rules say to an authentic request: nothing wrong, or the DAR of a mode 2 answer. */
  const judge = (session: DeviceSession, parts: RequestParts, inner: Buffer): { dar: number } | { apdu: Apdu } => {
    try {
      if (!innerTagAllowed(1, inner)) return { dar: DAR.denied }
      const { task, apdu } = readTask(inner)
      if (task !== parts.task || (task !== 3 && parts.mode !== 1)) return { dar: DAR.denied }
      if (limited(session) && task !== 3 && task !== 7) return { dar: DAR.denied }
      const tag = timeTagOf(apdu)
      if (tag ? !timeTagValid(tag, localTime(), offsetMinutes) : task === 8) return { dar: DAR.expired }
      return { apdu }
    } catch (error) {
      if (error instanceof HesError) return { dar: DAR.denied }
      throw error
    }
  }

  const seal = (session: DeviceSession, clientAddress: number, parts: RequestParts, mode: RecordMode, content: Uint8Array): Buffer => {
    const head = { direction: 2, mode, clientAddress, ad, seq: parts.seq, task: parts.task } as const
    return recordResponse(mode, sealRecord(session.keys.toClient, head, content))
  }

  /** Nothing to say means that carrying out failed. */
  const sealAnswer = (
    session: DeviceSession,
    clientAddress: number,
    parts: RequestParts,
    content: Uint8Array | { dar: number } | undefined,
  ): Buffer => {
    if (content && 'dar' in content) return seal(session, clientAddress, parts, 2, Buffer.of(content.dar))
    if (!content || content.length === 0) return seal(session, clientAddress, parts, 2, Buffer.of(DAR.other))
    return seal(session, clientAddress, parts, 1, content)
  }

  return async (request: SecurityRequest, clientAddress: number): Promise<Buffer | undefined> => {
    const parts = readRecordRequest(request)
    if (!parts || !isTask(parts.task)) return refuse(clientAddress)
    for (const session of sessions.candidates(clientAddress)) {
      const inner = tryOpen(session, clientAddress, parts)
      if (!inner) continue
      if (session.last && parts.seq === session.lastSeq && session.last.mac.equals(parts.mac) && session.last.data.equals(parts.data)) {
        onEvent?.({ kind: 'record-repeated', clientAddress, seq: parts.seq })
        return session.last.answer
      }
      // An old seq with a valid MAC is treated like a MAC failure (§7.14).
      if (parts.seq <= session.lastSeq) return refuse(clientAddress)
      const fresh = session.lastSeq < 0
      session.lastSeq = parts.seq
      sessions.establish(clientAddress, session)
      if (fresh) onEvent?.({ kind: 'established', clientAddress })

      const verdict = judge(session, parts, inner)
      let answer: Buffer
      if ('dar' in verdict) {
        onEvent?.({ kind: 'refused-by-rule', clientAddress, seq: parts.seq, dar: verdict.dar })
        answer = seal(session, clientAddress, parts, 2, Buffer.of(verdict.dar))
      } else {
        // A clock set in a session starts the allowance of broadcasts anew (§7.5).
        if (setsClock(verdict.apdu)) await counters.change({ broadcastShift: 0 })
        const own = ownAnswer(verdict.apdu, localTime(), offsetMinutes)
        const made =
          (verdict.apdu.apdu === 'action-request' ? await field(verdict.apdu, session).catch(() => ({ dar: DAR.other })) : undefined) ??
          (await firmware?.(verdict.apdu).catch(() => ({ dar: DAR.other })))
        const content =
          own ??
          made ??
          (await act(inner, { via: 'record', task: parts.task as Parameters<typeof act>[1]['task'], clientAddress }).catch(() => undefined))
        answer = sealAnswer(session, clientAddress, parts, content)
        if (own) {
          sessions.end(clientAddress, session)
          return answer
        }
      }
      session.last = { data: Buffer.from(parts.data), mac: Buffer.from(parts.mac), answer }
      return answer
    }
    return refuse(clientAddress)
  }
}

function setsClock(apdu: Apdu): boolean {
  return apdu.apdu === 'set-request' && (apdu.choice === 'normal' ? apdu.oad === CLOCK : apdu.items.some(({ oad }) => oad === CLOCK))
}

/** RELEASE and F100 method 5 end the session; only inside a record, a plain RELEASE changes nothing. */
function ownAnswer(apdu: Apdu, nowMs: number, offsetMinutes: number): Buffer | undefined {
  const piid = 'piid' in apdu ? { ...apdu.piid, acd: false } : undefined
  if (apdu.apdu === 'release-request' && piid) return encodeApdu({ apdu: 'release-response', piid, result: 0 })
  if (apdu.apdu === 'action-request' && apdu.choice === 'normal' && apdu.omd === END_SESSION && piid) {
    return encodeApdu({
      apdu: 'action-response',
      choice: 'normal',
      piid,
      omd: END_SESSION,
      dar: 0,
      data: { type: 'date-time-s', value: epochToDateTimeS(nowMs, offsetMinutes) },
    })
  }
  return undefined
}
