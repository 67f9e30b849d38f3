import { HesError } from '@zhuzhan/core'
import { SM2_DEFAULT_ID } from '@zhuzhan/gm-crypto'
import type { Sm2Engine } from '@zhuzhan/gm-crypto'
import { label, readU64, u16, u32, u64, u8 } from './bytes.js'

/** Standing mandate: two people allow a service to give power back (allow closing) on its own, within rates. §7.6 */
export interface Mandate {
  stationId: Buffer
  epoch: Buffer
  mandateId: Buffer
  serviceId: Buffer
  area: Buffer
  notBefore: number
  notAfter: number
  perHour: number
  perDay: number
}

export const MAX_MANDATE_SECONDS = 90 * 24 * 3600
const LABEL = label('OSP1-TKM')
const LENGTH = 8 + 1 + 8 + 8 + 16 + 8 + 8 + 8 + 8 + 2 + 4

export function encodeMandate(m: Mandate): Buffer {
  return Buffer.concat([
    LABEL,
    u8(1),
    m.stationId,
    m.epoch,
    m.mandateId,
    m.serviceId,
    m.area,
    u64(m.notBefore),
    u64(m.notAfter),
    u16(m.perHour),
    u32(m.perDay),
  ])
}

/** @throws HesError TICKET_REFUSED */
export function decodeMandate(bytes: Uint8Array): Mandate {
  const b = Buffer.from(bytes)
  const refuse = (): never => {
    throw new HesError('TICKET_REFUSED', 'mandate: wrong form')
  }
  if (b.length !== LENGTH || !b.subarray(0, 8).equals(LABEL) || b[8] !== 1) refuse()
  const notBefore = readU64(b.subarray(57, 65)) ?? refuse()
  const notAfter = readU64(b.subarray(65, 73)) ?? refuse()
  if (notAfter <= notBefore || notAfter - notBefore > MAX_MANDATE_SECONDS) refuse()
  return {
    stationId: b.subarray(9, 17),
    epoch: b.subarray(17, 25),
    mandateId: b.subarray(25, 41),
    serviceId: b.subarray(41, 49),
    area: b.subarray(49, 57),
    notBefore,
    notAfter,
    perHour: b.readUInt16BE(73),
    perDay: b.readUInt32BE(75),
  }
}

export const mandateOperatorInput = (tkm: Uint8Array): Buffer => Buffer.concat([label('OSP1-TMO'), tkm])
export const mandateApproverInput = (tkm: Uint8Array, sigO: Uint8Array): Buffer => Buffer.concat([label('OSP1-TMA'), tkm, sigO])

/** Both signatures of two different people. @throws HesError TICKET_REFUSED */
export async function verifyMandate(
  engine: Sm2Engine,
  tkm: Uint8Array,
  s: { operatorKey: Uint8Array; sigOperator: Uint8Array; approverKey: Uint8Array; sigApprover: Uint8Array },
): Promise<Mandate> {
  const mandate = decodeMandate(tkm)
  const twoPeople = Buffer.compare(s.operatorKey, s.approverKey) !== 0
  const operator = await engine.verify(s.operatorKey, SM2_DEFAULT_ID, mandateOperatorInput(tkm), s.sigOperator)
  const approver = await engine.verify(s.approverKey, SM2_DEFAULT_ID, mandateApproverInput(tkm, s.sigOperator), s.sigApprover)
  if (!twoPeople || !operator || !approver) throw new HesError('TICKET_REFUSED', 'mandate: signatures')
  return mandate
}
