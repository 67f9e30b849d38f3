import { HesError } from '@zhuzhan/core'
import { SM2_DEFAULT_ID } from '@zhuzhan/gm-crypto'
import type { Sm2Engine } from '@zhuzhan/gm-crypto'
import { label, lp, readU64, u16, u64, u8 } from './bytes.js'

/** Command tickets: what two people signed, byte by byte. §7.6 */

export type TicketService = 6 | 7 | 9

export interface Ticket {
  stationId: Buffer
  epoch: Buffer
  ticketId: Buffer
  operatorId: Buffer
  approverId: Buffer
  area: Buffer
  /** Unix seconds, UTC. */
  notBefore: number
  notAfter: number
  task: number
  /** 06 SET, 07 ACTION, 09 PROXY. */
  service: TicketService
  /** OAD or OMD; 4 zero bytes for 09. */
  target: Buffer
  /** A-XDR Data with its tag; for 09 the body from the choice byte to before the TimeTag. */
  param: Buffer
  /** D, ascending and unique, 1 to 4096. */
  devices: readonly Buffer[]
}

export const MAX_TICKET_DEVICES = 4096
/** Longest validity in seconds; task 8 without a schedule has 15 minutes by policy. */
export const MAX_TICKET_SECONDS = 24 * 3600
const LABEL = label('OSP1-TKT')
const VERSION = 1
const FIXED: readonly (readonly [keyof Ticket, number])[] = [
  ['stationId', 8],
  ['epoch', 8],
  ['ticketId', 16],
  ['operatorId', 8],
  ['approverId', 8],
  ['area', 8],
]

/** @throws HesError TICKET_REFUSED when the content breaks a rule of form */
export function encodeTicket(t: Ticket): Buffer {
  checkForm(t)
  return Buffer.concat([
    LABEL,
    u8(VERSION),
    t.stationId,
    t.epoch,
    t.ticketId,
    t.operatorId,
    t.approverId,
    t.area,
    u64(t.notBefore),
    u64(t.notAfter),
    u8(t.task),
    u8(t.service),
    t.target,
    lp(t.param),
    u16(t.devices.length),
    ...t.devices,
  ])
}

/** Signing screens and the machine decode what was signed from TKT itself. @throws HesError TICKET_REFUSED */
export function decodeTicket(bytes: Uint8Array): Ticket {
  const source = Buffer.from(bytes)
  let at = 0
  const take = (count: number): Buffer => {
    if (at + count > source.length) throw refused('ends early')
    at += count
    return source.subarray(at - count, at)
  }
  const number = (count: number): number => take(count).readUIntBE(0, count)
  const seconds = (): number => {
    const value = readU64(take(8))
    if (value === undefined) throw refused('time out of range')
    return value
  }
  if (!take(8).equals(LABEL) || number(1) !== VERSION) throw refused('no ticket of version 1')
  const ids = Object.fromEntries(FIXED.map(([name, count]) => [name, take(count)])) as Pick<
    Ticket,
    'stationId' | 'epoch' | 'ticketId' | 'operatorId' | 'approverId' | 'area'
  >
  const notBefore = seconds()
  const notAfter = seconds()
  const task = number(1)
  const service = number(1) as TicketService
  const target = take(4)
  const param = take(number(2))
  const devices = Array.from({ length: number(2) }, () => take(8))
  if (at !== source.length) throw refused('bytes left over')
  const ticket: Ticket = { ...ids, notBefore, notAfter, task, service, target, param, devices }
  checkForm(ticket)
  return ticket
}

function refused(why: string): HesError {
  return new HesError('TICKET_REFUSED', `ticket: ${why}`)
}

function checkForm(t: Ticket): void {
  for (const [name, count] of FIXED) if ((t[name] as Buffer).length !== count) throw refused(`${name} has another length`)
  if (![6, 7, 9].includes(t.service)) throw refused('service is none of 06, 07, 09')
  if (t.target.length !== 4 || (t.service === 9 && !t.target.every((byte) => byte === 0))) throw refused('target')
  if (t.param.length === 0) throw refused('no parameter')
  if (t.notAfter <= t.notBefore || t.notAfter - t.notBefore > MAX_TICKET_SECONDS) throw refused('validity')
  if (t.devices.length === 0 || t.devices.length > MAX_TICKET_DEVICES) throw refused('number of devices')
  t.devices.forEach((device, i) => {
    if (device.length !== 8) throw refused('dispersion factor')
    const before = t.devices[i - 1]
    if (before && Buffer.compare(before, device) >= 0) throw refused('devices not ascending and unique')
  })
}

export const operatorInput = (tkt: Uint8Array): Buffer => Buffer.concat([label('OSP1-TKO'), tkt])
export const approverInput = (tkt: Uint8Array, sigO: Uint8Array): Buffer => Buffer.concat([label('OSP1-TKA'), tkt, sigO])

export interface TicketSignatures {
  operatorKey: Uint8Array
  sigOperator: Uint8Array
  approverKey: Uint8Array
  sigApprover: Uint8Array
}

/**
 * Both signatures, by two different people with two different keys. Roles, areas, epoch, time, use and task are
 * judged by the machine from its own tables. @throws HesError TICKET_REFUSED
 */
export async function verifyTicket(engine: Sm2Engine, tkt: Uint8Array, s: TicketSignatures): Promise<Ticket> {
  const ticket = decodeTicket(tkt)
  if (ticket.operatorId.equals(ticket.approverId) || Buffer.compare(s.operatorKey, s.approverKey) === 0)
    throw refused('two people must sign')
  const [operator, approver] = await Promise.all([
    engine.verify(s.operatorKey, SM2_DEFAULT_ID, operatorInput(tkt), s.sigOperator),
    engine.verify(s.approverKey, SM2_DEFAULT_ID, approverInput(tkt, s.sigOperator), s.sigApprover),
  ])
  if (!operator || !approver) throw refused('signature')
  return ticket
}

/** Is the ticket for this station and epoch, and valid at this time (Unix seconds)? */
export function ticketTimely(ticket: Ticket, stationId: Uint8Array, epoch: Uint8Array, seconds: number): boolean {
  return ticket.stationId.equals(stationId) && ticket.epoch.equals(epoch) && seconds >= ticket.notBefore && seconds <= ticket.notAfter
}
