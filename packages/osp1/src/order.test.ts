import fc from 'fast-check'
import { describeOrder } from './describe.js'
import { prepareFirmware } from './firmware-file.js'
import { decodeOrder, encodeOrder } from './order.js'
import type { Order } from './order.js'
import { ALLOWANCES, PERSON_STATES, ROLES } from './order-body.js'
import type { OrderBody } from './order-body.js'

const hex = (count: number) => fc.uint8Array({ minLength: count, maxLength: count }).map((b) => Buffer.from(b).toString('hex').toUpperCase())
const ascending = (items: readonly string[]) => [...new Set(items)].sort()
const address = fc.integer({ min: 0, max: 999_999_999_999 }).map((n) => String(n).padStart(12, '0'))
const addresses = fc.array(address, { minLength: 1, maxLength: 20 }).map(ascending)
const keyState = fc.constantFrom(0, 1)
const version = fc.integer({ min: 1, max: 255 })
const policy = {
  task: fc.integer({ min: 0, max: 255 }),
  service: fc.constantFrom(6 as const, 7 as const),
  target: hex(4),
  allows: fc.constantFrom(...ALLOWANCES),
}
const body: fc.Arbitrary<OrderBody> = fc.oneof(
  fc.record({
    kind: fc.constant('person' as const),
    person: hex(8),
    roles: fc.subarray([...ROLES], { minLength: 1 }),
    publicKey: hex(65),
    name: fc.stringMatching(/^[A-Za-z 张李王]{1,20}$/),
    areas: fc.array(hex(8), { maxLength: 5 }).map(ascending),
  }),
  fc.record({ kind: fc.constant('person-state' as const), person: hex(8), state: fc.constantFrom(...PERSON_STATES) }),
  fc.record({
    kind: fc.constant('place' as const),
    area: hex(8),
    profile: fc.constantFrom('plain' as const, 'sm' as const),
    offsetMinutes: fc.integer({ min: -720, max: 840 }),
    terminal: fc.option(address, { nil: null }),
    addresses,
  }),
  fc.record({ kind: fc.constantFrom('unplace' as const, 'key-update-abort' as const, 'suspect' as const, 'ungroup' as const), addresses }),
  fc.record({ kind: fc.constantFrom('policy-set' as const, 'policy-remove' as const), ...policy }),
  fc.record({
    kind: fc.constant('bind-modules' as const),
    address,
    modules: fc
      .uniqueArray(
        fc.record({ slot: fc.nat(255), serial: hex(8), model: hex(8), chip: fc.boolean(), keyState, keyVersion: fc.nat(255) }),
        { minLength: 1, maxLength: 6, selector: ({ slot }) => slot },
      )
      .map((all) => [...all].sort((a, b) => a.slot - b.slot)),
  }),
  fc.record({ kind: fc.constant('firmware-vendor' as const), vendor: fc.constantFrom('Example Works', 'V'), publicKey: hex(65) }),
  fc.record({ kind: fc.constant('firmware-vendor-withdraw' as const), vendor: fc.constant('Example Works') }),
  fc.record({ kind: fc.constant('firmware-release' as const), fwm: hex(8).map((relId) => prepareFirmware(Buffer.alloc(3), Buffer.alloc(16), { vendor: 'V', model: 'M', moduleType: 0, relId: Buffer.from(relId, 'hex'), version: 2, minVersion: 1 }).fwm.toString('hex').toUpperCase()), sigVendor: hex(64) }),
  fc.record({ kind: fc.constant('firmware-withdraw' as const), release: hex(8) }),
  fc.record({ kind: fc.constant('group' as const), group: hex(8), addresses }),
  fc.record({ kind: fc.constant('mandate-revoke' as const), mandate: hex(16) }),
  fc.record({ kind: fc.constantFrom('root-keys' as const, 'root-keys-withdraw' as const, 'root-keys-destroy' as const), keyState, keyVersion: version }),
  fc.record({ kind: fc.constant('key-update' as const), keyState: fc.constant(1), keyVersion: version, addresses }),
)
const orderOf = (content: OrderBody): Order => ({
  stationId: Buffer.alloc(8, 1),
  epoch: Buffer.alloc(8, 2),
  orderId: Buffer.alloc(16, 3),
  firstId: Buffer.alloc(8, 4),
  secondId: Buffer.alloc(8, 5),
  notBefore: 1_795_000_000,
  notAfter: 1_795_003_600,
  body: content,
})
const REFUSED = expect.objectContaining({ code: 'ORDER_REFUSED' })

