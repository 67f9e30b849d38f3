import { HesError } from '@zhuzhan/core'
import type { Ticket } from './ticket.js'
import { u16 } from './bytes.js'

/** 1C + seven FF in a SET of 40000200: "the clock, at the time of sealing". §7.6 */
const CLOCK_TO_FILL = Buffer.from('1cffffffffffffff', 'hex')
const CLOCK = Buffer.from('40000200', 'hex')
const MAX_DELAY_SECONDS = 300

/** date_time_s: year(2) month day hour minute second of Unix seconds at an offset in minutes. */
export function localDateTime(seconds: number, offsetMinutes: number): Buffer {
  const at = new Date((seconds + offsetMinutes * 60) * 1000)
  return Buffer.concat([
    u16(at.getUTCFullYear()),
    Buffer.of(at.getUTCMonth() + 1, at.getUTCDate(), at.getUTCHours(), at.getUTCMinutes(), at.getUTCSeconds()),
  ])
}

/**
 * The APDU of a ticket, built by the machine itself: service 01 PIID target param TimeTag (09: choice PIID rest),
 * TimeTag = 01 || local time || 00 || min(notAfter - now, 300) seconds, so that a delayed frame dies. §7.6
 *
 * @param piid low bits from the caller
 * @param seconds time of sealing, Unix
 * @throws HesError TICKET_REFUSED outside the validity
 */
export function ticketApdu(ticket: Ticket, piid: number, seconds: number, offsetMinutes: number): Buffer {
  if (seconds < ticket.notBefore || seconds >= ticket.notAfter) throw new HesError('TICKET_REFUSED', 'ticket: not valid now')
  const now = localDateTime(seconds, offsetMinutes)
  const delay = Math.max(1, Math.min(ticket.notAfter - seconds, MAX_DELAY_SECONDS))
  const timeTag = Buffer.concat([Buffer.of(1), now, Buffer.of(0), u16(delay)])
  const low = piid & 0x3f
  if (ticket.service === 9) return Buffer.concat([Buffer.of(9, ticket.param[0] ?? 0, low), ticket.param.subarray(1), timeTag])
  const fillsClock = ticket.service === 6 && ticket.target.equals(CLOCK) && ticket.param.equals(CLOCK_TO_FILL)
  const param = fillsClock ? Buffer.concat([Buffer.of(0x1c), now]) : ticket.param
  return Buffer.concat([Buffer.of(ticket.service, 1, low), ticket.target, param, timeTag])
}
