import fc from 'fast-check'
import { ADDRESS_TYPES, APPLICATIONS, CHANNELS, CIPHERS, DEVICES, FRAME_TYPES } from '../index.js'
import type { ControlData, SsalFrame, Table } from '../index.js'

const byte = fc.integer({ min: 0, max: 255 })
const hex = (min: number, max: number) => fc.uint8Array({ minLength: min, maxLength: max }).map((bytes) => Buffer.from(bytes).toString('hex').toUpperCase())
const ip = fc.tuple(byte, byte, byte, byte).map((parts) => parts.join('.'))

/** A number as the tables tell it: its word where it has one. */
const told = (rows: Table, bits: number) => fc.nat(2 ** bits - 1).map((number) => rows[number]?.word ?? number)
/** Hex digits of any size but that which is told otherwise. */
const hexBut = (size: number, max: number) => hex(0, max).filter((digits) => digits.length !== 2 * size)

const functionCode = fc.record({
  dir: fc.constantFrom(0 as const, 1 as const), prm: fc.constantFrom(0 as const, 1 as const), subFrame: fc.boolean(), negotiate: fc.boolean(), type: told(FRAME_TYPES, 4),
})
const security = fc.record({
  cipher: told(CIPHERS, 4), version: fc.tuple(fc.nat(15), fc.nat(15)).map((parts) => parts.join('.')), reserved: fc.integer({ min: 1, max: 15 }),
}, { requiredKeys: ['cipher', 'version'] })
const deviceAddressType = fc.record({ protocol: told(APPLICATIONS, 8), device: told(DEVICES, 5), addressType: told(ADDRESS_TYPES, 3) })
const destination = fc.constantFrom('minus-one' as const, 'length' as const).chain((terminalLength) => fc.record({
  terminal: hex(1, 15), master: hex(0, 7), terminalLength: fc.constant(terminalLength), reserved: fc.constant(true as const),
}, { requiredKeys: ['terminal', 'master', 'terminalLength'] }))
const endpoint = fc.record({ ip: fc.oneof(ip, hexBut(4, 31)), port: fc.oneof(fc.nat(0xffff), hexBut(2, 7)) })
const timePoint = fc.record({ year: fc.nat(0xffff), month: byte, day: byte, hour: byte, minute: byte, second: byte })

const controlData: fc.Arbitrary<ControlData> = fc.record({
  fc: functionCode, sv: security, dat: deviceAddressType, da: destination, sa: endpoint, ta: endpoint,
  ci: fc.record({ channel: told(CHANNELS, 4), data: hex(0, 15) }), tp: timePoint, ga: fc.oneof(ip, hexBut(4, 255)),
}, { requiredKeys: [] }).map(withIpWhereDue)

/** The terminal address of devices outside the list is told as an IP address when it has four bytes. */
function withIpWhereDue(control: ControlData): ControlData {
  const { dat, da } = control
  if (dat === undefined || da?.terminal.length !== 8) return control
  const logical = ['collection-terminal', 'field-handheld', 'mobile-office', 'online-application'].includes(String(dat.device))
  return logical ? control : { ...control, da: { ...da, terminal: [...Buffer.from(da.terminal, 'hex')].join('.') } }
}

const content = fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes))

/** Any frame of the link, every layout of the control data in it. The reading of DA cannot always be told from the bytes. */
export const anyFrame: fc.Arbitrary<SsalFrame> = controlData.chain((control) => fc.record({
  sequence: fc.nat(0xffff),
  control: fc.constant(control),
  reserved: fc.integer({ min: 1, max: 127 }),
  lud: control.fc?.prm === 0
    ? fc.record({ returnCode: hex(2, 2), lengthCounts: fc.constantFrom('content' as const, 'return-code-and-content' as const), content })
    : fc.record({ content }),
}, { requiredKeys: ['sequence', 'control'] }))

const plain = fc.constantFrom(undefined, { cipher: 'plain', version: '1.0' })
const field = (size?: number) => hex(size ?? 0, size ?? 80)

/** A terminal-information reply, in any of the forms its lengths may take. */
export const informationBody = fc.record({
  fieldLength: fc.constantFrom('u8', 'u16le', 'u16be'),
  esamSerial: field(8), esamVersion: field(4), symmetricLinkKeyVersion: field(16), certificateVersion: field(2), sessionThreshold: field(4), sessionRemaining: field(4),
  counter: field(8), linkCertificateSerial: field(16), linkCertificate: field(), gatewayCertificateSerial: field(16), terminalSerial: field(24), esn: field(20),
})

/** Members of types 3, 10 and 11. Long enough that one order of the lengths cannot be mistaken for the other. */
const materialLength = fc.constantFrom('u16le', 'u16be')
const m = hex(1, 120)
const s = hex(64, 64)
export const materialBodies = {
  down: fc.record({ materialLength, m1: m, s1: s }),
  up: fc.record({ materialLength, m2: m, s2: s }),
  application: fc.oneof(fc.record({ materialLength, certificate: m }), fc.record({ materialLength, certificate: m, m3: m, s3: s })),
  confirm: fc.oneof(fc.record({ materialLength, m3: m, s3: s }), fc.record({ materialLength, certificate: m, m3: m, s3: s })),
}

/** A plain frame of one type whose LUD holds that body. */
export function frameWith(type: string, dir: 0 | 1, prm: 0 | 1, body: fc.Arbitrary<object>): fc.Arbitrary<object> {
  return fc.record({ sequence: fc.nat(0xffff), sv: plain, body }).map(({ sequence, sv, body: members }) => ({
    sequence,
    control: { fc: { dir, prm, subFrame: false, negotiate: false, type }, ...(sv && { sv }) },
    lud: { ...(prm === 0 && { returnCode: '0000', lengthCounts: 'content' }), ...members },
  }))
}