describe('orders', () => {
  it('are read as they are written, have one form, and every word of them is shown', () => {
    fc.assert(
      fc.property(body, (content) => {
        const bytes = encodeOrder(orderOf(content))
        expect(decodeOrder(bytes)).toEqual(orderOf(content))
        const { title, lines } = describeOrder(bytes)
        const shown = JSON.stringify(lines)
        expect(title.zh).toMatch(/[一-鿿]/)
        const walk = (value: unknown): void => {
          if (typeof value === 'string' && /^[0-9A-F]{12,}$/.test(value)) expect(shown).toContain(value)
          else if (typeof value === 'object' && value !== null) Object.values(value).forEach(walk)
        }
        walk(content)
      }),
      { numRuns: 200 },
    )
  })

  it('are refused truncated, with bytes left over, and with any length or count changed', () => {
    const bytes = encodeOrder(orderOf({ kind: 'suspect', addresses: ['000000000001', '000000000002'] }))
    for (let cut = 0; cut < bytes.length; cut++) expect(() => decodeOrder(bytes.subarray(0, cut))).toThrow(REFUSED)
    expect(() => decodeOrder(Buffer.concat([bytes, Buffer.of(0)]))).toThrow(REFUSED)
    for (const at of [0, 8, 73, 74, 75, 76, 77]) {
      const changed = Buffer.from(bytes)
      changed[at] = (changed[at] ?? 0) ^ 0x41
      expect(() => decodeOrder(changed)).toThrow(REFUSED)
    }
  })

  it.each<[string, (order: Order) => Order]>([
    ['valid for more than a day', (o) => ({ ...o, notAfter: o.notBefore + 86_401 })],
    ['that ended before it began', (o) => ({ ...o, notAfter: o.notBefore })],
    ['of one person twice', (o) => ({ ...o, secondId: o.firstId })],
    ['of nobody', (o) => ({ ...o, firstId: Buffer.alloc(8) })],
    ['with devices out of order', (o) => ({ ...o, body: { kind: 'suspect', addresses: ['000000000002', '000000000001'] } })],
    ['with a device twice', (o) => ({ ...o, body: { kind: 'suspect', addresses: ['000000000001', '000000000001'] } })],
    ['without devices', (o) => ({ ...o, body: { kind: 'suspect', addresses: [] } })],
    ['for a person without a role', (o) => ({ ...o, body: { kind: 'person', person: 'A'.repeat(16), roles: [], publicKey: '0'.repeat(130), name: 'x', areas: [] } })],
    // A right-to-left mark in a name could turn what a signing screen shows around.
    ['with a name that turns the screen around', (o) => ({ ...o, body: { kind: 'person', person: 'A'.repeat(16), roles: ['service'], publicKey: '0'.repeat(130), name: 'a\u202eb', areas: [] } })],
    ['for a release without a manifest', (o) => ({ ...o, body: { kind: 'firmware-release', fwm: '00', sigVendor: '0'.repeat(128) } })],
    ['for keys of the factory state', (o) => ({ ...o, body: { kind: 'key-update', keyState: 0, keyVersion: 1, addresses: ['000000000001'] } })],
  ])('%s have no form', (_name, change) => {
    expect(() => encodeOrder(change(orderOf({ kind: 'suspect', addresses: ['000000000001'] })))).toThrow(REFUSED)
  })
})
