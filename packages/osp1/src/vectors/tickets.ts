import { SM2_DEFAULT_ID, messageDigest, outcome, signWithNonce } from '@zhuzhan/gm-crypto'
import type { CaseReader, Outcome, Sm2Engine } from '@zhuzhan/gm-crypto'
import { taskOf } from '../tasks.js'
import { approverInput, encodeTicket, operatorInput, ticketTimely, verifyTicket } from '../ticket.js'
import type { Ticket } from '../ticket.js'
import { localDateTime, ticketApdu } from '../ticket-apdu.js'
import { sameBytes, sameNumber } from './derived.js'
import type { SectionContext } from './sections.js'

const bytesOf = (hex: string): Buffer => Buffer.from(hex, 'hex')

/** The fields of the case as a ticket. */
function ticketOf(c: CaseReader): Ticket {
  return {
    stationId: c.bytes('stationId'),
    epoch: c.bytes('epoch'),
    ticketId: c.bytes('ticketId'),
    operatorId: c.bytes('operatorId'),
    approverId: c.bytes('approverId'),
    area: c.bytes('area'),
    notBefore: c.number('notBefore'),
    notAfter: c.number('notAfter'),
    task: c.number('task'),
    service: c.number('service') as Ticket['service'],
    target: c.bytes('target'),
    param: c.bytes('param'),
    devices: c.texts('devices').map(bytesOf),
  }
}

/** Vectors are in +08:00 (§7.14). */
const OFFSET_MINUTES = 480

async function signedAgain(c: CaseReader, engine: Sm2Engine, who: 'Operator' | 'Approver', message: Buffer): Promise<Outcome[]> {
  if (!c.has(`k${who}`)) return []
  const k = c.bytes(`k${who}`)
  const publicKey = c.bytes(`pub${who}`)
  return sameBytes(
    c,
    `sig${who}`,
    signWithNonce(c.bytes(`d${who}`), messageDigest(publicKey, SM2_DEFAULT_ID, message), k, await engine.multiply(k)),
  )
}

/** The machine: both signatures over TKT, people's keys from its own table, time, epoch, task, and the APDU it builds. */
export async function receiveTicket(own: CaseReader, wire: CaseReader, { engine }: SectionContext): Promise<Outcome[]> {
  const tkt = wire.bytes('tkt')
  const ticket = await verifyTicket(engine, tkt, {
    operatorKey: own.bytes('pubOperator'),
    sigOperator: wire.bytes('sigOperator'),
    approverKey: own.bytes('pubApprover'),
    sigApprover: wire.bytes('sigApprover'),
  })
  const out: Outcome[] = [
    ...sameBytes(wire, 'tkt', encodeTicket(ticket)),
    ...sameBytes(wire, 'tkt', encodeTicket(ticketOf(wire))),
    ...sameBytes(wire, 'pubOperator', own.bytes('pubOperator')),
    ...sameBytes(wire, 'pubApprover', own.bytes('pubApprover')),
    ...(await signedAgain(own, engine, 'Operator', operatorInput(own.bytes('tkt')))),
    ...(await signedAgain(own, engine, 'Approver', approverInput(own.bytes('tkt'), own.bytes('sigOperator')))),
  ]
  if (wire.has('sealTime')) {
    const sealTime = wire.number('sealTime')
    const apdu = ticketApdu(ticket, wire.number('piid'), sealTime, OFFSET_MINUTES)
    out.push(
      outcome('time and epoch', ticketTimely(ticket, own.bytes('stationId'), own.bytes('epoch'), sealTime)),
      ...sameBytes(wire, 'apdu', apdu),
      ...sameBytes(wire, 'sealLocalTime', localDateTime(sealTime, OFFSET_MINUTES)),
      ...sameNumber(wire, 'task', taskOf(apdu)),
    )
  }
  return out
}
