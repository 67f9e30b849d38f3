import { z } from 'zod'

/** What several operations of the crypto machine's port have in common. */

export const bytes = (min: number, max: number = min) =>
  z.custom<Uint8Array>((v) => v instanceof Uint8Array && v.length >= min && v.length <= max, `${min}..${max} bytes expected`)
export const hexOf = (count: number) => z.string().regex(new RegExp(`^[0-9A-F]{${count * 2}}$`), `${count} bytes in upper-case hex expected`)

/** A device address, canonical: 12 decimal digits as printed on the nameplate. */
export const DeviceAddress = z.string().regex(/^[0-9]{12}$/)
/** Upper-case hex of 16 unguessable bytes: names a session, an open exchange, a report or a read proof. */
export const CryptoToken = hexOf(16)
/** An APDU of the wire, security wrapper included where the operation says so. OSP-1 §7.4 limits it to 65000 bytes. */
export const ApduBytes = bytes(1, 65_200)
/** r || s. */
export const Sm2Signature = bytes(64)
/** Low bits of the PIID: the service number the front end expects in the answer. */
export const ServiceNumber = z.number().int().min(0).max(63)
export const Nothing = z.strictObject({})

/** A SECURITY-Request ready to be sent. */
export const SealedRecord = z.strictObject({
  /** The whole SECURITY-Request. A retransmission sends these same bytes; never seal the same request again. */
  apdu: ApduBytes,
  seq: z.number().int().min(0),
  /** Task computed by the machine from the APDU, OSP-1 §7.4. */
  task: z.number().int(),
})

const Words = z.strictObject({ en: z.string(), zh: z.string() })
/** What a signing screen shows of bytes that people sign: decoded from those bytes and from nothing else. */
export const Described = z.strictObject({ title: Words, lines: z.array(z.strictObject({ label: Words, value: Words })) })
export type Described = z.infer<typeof Described>
