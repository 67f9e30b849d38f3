import { z } from 'zod'
import { AreaCode, OrderBody, PersonId, PersonRole, PersonState } from '../crypto-authority.js'
import { Described } from '../crypto-fields.js'
import { TypedPassword } from './commands.js'

export const PeopleAnswer = z.object({
  items: z.array(z.object({
    person: z.string(), name: z.string(), roles: z.array(PersonRole), areas: z.array(AreaCode).describe('FFFFFFFFFFFFFFFF: every area'), state: PersonState,
    publicKey: z.string().describe('04 || x || y'), user: z.string().nullable().describe('Login that is this person'),
  })),
}).meta({ id: 'People' })

const Signer = z.strictObject({ person: PersonId, password: TypedPassword.optional().describe('Laboratories: signs at once') })

export const NewOrderBody = z.strictObject({
  signers: z.tuple([Signer, Signer]).describe('Two administrators of the crypto machine'),
  body: OrderBody,
}).refine(({ signers: [first, second] }) => (first.password === undefined) === (second.password === undefined), { path: ['signers'], message: 'the password of both, or of none' })
export type NewOrderBody = z.infer<typeof NewOrderBody>

export const OrderAnswer = z.object({
  order: z.string().describe('In hex: what both administrators sign'),
  words: Described,
  carriedOut: z.boolean(),
}).meta({ id: 'Order' })

/** The longest order names 4096 devices. */
const OrderBytes = z.string().regex(/^(?:[0-9A-Fa-f]{2}){40,150000}$/, 'the order in hex')
const Signature = z.string().regex(/^[0-9A-Fa-f]{128}$/, 'r and s, 64 bytes in hex')
export const SubmitOrderBody = z.strictObject({ order: OrderBytes, sigFirst: Signature, sigSecond: Signature })
