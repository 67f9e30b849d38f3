import { z } from 'zod'
import { PersonId } from './crypto-authority.js'
import { hexOf } from './crypto-fields.js'

/** File of the key a service signs with. Person and public key stand in clear: administrators enter them; the private key is wrapped by the service's secret. */
export const ServiceKeyFile = z.strictObject({
  format: z.literal('zhuzhan service key 1'),
  person: PersonId,
  /** 04 || x || y. */
  publicKey: hexOf(65),
  /** SM4-CCM under scrypt(secret, salt, cost, r 8, p 1); sealed: private key and tag. */
  wrapped: z.strictObject({ cost: z.number().int().min(2 ** 14).max(2 ** 16), salt: hexOf(16), nonce: hexOf(12), sealed: hexOf(48) }),
})
export type ServiceKeyFile = z.infer<typeof ServiceKeyFile>

/** What a service asks the crypto machine to make a ticket of, and so all that it signs. */
export interface TicketAsked {
  /** Plain SET, ACTION or PROXY APDU. */
  apdu: Uint8Array
  /** The one device the ticket may name. */
  device: string
  /** Area code, 8 bytes hex. */
  area: string
  validSeconds: number
  /** Standing mandate, 16 bytes hex; without it a policy entry `service-alone` must allow the single signature. */
  mandate?: string | undefined
}

/** A service as a person of the crypto machine: packages/service-identity. Whoever makes commands needs no cipher. */
export interface ServiceSigner {
  /** Its id in the crypto machine's tables, 8 bytes hex. */
  readonly person: string
  /** First and only signature (OSP-1 §7.6). @throws HesError TICKET_REFUSED when the ticket says anything but what was asked */
  sign(ticket: Uint8Array, asked: TicketAsked): Promise<Buffer>
}
