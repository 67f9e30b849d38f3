import { z } from 'zod'
import { Described, DeviceAddress, Nothing, Sm2Signature, bytes, hexOf } from './crypto-fields.js'

/**
 * People, places and policies as the crypto machine knows them. They change only by orders that administrators sign;
 * whatever widens a right takes two of them. docs/security/orders.md
 */

export const PersonRole = z.enum(['operator', 'approver', 'administrator', 'service'])
export type PersonRole = z.infer<typeof PersonRole>
export const PersonState = z.enum(['active', 'suspended', 'withdrawn'])
export const PersonId = hexOf(8)
export const AreaCode = hexOf(8)
/** Devices of one order. */
export const MAX_ORDER_DEVICES = 4096
const VendorName = z.string().regex(/^[\x20-\x7e]{1,64}$/)
const Addresses = z.array(DeviceAddress).min(1).max(MAX_ORDER_DEVICES)
const KeyVersion = z.number().int().min(1).max(255)

export const PolicyEntry = z.strictObject({
  task: z.number().int().min(0).max(255),
  service: z.union([z.literal(6), z.literal(7)]),
  /** OAD or OMD; attribute and index FFFF: the whole object. */
  target: hexOf(4),
  /** One signature by an operator, or by a service (task 5 only), or tickets valid for more than 15 minutes (task 8). */
  allows: z.enum(['operator-alone', 'service-alone', 'scheduled']),
})
export type PolicyEntry = z.infer<typeof PolicyEntry>

export const BoundModule = z.strictObject({
  slot: z.number().int().min(0).max(255),
  serial: hexOf(8),
  /** 8 ASCII bytes, 00-filled. */
  model: hexOf(8),
  chip: z.boolean(),
  /** Root key its pairing key was made from; slot 0 follows the meter's own keys. */
  keyState: z.number().int().min(0).max(1),
  keyVersion: z.number().int().min(0).max(255),
})
export type BoundModule = z.infer<typeof BoundModule>

/** The names are those of packages/osp1 order-body.ts, which turns the same values into bytes. Lists ascend. */
export const OrderBody = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('person'),
    person: PersonId,
    roles: z.array(PersonRole).min(1),
    /** 04 || x || y. */
    publicKey: hexOf(65),
    name: z.string().min(1).max(128),
    /** FFFFFFFFFFFFFFFF: every area. */
    areas: z.array(AreaCode).max(1024),
  }),
  z.strictObject({ kind: z.literal('person-state'), person: PersonId, state: PersonState }),
  z.strictObject({
    kind: z.literal('place'),
    area: AreaCode,
    profile: z.enum(['plain', 'sm']),
    offsetMinutes: z.number().int().min(-720).max(840),
    /** The terminal these meters are behind; null for terminals and meters with a line of their own. */
    terminal: DeviceAddress.nullable(),
    addresses: Addresses,
  }),
  z.strictObject({ kind: z.literal('unplace'), addresses: Addresses }),
  z.strictObject({ kind: z.literal('policy-set'), ...PolicyEntry.shape }),
  z.strictObject({ kind: z.literal('policy-remove'), ...PolicyEntry.shape }),
  z.strictObject({ kind: z.literal('bind-modules'), address: DeviceAddress, modules: z.array(BoundModule).min(1).max(255) }),
  z.strictObject({ kind: z.literal('mandate-revoke'), mandate: hexOf(16) }),
  z.strictObject({ kind: z.literal('root-keys'), keyState: z.number().int().min(0).max(1), keyVersion: KeyVersion }),
  /** No device is brought to it any more; those that hold keys of it go on. */
  z.strictObject({ kind: z.literal('root-keys-withdraw'), keyState: z.number().int().min(0).max(1), keyVersion: KeyVersion }),
  /** Its bytes are erased, for good. Only what is pending or withdrawn, and used by nothing. */
  z.strictObject({ kind: z.literal('root-keys-destroy'), keyState: z.number().int().min(0).max(1), keyVersion: KeyVersion }),
  z.strictObject({ kind: z.literal('key-update'), keyState: z.literal(1), keyVersion: KeyVersion, addresses: Addresses }),
  z.strictObject({ kind: z.literal('key-update-abort'), addresses: Addresses }),
  z.strictObject({ kind: z.literal('suspect'), addresses: Addresses }),
  /** Members of a group of clock broadcasts (OSP-1 §7.5): their keys of purpose 3 are made from this G. */
  z.strictObject({ kind: z.literal('group'), group: hexOf(8), addresses: Addresses }),
  z.strictObject({ kind: z.literal('ungroup'), addresses: Addresses }),
  /** Images of this vendor may be offered; its key is in the devices. */
  z.strictObject({ kind: z.literal('firmware-vendor'), vendor: VendorName, publicKey: hexOf(65) }),
  z.strictObject({ kind: z.literal('firmware-vendor-withdraw'), vendor: VendorName }),
  /** Offer a release this machine prepared; the manifest as it was signed by its vendor. */
  z.strictObject({ kind: z.literal('firmware-release'), fwm: z.string().regex(/^(?:[0-9A-F]{2}){1,2000}$/), sigVendor: hexOf(64) }),
  z.strictObject({ kind: z.literal('firmware-withdraw'), release: hexOf(8) }),
])
export type OrderBody = z.infer<typeof OrderBody>

