import { HesError } from '@zhuzhan/core'
import type { Clock } from '@zhuzhan/core'
import { decodeApdu } from '@zhuzhan/dlt698'
import { NOBODY, taskOf, ticketApdu, ticketReach, ticketTimely } from '@zhuzhan/osp1'
import type { Allowance, Ticket, TicketItem } from '@zhuzhan/osp1'
import { entitled } from '../authority/people.js'
import type { People } from '../authority/people.js'
import type { Places } from '../authority/places.js'
import type { Session } from '../sessions/session-table.js'
import type { PlaceRow } from '../store/authority-store.js'
import type { MachineStore } from '../store/store.js'
import type { MandateRow } from '../store/ticket-store.js'
import type { ClockGuard } from './clock-guard.js'
import { clockNear } from './device-clock.js'
import type { Mandates } from './mandates.js'
import type { SignedRequest, SignedTicket, TicketSignaturesCheck } from './signatures.js'

/** The device a ticket is used for: of a session, or `plain`. */
export interface TicketSubject {
  address: string
  dispersion: Uint8Array
  session: Session | undefined
}

export interface JudgedTicket {
  ticket: Ticket
  /** What will be sealed: built by the machine, with its own time. */
  apdu: Buffer
  task: number
  mandate: MandateRow | undefined
}

export interface JudgeOptions {
  store: MachineStore
  people: People
  places: Places
  signatures: TicketSignaturesCheck
  mandates: Mandates
  guard: ClockGuard
  clock: Clock
  stationId: Buffer
  epoch: Buffer
}

/** Tasks that go by ticket. Task 7 is the machine's own. §7.4 */
const TICKET_TASKS = new Set([2, 5, 6, 8])
const CONTROL = 8
/** Longest validity of a control ticket without a schedule. §7.6 */
const CONTROL_SECONDS = 15 * 60
/** F209 method 127 hands any bytes on to a meter, past everything a ticket says. */
const FORWARDING = 'F2097F'

/** Why a ticket is refused: for the machine's own audit row, never for the caller. */
export function refusal(reason: string): HesError {
  return new HesError('TICKET_REFUSED', undefined, { reason })
}

/** Everything §7.6 asks, from the machine's own tables; only the use itself is still to be committed. @throws HesError TICKET_REFUSED */
export function createJudge({ store, people, places, signatures, mandates, guard, clock, stationId, epoch }: JudgeOptions) {
  const allowed = async (task: number, items: readonly TicketItem[] | undefined, allows: Allowance): Promise<boolean> => {
    if (!items || items.length === 0) return false
    const entries = (await people.policies()).filter((one) => one.task === task && one.allows === allows)
    return items.every(({ service, target }) =>
      entries.some((one) => {
        const policy = one.target.toString('hex').toUpperCase()
        return one.service === service && (policy === target || (policy.endsWith('FFFF') && target.startsWith(policy.slice(0, 4))))
      }),
    )
  }

  /** A meter behind a terminal: its own line in the table, and no keys of its own (those go end to end only, §7.11). */
  const checkMeters = async (terminal: string, area: Buffer, meters: readonly string[]): Promise<void> => {
    const found = await Promise.all(meters.map((address) => places.get(address)))
    for (const place of found) {
      if (!place || place.terminal !== terminal) throw refusal('meter-not-behind-this-terminal')
      if (!place.area.equals(area)) throw refusal('meter-in-another-area')
      if (place.profile !== 'plain') throw refusal('meter-has-its-own-session')
    }
    if ((await store.devices(meters)).some((row) => row.status !== 'withdrawn')) throw refusal('meter-has-its-own-session')
  }

  const checkDevice = ({ session }: TicketSubject, place: PlaceRow | undefined, ticket: Ticket): PlaceRow => {
    if (!place?.area.equals(ticket.area)) throw refusal('device-not-in-area')
    if (place.profile !== (session ? 'sm' : 'plain')) throw refusal('device-profile')
    if (session) {
      const { row, update } = session.device
      if (row.suspect || row.status === 'suspect') throw refusal('device-suspect')
      if (row.status !== 'active') throw refusal('device-not-active')
      if (row.keyState !== 1) throw refusal('factory-keys')
      // Before its commit a session under the new keys serves tasks 3 and 7 only.
      if (update && session.keySet === 'new') throw refusal('key-update-under-way')
    }
    return place
  }

  /** Who signed, and whether that is enough for this. */
  const checkSigners = async (
    { ticket, operator, approver }: SignedTicket,
    items: readonly TicketItem[] | undefined,
  ): Promise<MandateRow | undefined> => {
    const { task, area } = ticket
    if (approver) {
      if (operator.id.equals(approver.id) || operator.publicKey.equals(approver.publicKey)) throw refusal('two-people')
      if (!entitled(operator, 'operator', area)) throw refusal('operator-not-entitled')
      if (!entitled(approver, 'approver', area)) throw refusal('approver-not-entitled')
      return undefined
    }
    if (!ticket.approverId.equals(NOBODY)) return mandates.covers(ticket, operator)
    const alone =
      (entitled(operator, 'operator', area) && (task === 5 || task === 6) && (await allowed(task, items, 'operator-alone'))) ||
      (entitled(operator, 'service', area) && task === 5 && (await allowed(task, items, 'service-alone')))
    if (!alone) throw refusal('one-signature')
    return undefined
  }

  return async (request: SignedRequest & { piid: number }, subject: TicketSubject): Promise<JudgedTicket> => {
    // Signatures first: whoever cannot make them learns nothing from how far a refusal took.
    const signed = await signatures.read(request)
    if (!signed) throw refusal('signatures')
    const { ticket } = signed
    const wrong = await guard.wrong()
    if (wrong) throw refusal(wrong)
    const now = clock.now()
    const seconds = Math.floor(now / 1000)
    if (!ticketTimely(ticket, stationId, epoch, seconds)) throw refusal('station-epoch-or-time')
    if (!names(ticket, subject.dispersion)) throw refusal('device-not-named')
    const place = checkDevice(subject, await places.get(subject.address), ticket)

    const apdu = ticketApdu(ticket, request.piid, seconds, place.offsetMinutes)
    const task = taskOf(apdu)
    if (task !== ticket.task || !TICKET_TASKS.has(task)) throw refusal('task')
    const { items, meters } = ticketReach(decodeApdu(apdu))
    if (items?.some(({ target }) => target.startsWith(FORWARDING))) throw refusal('forwarding')
    if (ticket.service === 9) {
      if (ticket.devices.length !== 1) throw refusal('more-than-one-terminal')
      await checkMeters(subject.address, ticket.area, meters)
    }

    const mandate = await checkSigners(signed, items)
    if (task === CONTROL) {
      const scheduled = ticket.notAfter - ticket.notBefore <= CONTROL_SECONDS || (await allowed(task, items, 'scheduled'))
      if (!scheduled) throw refusal('valid-too-long')
      // What a plain device says of its clock is not authentic: there the TimeTag alone limits a held-up frame.
      if (subject.session && !clockNear(subject.session, place.offsetMinutes, now)) throw refusal('device-clock')
    }
    return { ticket, apdu, task, mandate }
  }
}

/** Devices of a ticket ascend: looked up by halving, a list has up to 4096. */
function names({ devices }: Ticket, dispersion: Uint8Array): boolean {
  let [low, high] = [0, devices.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (Buffer.compare(devices[middle] ?? Buffer.alloc(0), dispersion) < 0) low = middle + 1
    else high = middle
  }
  return devices[low]?.equals(dispersion) ?? false
}
