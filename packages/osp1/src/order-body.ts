import { HesError } from '@zhuzhan/core'
import { lp, u16, u8 } from './bytes.js'
import { decodeFirmwareManifest } from './firmware.js'
import { fieldReader } from './reader.js'
import type { FieldReader } from './reader.js'

/** What an administrator orders, as a value and as bytes. docs/security/orders.md holds the same table. */

export const ROLES = ['operator', 'approver', 'administrator', 'service'] as const
export type Role = (typeof ROLES)[number]
export const PERSON_STATES = ['active', 'suspended', 'withdrawn'] as const
export type PersonState = (typeof PERSON_STATES)[number]
/** What a policy entry allows: one signature by an operator, one by a service (task 5 only), or a validity beyond 15 minutes (task 8). */
export const ALLOWANCES = ['operator-alone', 'service-alone', 'scheduled'] as const
export type Allowance = (typeof ALLOWANCES)[number]

export interface PolicyEntry {
  task: number
  service: 6 | 7
  /** OAD or OMD, upper-case hex; attribute and index FFFF: the whole object. */
  target: string
  allows: Allowance
}

/** The chip of one slot; a carrier may be without. */
export interface BoundModule {
  slot: number
  /** 8 bytes hex. */
  serial: string
  /** 8 ASCII bytes, 00-filled, hex. */
  model: string
  chip: boolean
  /** Root key its pairing key was made from. */
  keyState: number
  keyVersion: number
}

/** Ids and areas are 8 bytes in upper-case hex, keys 65 bytes (04 || x || y), addresses 12 digits. */
export type OrderBody =
  | { kind: 'person'; person: string; roles: Role[]; publicKey: string; name: string; areas: string[] }
  | { kind: 'person-state'; person: string; state: PersonState }
  | { kind: 'place'; area: string; profile: 'plain' | 'sm'; offsetMinutes: number; terminal: string | null; addresses: string[] }
  | { kind: 'unplace'; addresses: string[] }
  | ({ kind: 'policy-set' } & PolicyEntry)
  | ({ kind: 'policy-remove' } & PolicyEntry)
  | { kind: 'bind-modules'; address: string; modules: BoundModule[] }
  | { kind: 'mandate-revoke'; mandate: string }
  | { kind: 'root-keys'; keyState: number; keyVersion: number }
  | { kind: 'root-keys-withdraw'; keyState: number; keyVersion: number }
  | { kind: 'root-keys-destroy'; keyState: number; keyVersion: number }
  | { kind: 'key-update'; keyState: number; keyVersion: number; addresses: string[] }
  | { kind: 'key-update-abort'; addresses: string[] }
  | { kind: 'suspect'; addresses: string[] }
  | { kind: 'group'; group: string; addresses: string[] }
  | { kind: 'ungroup'; addresses: string[] }
  | { kind: 'firmware-vendor'; vendor: string; publicKey: string }
  | { kind: 'firmware-vendor-withdraw'; vendor: string }
  | { kind: 'firmware-release'; fwm: string; sigVendor: string }
  | { kind: 'firmware-withdraw'; release: string }
export type OrderKind = OrderBody['kind']

export const MAX_ORDER_DEVICES = 4096
const MAX_NAME_BYTES = 128
const MAX_AREAS = 1024
const NO_TERMINAL = 'FFFFFFFFFFFF'

/** Refusal of form; the same for writer and reader. */
export function orderRefused(why: string): HesError {
  return new HesError('ORDER_REFUSED', `order: ${why}`)
}

interface BodyCodec<B> {
  code: number
  write(body: B): Buffer[]
  read(r: FieldReader): Omit<B, 'kind'>
}
type Codecs = { [K in OrderKind]: BodyCodec<Extract<OrderBody, { kind: K }>> }

const hex = (text: string, count: number): Buffer => {
  if (!new RegExp(`^[0-9A-F]{${count * 2}}$`).test(text)) throw orderRefused(`${count} bytes in upper-case hex expected`)
  return Buffer.from(text, 'hex')
}
const digits = (address: string): Buffer => {
  if (!/^[0-9]{12}$/.test(address)) throw orderRefused('an address has 12 digits')
  return Buffer.from(address, 'hex')
}
const readDigits = (r: FieldReader): string => {
  const address = r.hex(6)
  if (!/^[0-9]{12}$/.test(address)) throw orderRefused('an address has 12 digits')
  return address
}
const within = (value: number, low: number, high: number, name: string): number => {
  if (!Number.isInteger(value) || value < low || value > high) throw orderRefused(name)
  return value
}
const oneOf = <T>(list: readonly T[], at: number): T => list[at] ?? refuseValue()
function refuseValue(): never {
  throw orderRefused('unknown value')
}