export const Person = z.strictObject({
  person: PersonId,
  name: z.string(),
  publicKey: hexOf(65),
  roles: z.array(PersonRole),
  areas: z.array(AreaCode),
  state: PersonState,
})
export type Person = z.infer<typeof Person>

export const Place = z.strictObject({
  address: DeviceAddress,
  area: AreaCode,
  profile: z.enum(['plain', 'sm']),
  offsetMinutes: z.number().int(),
  terminal: DeviceAddress.nullable(),
})
export type Place = z.infer<typeof Place>

/** As long as those of logins: in a laboratory they are the same. */
const Password = z.string().min(8).max(256)
/** Orders, tickets and mandates; a list of 4096 devices is the longest. */
const SignedBytes = bytes(1, 150_000)

export const MachineEvent = z.strictObject({
  id: z.number().int(),
  /** Milliseconds since 1970 UTC. */
  at: z.number().int(),
  kind: z.string(),
  subject: z.string(),
  detail: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
})
export type MachineEvent = z.infer<typeof MachineEvent>

export const AUTHORITY_OPERATIONS = {
  /** Bytes of an order, to be shown and signed. Builds only; nothing is checked against the tables yet. */
  prepareOrder: {
    request: z.strictObject({
      first: PersonId,
      second: PersonId.nullable(),
      body: OrderBody,
      /** Unix seconds; now when absent. */
      notBefore: z.number().int().min(0).optional(),
      /** One hour when absent. */
      validSeconds: z.number().int().min(1).max(86_400).optional(),
    }),
    result: z.strictObject({ order: SignedBytes, words: Described }),
  },
  /** Carry out an order. ORDER_REFUSED; with context.reason once its signatures proved genuine. */
  submitOrder: {
    request: z.strictObject({ order: SignedBytes, sigFirst: Sm2Signature, sigSecond: Sm2Signature.optional() }),
    result: z.strictObject({ order: hexOf(16), kind: z.string() }),
  },
  people: { request: Nothing, result: z.strictObject({ people: z.array(Person) }) },
  policies: { request: Nothing, result: z.strictObject({ policies: z.array(PolicyEntry) }) },
  /** Where the machine believes a device to be. NOT_FOUND */
  place: { request: z.strictObject({ address: DeviceAddress }), result: Place },
  /** The machine's table of places, by address. */
  places: {
    request: z.strictObject({ after: DeviceAddress.optional(), limit: z.number().int().min(1).max(4096) }),
    result: z.strictObject({ places: z.array(Place), /** Ask on with this; null at the end. */ next: DeviceAddress.nullable() }),
  },
  /**
   * Did the person named in this ticket or order sign it? `after`: the first signature, where it is the second that is looked
   * at. Says nothing of rights, which are judged when it is used. BODY_INVALID
   */
  checkSignature: {
    request: z.strictObject({ message: SignedBytes, signature: Sm2Signature, after: Sm2Signature.optional(), /** Who signs, for a mandate, which does not say. */ person: PersonId.optional() }),
    result: z.strictObject({ genuine: z.boolean() }),
  },
  /** Words of a ticket, mandate or order, from its bytes. */
  describe: { request: z.strictObject({ message: SignedBytes }), result: Described },
  /** Laboratories only: a key pair whose private half is kept here under the person's password. */
  createPersonKey: { request: z.strictObject({ password: Password }), result: z.strictObject({ publicKey: hexOf(65) }) },
  /** Laboratories only. */
  changePassword: { request: z.strictObject({ person: PersonId, before: z.string().max(256), after: Password }), result: Nothing },
  /**
   * Laboratories only: sign a ticket, mandate or order as this person. `after`: the first signature, where the second is made.
   * LOGIN_REFUSED for a wrong person or password alike; TOO_MANY_REQUESTS after several of them.
   */
  signWithPassword: {
    request: z.strictObject({
      person: PersonId,
      password: z.string().max(256),
      message: SignedBytes,
      after: Sm2Signature.optional(),
    }),
    result: z.strictObject({ signature: Sm2Signature }),
  },
  /** The machine's own audit rows, oldest first. */
  machineEvents: {
    request: z.strictObject({ after: z.number().int().min(0), limit: z.number().int().min(1).max(1_000).optional() }),
    result: z.strictObject({ events: z.array(MachineEvent) }),
  },
} as const
