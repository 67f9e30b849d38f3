import type { Clock } from '@zhuzhan/core'
import { DecodeError, dateTimeSToEpoch, decodeApdu } from '@zhuzhan/dlt698'
import type { Request, Session } from '../sessions/session-table.js'

/** The device's clock must lie this near to ours, else no control. §7.6 */
const NEAR_MS = 60_000
/** A reading older than this says too little about the clock now. Ours: §7.6 names no age. */
const FRESH_MS = 15 * 60_000

/** Remember what an authentic answer to our GET 40000200 said; anything but a time forgets the reading before. */
export function hearClock(session: Session, request: Request | undefined, apdu: Uint8Array, clock: Clock): void {
  if (request?.purpose?.kind !== 'clock') return
  session.clockReading = undefined
  try {
    const response = decodeApdu(apdu)
    if (response.apdu !== 'get-response' || response.choice !== 'normal' || !('data' in response.result)) return
    const { oad, data } = response.result
    if (oad !== '40000200' || data.type !== 'date-time-s') return
    session.clockReading = { value: data.value, sentAt: request.purpose.sentAt, heardAt: clock.now() }
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
  }
}

/**
 * Is the device's clock known in this session, and near ours? The device read its clock somewhere between our sending
 * and hearing, so both must be near: an answer that was held up proves nothing.
 */
export function clockNear(session: Session, offsetMinutes: number, now: number): boolean {
  const { clockReading } = session
  if (!clockReading || now - clockReading.sentAt > FRESH_MS || now < clockReading.sentAt) return false
  const device = dateTimeSToEpoch(clockReading.value, offsetMinutes)
  if (device === undefined) return false
  return Math.abs(device - clockReading.sentAt) <= NEAR_MS && Math.abs(device - clockReading.heardAt) <= NEAR_MS
}