/** Count and items; ascending and unique, so that one list has one form. */
function writeList(items: readonly string[], max: number, write: (item: string) => Buffer, least = 1): Buffer[] {
  ascending(items)
  within(items.length, least, max, 'number of entries')
  return [u16(items.length), ...items.map(write)]
}
function readList(r: FieldReader, max: number, read: () => string, least = 1): string[] {
  const items = Array.from({ length: within(r.number(2), least, max, 'number of entries') }, read)
  ascending(items)
  return items
}
function ascending(items: readonly string[]): void {
  if (items.some((item, i) => i > 0 && item <= (items[i - 1] ?? ''))) throw orderRefused('entries not ascending and unique')
}
const writeAddresses = (addresses: readonly string[]): Buffer[] => writeList(addresses, MAX_ORDER_DEVICES, digits)
const readAddresses = (r: FieldReader): string[] => readList(r, MAX_ORDER_DEVICES, () => readDigits(r))

const roleBits = (roles: readonly Role[]): number => {
  if (roles.length === 0 || new Set(roles).size !== roles.length) throw orderRefused('roles')
  return roles.reduce((bits, role) => bits | (1 << ROLES.indexOf(role)), 0)
}
const rolesOf = (bits: number): Role[] => {
  if (bits === 0 || bits >= 1 << ROLES.length) throw orderRefused('roles')
  return ROLES.filter((_, i) => (bits >> i) & 1)
}
/** Control characters and marks that turn text around could make a signing screen lie. */
const HIDDEN: readonly (readonly [number, number])[] = [[0, 0x1f], [0x7f, 0x9f], [0x200b, 0x200f], [0x2028, 0x202e], [0x2060, 0x206f], [0xfeff, 0xfeff]]
const nameBytes = (name: string): Buffer => {
  const bytes = Buffer.from(name, 'utf8')
  const hidden = [...name].some((sign) => HIDDEN.some(([from, to]) => (sign.codePointAt(0) ?? 0) >= from && (sign.codePointAt(0) ?? 0) <= to))
  if (bytes.length === 0 || bytes.length > MAX_NAME_BYTES || bytes.toString('utf8') !== name || hidden) throw orderRefused('name')
  return bytes
}

const policy = (code: number): BodyCodec<{ kind: 'policy-set' | 'policy-remove' } & PolicyEntry> => ({
  code,
  write: (b) => [u8(b.task), u8(b.service), hex(b.target, 4), u8(ALLOWANCES.indexOf(b.allows) + 1)],
  read: (r) => {
    const [task, service, target, allows] = [r.number(1), r.number(1), r.hex(4), oneOf(ALLOWANCES, r.number(1) - 1)]
    if (service !== 6 && service !== 7) throw orderRefused('service is 06 or 07')
    return { task, service, target, allows }
  },
})

const addressList = (code: number): BodyCodec<{ kind: OrderKind; addresses: string[] }> => ({
  code,
  write: (b) => writeAddresses(b.addresses),
  read: (r) => ({ addresses: readAddresses(r) }),
})

const rootVersion = (code: number): BodyCodec<{ kind: OrderKind; keyState: number; keyVersion: number }> => ({
  code,
  write: (b) => [u8(within(b.keyState, 0, 1, 'key state')), u8(within(b.keyVersion, 1, 255, 'key version'))],
  read: (r) => ({ keyState: within(r.number(1), 0, 1, 'key state'), keyVersion: within(r.number(1), 1, 255, 'key version') }),
})

