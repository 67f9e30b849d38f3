import { z } from 'zod'
import { AreaCode, PersonId } from './crypto-authority.js'
import { ApduBytes, CryptoToken, Described, DeviceAddress, Nothing, SealedRecord, ServiceNumber, Sm2Signature, bytes, hexOf } from './crypto-fields.js'

/** Command tickets and standing mandates. OSP-1 §7.6 */

const TicketBytes = bytes(1, 110_000)
const Seconds = z.number().int().min(0)
const Signed = {
  tkt: TicketBytes,
  sigOperator: Sm2Signature,
  /** Absent under a standing mandate, or where a policy entry allows one signature. */
  sigApprover: Sm2Signature.optional(),
  piid: ServiceNumber,
}

export const MandateState = z.strictObject({
  mandate: hexOf(16),
  service: PersonId,
  area: AreaCode,
  notBefore: Seconds,
  notAfter: Seconds,
  perHour: z.number().int(),
  perDay: z.number().int(),
  usedLastHour: z.number().int(),
  usedLastDay: z.number().int(),
  revoked: z.boolean(),
})
export type MandateState = z.infer<typeof MandateState>

export const TICKET_OPERATIONS = {
  /** TKT for an APDU and devices, to be shown and signed. Builds only: rights are judged when it is used. TICKET_REFUSED, DEVICE_NOT_ENROLLED */
  prepareTicket: {
    request: z.strictObject({
      operator: PersonId,
      approver: PersonId.nullable(),
      /** Under this standing mandate; `approver` is null then and `operator` is the service. */
      mandate: hexOf(16).optional(),
      area: AreaCode,
      notBefore: Seconds.optional(),
      /** 15 minutes when absent, the longest for task 8 without a policy entry. */
      validSeconds: z.number().int().min(1).max(86_400).optional(),
      /** Plain SET, ACTION or PROXY APDU; its PIID and TimeTag do not count. */
      apdu: ApduBytes,
      /** For a PROXY the terminal alone. */
      devices: z.array(DeviceAddress).min(1).max(4096),
    }),
    result: z.strictObject({ tkt: TicketBytes, ticket: hexOf(16), words: Described }),
  },
  /**
   * Use a ticket for the device of this session: judge, commit the use, then seal. TICKET_REFUSED says no more to the caller (the
   * reason is an event of the machine); BUSY while another request is under way, before anything is used up. When the call fails
   * in any other way the ticket may be used up for this device: the command is `unknown`.
   */
  sealTicket: { request: z.strictObject({ handle: CryptoToken, ...Signed }), result: SealedRecord },
  /** Blocks of a file transfer that a ticket of task 6 started for this device (methods 8, 9, 10, 1), while that ticket is valid. */
  sealBlock: { request: z.strictObject({ handle: CryptoToken, ticket: hexOf(16), apdu: ApduBytes }), result: SealedRecord },
  /** The same checks for a `plain` device: the APDU itself. Laboratories only. */
  releasePlain: { request: z.strictObject({ address: DeviceAddress, ...Signed }), result: z.strictObject({ apdu: ApduBytes }) },
  /** TKM, to be shown and signed by two people. */
  prepareMandate: {
    request: z.strictObject({
      service: PersonId,
      area: AreaCode,
      notBefore: Seconds.optional(),
      validSeconds: z.number().int().min(1).max(90 * 86_400),
      perHour: z.number().int().min(1).max(65_535),
      perDay: z.number().int().min(1).max(0xffff_ffff),
    }),
    result: z.strictObject({ tkm: bytes(79), mandate: hexOf(16), words: Described }),
  },
  submitMandate: {
    request: z.strictObject({
      tkm: bytes(79),
      operator: PersonId,
      approver: PersonId,
      sigOperator: Sm2Signature,
      sigApprover: Sm2Signature,
    }),
    result: z.strictObject({ mandate: hexOf(16) }),
  },
  mandates: { request: Nothing, result: z.strictObject({ mandates: z.array(MandateState) }) },
} as const
