import { HesError } from '@zhuzhan/core'
import { DecodeError, decodeApdu, encodeApdu } from '@zhuzhan/dlt698'
import type { Apdu, Tsa } from '@zhuzhan/dlt698'
import { taskOf } from './tasks.js'
import type { Task } from './tasks.js'
import type { Ticket, TicketService } from './ticket.js'
import { commandMeter } from './trans-command.js'

/** What a ticket carries, and what an APDU would carry as a ticket. §7.6 */
export interface TicketContent {
  task: Task
  service: TicketService
  target: Buffer
  param: Buffer
}

const NO_TARGET = Buffer.alloc(4)
/** Tag, choice and PIID stand before the target. */
const HEAD = 3

/**
 * The ticket content of a client APDU: SET or ACTION of one object, or PROXY. PIID and TimeTag do not count, the
 * machine makes its own at sealing. @throws HesError TICKET_REFUSED for lists, other services, and what needs no ticket
 */
export function ticketContent(apdu: Uint8Array): TicketContent {
  const task = taskOf(apdu)
  if (task === 3 || task === 7) throw noTicket(`task ${task} goes without one`)
  const { timeTag: _, ...bare } = decodeApdu(apdu) as Apdu & { timeTag?: unknown }
  // Without a TimeTag the optional is one 00 byte.
  const bytes = encodeApdu({ ...bare, timeTag: undefined } as Apdu).subarray(0, -1)
  const service = bytes[0]
  if (service === 9) return { task, service, target: NO_TARGET, param: Buffer.concat([bytes.subarray(1, 2), bytes.subarray(HEAD)]) }
  if ((service !== 6 && service !== 7) || bytes[1] !== 1) throw noTicket('only a single SET or ACTION, or a PROXY')
  return { task, service, target: bytes.subarray(HEAD, HEAD + 4), param: bytes.subarray(HEAD + 4) }
}

/** The APDU of a ticket as it was signed: PIID 0, no TimeTag, nothing filled in. @throws HesError TICKET_REFUSED when it does not parse */
export function signedApdu(ticket: Ticket): Apdu {
  const { service, target, param } = ticket
  const head = service === 9 ? [Buffer.of(service, param[0] ?? 0, 0), param.subarray(1)] : [Buffer.of(service, 1, 0), target, param]
  try {
    return decodeApdu(Buffer.concat([...head, Buffer.of(0)]))
  } catch (error) {
    if (error instanceof DecodeError) throw noTicket('it does not parse to the last byte')
    throw error
  }
}

/** One thing a ticket makes a device do. */
export interface TicketItem {
  service: 6 | 7
  /** OAD or OMD. */
  target: string
}

export interface TicketReach {
  /** `undefined` for a TransCommand, whose content is another protocol's. */
  items: TicketItem[] | undefined
  /** Numbers of the meters behind a terminal; empty for a command to the device itself. */
  meters: string[]
}

/**
 * Everything a built ticket APDU does, and the meters it reaches through a terminal.
 * @throws HesError TICKET_REFUSED when it reaches anything but single meters by their own number
 */
export function ticketReach(apdu: Apdu): TicketReach {
  const direct = (service: 6 | 7, target: string): TicketReach => ({ items: [{ service, target }], meters: [] })
  if (apdu.apdu === 'set-request' && apdu.choice === 'normal') return direct(6, apdu.oad)
  if (apdu.apdu === 'action-request' && apdu.choice === 'normal') return direct(7, apdu.omd)
  if (apdu.apdu !== 'proxy-request') throw noTicket('only a single SET or ACTION, or a PROXY')
  switch (apdu.choice) {
    case 'set-list':
    case 'set-then-get-list':
      return {
        items: apdu.targets.flatMap(({ items }) => items.map(({ oad }) => ({ service: 6, target: oad }) as const)),
        meters: apdu.targets.map(({ tsa }) => meterOf(tsa)),
      }
    case 'action-list':
    case 'action-then-get-list':
      return {
        items: apdu.targets.flatMap(({ actions }) => actions.map(({ omd }) => ({ service: 7, target: omd }) as const)),
        meters: apdu.targets.map(({ tsa }) => meterOf(tsa)),
      }
    case 'trans-command':
      return { items: undefined, meters: [commandMeter(apdu.command) ?? nobody()] }
    default:
      throw noTicket('a read goes without one')
  }
}

/** Flag 05 alone: single address of six bytes, logical address 0. */
const SINGLE = 0x05

function meterOf(tsa: Tsa): string {
  return tsa.flag === SINGLE && /^[0-9]{12}$/.test(tsa.address) ? tsa.address : nobody()
}

function nobody(): never {
  throw noTicket('it reaches more or less than single meters')
}

const noTicket = (why: string): HesError => new HesError('TICKET_REFUSED', `no ticket for this: ${why}`)

const CLOSE = '80008200'

/** Does the ticket only allow people to close again: one device, 80008200, every relay entry enum 0? Never a direct closing. §7.6 */
export function onlyAllowsClosing(ticket: Ticket): boolean {
  if (ticket.service !== 7 || ticket.task !== 8 || ticket.devices.length !== 1 || ticket.target.toString('hex') !== CLOSE) return false
  const parsed = signedApdu(ticket)
  if (parsed.apdu !== 'action-request' || parsed.choice !== 'normal' || parsed.parameter.type !== 'array') return false
  const { items } = parsed.parameter
  return (
    items.length > 0 &&
    items.every((entry) => {
      if (entry.type !== 'structure' || entry.items.length !== 2) return false
      const [relay, how] = entry.items
      return relay?.type === 'oad' && how?.type === 'enum' && how.value === 0
    })
  )
}