const CODECS: Codecs = {
  person: {
    code: 1,
    write: (b) => [
      hex(b.person, 8),
      u8(roleBits(b.roles)),
      hex(b.publicKey, 65),
      lp(nameBytes(b.name)),
      ...writeList(b.areas, MAX_AREAS, (area) => hex(area, 8), 0),
    ],
    read: (r) => {
      const [person, roles, publicKey, bytes] = [r.hex(8), rolesOf(r.number(1)), r.hex(65), r.prefixed()]
      const name = bytes.toString('utf8')
      if (!nameBytes(name).equals(bytes)) throw orderRefused('name')
      return { person, roles, publicKey, name, areas: readList(r, MAX_AREAS, () => r.hex(8), 0) }
    },
  },
  'person-state': {
    code: 2,
    write: (b) => [hex(b.person, 8), u8(PERSON_STATES.indexOf(b.state) + 1)],
    read: (r) => ({ person: r.hex(8), state: oneOf(PERSON_STATES, r.number(1) - 1) }),
  },
  place: {
    code: 3,
    write: (b) => [
      hex(b.area, 8),
      u8(b.profile === 'sm' ? 1 : 0),
      u16(within(b.offsetMinutes, -720, 840, 'offset') & 0xffff),
      b.terminal === null ? hex(NO_TERMINAL, 6) : digits(b.terminal),
      ...writeAddresses(b.addresses),
    ],
    read: (r) => {
      const area = r.hex(8)
      const profile = oneOf(['plain', 'sm'] as const, r.number(1))
      const offsetMinutes = within(r.take(2).readInt16BE(0), -720, 840, 'offset')
      const terminal = r.hex(6)
      if (terminal !== NO_TERMINAL && !/^[0-9]{12}$/.test(terminal)) throw orderRefused('terminal')
      return { area, profile, offsetMinutes, terminal: terminal === NO_TERMINAL ? null : terminal, addresses: readAddresses(r) }
    },
  },
  unplace: addressList(4) as Codecs['unplace'],
  'policy-set': policy(5) as Codecs['policy-set'],
  'policy-remove': policy(6) as Codecs['policy-remove'],
  'bind-modules': {
    code: 7,
    write: (b) => {
      if (b.modules.some(({ slot }, i) => i > 0 && slot <= (b.modules[i - 1]?.slot ?? 255))) throw orderRefused('slots not ascending and unique')
      return [
        digits(b.address),
        u8(within(b.modules.length, 1, 255, 'number of modules')),
        ...b.modules.flatMap((m) => [
          u8(within(m.slot, 0, 255, 'slot')),
          hex(m.serial, 8),
          hex(m.model, 8),
          u8(m.chip ? 1 : 0),
          u8(within(m.keyState, 0, 1, 'key state')),
          u8(within(m.keyVersion, 0, 255, 'key version')),
        ]),
      ]
    },
    read: (r) => {
      const address = readDigits(r)
      const modules = Array.from({ length: r.number(1) }, () => {
        const [slot, serial, model, chip] = [r.number(1), r.hex(8), r.hex(8), oneOf([false, true], r.number(1))]
        return { slot, serial, model, chip, keyState: within(r.number(1), 0, 1, 'key state'), keyVersion: r.number(1) }
      })
      const body = { address, modules }
      CODECS['bind-modules'].write({ kind: 'bind-modules', ...body })
      return body
    },
  },
  'mandate-revoke': { code: 8, write: (b) => [hex(b.mandate, 16)], read: (r) => ({ mandate: r.hex(16) }) },
  'root-keys': rootVersion(9) as Codecs['root-keys'],
  'key-update': {
    code: 10,
    write: (b) => [
      u8(within(b.keyState, 1, 1, 'key state')),
      u8(within(b.keyVersion, 1, 255, 'key version')),
      ...writeAddresses(b.addresses),
    ],
    read: (r) => ({
      keyState: within(r.number(1), 1, 1, 'key state'),
      keyVersion: within(r.number(1), 1, 255, 'key version'),
      addresses: readAddresses(r),
    }),
  },
  'key-update-abort': addressList(11) as Codecs['key-update-abort'],
  suspect: addressList(12) as Codecs['suspect'],
  'root-keys-withdraw': rootVersion(13) as Codecs['root-keys-withdraw'],
  'root-keys-destroy': rootVersion(14) as Codecs['root-keys-destroy'],
  group: {
    code: 15,
    write: (b) => [hex(b.group, 8), ...writeAddresses(b.addresses)],
    read: (r) => ({ group: r.hex(8), addresses: readAddresses(r) }),
  },
  ungroup: addressList(16) as Codecs['ungroup'],
  'firmware-vendor': {
    code: 17,
    write: (b) => [lp(nameBytes(b.vendor)), hex(b.publicKey, 65)],
    read: (r) => ({ vendor: readName(r), publicKey: r.hex(65) }),
  },
  'firmware-vendor-withdraw': { code: 18, write: (b) => [lp(nameBytes(b.vendor))], read: (r) => ({ vendor: readName(r) }) },
  'firmware-release': {
    code: 19,
    write: (b) => [lp(manifestBytes(b.fwm)), hex(b.sigVendor, 64)],
    read: (r) => {
      const fwm = r.prefixed().toString('hex').toUpperCase()
      manifestBytes(fwm)
      return { fwm, sigVendor: r.hex(64) }
    },
  },
  'firmware-withdraw': { code: 20, write: (b) => [hex(b.release, 8)], read: (r) => ({ release: r.hex(8) }) },
}

const PRINTABLE = /^[\x20-\x7e]{1,64}$/
/** A manifest is shown before it is signed: what cannot be shown is no order. */
function manifestBytes(text: string): Buffer {
  const bytes = hex(text, text.length >> 1)
  try {
    const { vendor, model } = decodeFirmwareManifest(bytes)
    if (PRINTABLE.test(vendor.toString('latin1')) && PRINTABLE.test(model.toString('latin1'))) return bytes
  } catch (error) {
    if (!(error instanceof HesError)) throw error
  }
  throw orderRefused('manifest')
}
function readName(r: FieldReader): string {
  const bytes = r.prefixed()
  const name = bytes.toString('utf8')
  if (!nameBytes(name).equals(bytes)) throw orderRefused('name')
  return name
}

/** kind(1) || LP(body). @throws HesError ORDER_REFUSED for values without a form */
export function encodeOrderBody(body: OrderBody): Buffer {
  const codec = CODECS[body.kind] as BodyCodec<OrderBody>
  return Buffer.concat([u8(codec.code), lp(Buffer.concat(codec.write(body)))])
}

/** @throws HesError ORDER_REFUSED */
export function readOrderBody(r: FieldReader): OrderBody {
  const code = r.number(1)
  const [kind, codec] = (Object.entries(CODECS) as [OrderKind, BodyCodec<OrderBody>][]).find(([, one]) => one.code === code) ?? refuseValue()
  const body = fieldReader(r.prefixed(), orderRefused)
  const value = { kind, ...codec.read(body) } as OrderBody
  body.end()
  return value
}
