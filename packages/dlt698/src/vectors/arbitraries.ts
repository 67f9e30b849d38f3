import fc from 'fast-check'
import type { Arbitrary } from 'fast-check'
import type { Apdu, ApduName } from '../apdu/index.js'
import type { ResultRecord } from '../apdu/index.js'
import type { Csd, Data, Ms, RecordRange, Region, Rsd, Tsa } from '../data/index.js'
import type { LinkFrame } from '../link/index.js'

/** Random values of every table, for tests. */

/** Plain objects only: comparison takes the prototype into account. */
const object = <T>(model: { [K in keyof T]: Arbitrary<T[K]> }) => fc.record<T>(model, { noNullPrototype: true })
const byte = fc.nat(0xff)
const word = fc.nat(0xffff)
const hex = (size: number) => fc.uint8Array({ minLength: size, maxLength: size }).map((b) => Buffer.from(b).toString('hex').toUpperCase())
const anyHex = fc.uint8Array({ maxLength: 200 }).map((b) => Buffer.from(b).toString('hex').toUpperCase())
const buffer = fc.uint8Array({ maxLength: 200 }).map((b) => Buffer.from(b))
const few = <T>(item: Arbitrary<T>, minLength = 0) => fc.array(item, { minLength, maxLength: 4 })
const perhaps = <K extends string, T>(key: K, value: Arbitrary<T>): Arbitrary<{ [P in K]?: T }> =>
  fc.option(value, { nil: undefined }).map((v) => (v === undefined ? {} : { [key]: v }) as { [P in K]?: T })
/** Objects made of several arbitrary parts. */
const merged = (...parts: Arbitrary<object>[]): Arbitrary<object> => fc.tuple(...parts).map((all) => Object.assign({}, ...all) as object)

export const oad = hex(4)
const dateTimeS = object({ year: word, month: byte, day: byte, hour: byte, minute: byte, second: byte })
const dateTime = object({ year: word, month: byte, day: byte, weekday: byte, hour: byte, minute: byte, second: byte, millisecond: word })
const ti = object({ unit: byte, value: word })
const tsa: Arbitrary<Tsa> = object({ flag: byte, address: fc.nat(16).chain(hex) })
const comdcb = object({ baud: byte, parity: byte, dataBits: byte, stopBits: byte, flow: byte })
const latin1 = fc.uint8Array({ maxLength: 150 }).map((b) => Buffer.from(b).toString('latin1'))
const road = object({ oad, related: few(oad) })
const csd: Arbitrary<Csd> = fc.oneof(object({ oad }), road)
const bitString = fc.nat(40).chain((bits) => object({ type: fc.constant('bit-string' as const), bits: fc.constant(bits), hex: hex(Math.ceil(bits / 8)) }))

const type = <N extends string>(name: N) => fc.constant(name)
const leafTypes: Arbitrary<Data>[] = [
  object({ type: type('null') }),
  object({ type: type('bool'), value: fc.boolean() }),
  bitString,
  object({ type: type('double-long'), value: fc.integer() }),
  object({ type: type('double-long-unsigned'), value: fc.nat(0xffffffff) }),
  object({ type: fc.constantFrom('octet-string', 'mac', 'rn'), hex: anyHex }),
  object({ type: type('visible-string'), text: latin1 }),
  object({ type: type('utf8-string'), text: fc.string({ unit: 'grapheme' }) }),
  object({ type: type('integer'), value: fc.integer({ min: -128, max: 127 }) }),
  object({ type: type('long'), value: fc.integer({ min: -32768, max: 32767 }) }),
  object({ type: fc.constantFrom('unsigned', 'enum'), value: byte }),
  object({ type: type('long-unsigned'), value: word }),
  object({ type: type('long64'), value: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }) }),
  object({ type: type('long64-unsigned'), value: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }) }),
  object({ type: type('float32'), value: fc.float() }),
  object({ type: type('float64'), value: fc.double() }),
  object({ type: type('date-time'), value: dateTime }),
  object({ type: type('date'), value: object({ year: word, month: byte, day: byte, weekday: byte }) }),
  object({ type: type('time'), value: object({ hour: byte, minute: byte, second: byte }) }),
  object({ type: type('date-time-s'), value: dateTimeS }),
  object({ type: type('oi'), oi: hex(2) }),
  object({ type: type('oad'), oad }),
  object({ type: type('road'), oad, related: few(oad) }),
  object({ type: type('omd'), omd: oad }),
  object({ type: type('ti'), value: ti }),
  object({ type: type('tsa'), tsa }),
  object({ type: type('scaler-unit'), scaler: fc.integer({ min: -128, max: 127 }), unit: byte }),
  object({ type: type('csd'), csd }),
  object({ type: type('sid'), sid: hex(4), attach: anyHex }),
  object({ type: type('sid-mac'), sid: hex(4), attach: anyHex, mac: anyHex }),
  object({ type: type('comdcb'), comdcb }),
  object({ type: type('rcsd'), rcsd: few(csd) }),
]
const leaf: Arbitrary<Data> = fc.oneof(...leafTypes)

function regions(inner: Arbitrary<Data>): Arbitrary<Region> {
  return object({ kind: byte, from: inner, to: inner })
}

function meterSets(inner: Arbitrary<Data>): Arbitrary<Ms> {
  return fc.oneof(
    object({ choice: fc.constantFrom(0 as const, 1 as const) }),
    object({ choice: fc.constant(2 as const), items: few(byte) }),
    object({ choice: fc.constant(3 as const), items: few(tsa) }),
    object({ choice: fc.constant(4 as const), items: few(word) }),
    object({ choice: fc.constantFrom(5 as const, 6 as const, 7 as const), items: few(regions(inner)) }),
  )
}

function selectors(inner: Arbitrary<Data>): Arbitrary<Rsd> {
  const range: Arbitrary<RecordRange> = object({ oad, from: inner, to: inner, interval: inner })
  const ms = meterSets(inner)
  return fc.oneof(
    fc.constant({ selector: 0 as const }),
    object({ selector: fc.constant(1 as const), oad, value: inner }),
    range.map((r) => ({ selector: 2 as const, ...r })),
    object({ selector: fc.constant(3 as const), ranges: few(range) }),
    object({ selector: fc.constantFrom(4 as const, 5 as const), time: dateTimeS, ms }),
    object({ selector: fc.constantFrom(6 as const, 7 as const, 8 as const), from: dateTimeS, to: dateTimeS, interval: ti, ms }),
    object({ selector: fc.constant(9 as const), n: byte }),
    object({ selector: fc.constant(10 as const), n: byte, ms }),
  )
}

const branch = (inner: Arbitrary<Data>): Arbitrary<Data> => fc.oneof(
  { weight: 6, arbitrary: leaf },
  { weight: 3, arbitrary: object({ type: fc.constantFrom('array', 'structure'), items: few(inner) }) },
  { weight: 1, arbitrary: regions(inner).map((r): Data => ({ type: 'region', ...r })) },
  { weight: 1, arbitrary: object({ type: type('ms'), ms: meterSets(inner) }) },
  { weight: 1, arbitrary: object({ type: type('rsd'), rsd: selectors(inner) }) },
)

export const data: Arbitrary<Data> = branch(branch(branch(leaf)))

const shallow = branch(leaf)
const rsd = selectors(leaf)
const recordRequest = object({ oad, rsd, rcsd: few(csd) })

/** Both readings of ROAD cells; with one related OAD they cannot be told apart, so the nested ones have more. */
export const resultRecord: Arbitrary<ResultRecord> = fc.oneof(
  object({ oad, rcsd: few(csd), dar: byte }),
  few(csd).chain((rcsd): Arbitrary<ResultRecord> => {
    const width = rcsd.reduce((sum, c) => sum + ('related' in c ? c.related.length : 1), 0)
    return object({ oad, rcsd: fc.constant(rcsd), rows: width === 0 ? fc.constant<Data[][]>([]) : few(fc.array(leaf, { minLength: width, maxLength: width })) })
  }),
)

/** Reading (b): the ROAD's cell is one array. */
export const nestedRecord: Arbitrary<ResultRecord> = object({ oad, related: fc.array(oad, { minLength: 2, maxLength: 4 }) }).chain((column) => {
  const cell = fc.array(leaf, { minLength: column.related.length, maxLength: column.related.length }).map((items): Data => ({ type: 'array', items }))
  return object({
    oad, rcsd: fc.constant<Csd[]>([{ oad: '20210200' }, column]), rows: few(fc.tuple(leaf, cell), 1), roadCells: fc.constant('nested' as const),
  })
})

const piid = object({ number: fc.nat(63), priority: fc.boolean(), acd: fc.boolean() })
const resultNormal = fc.oneof(object({ oad, dar: byte }), object({ oad, data: shallow }))
const assignment = object({ oad, data: shallow })
const assignmentThenGet = object({ oad, data: leaf, readOad: oad, delay: byte })
const assigned = object({ oad, dar: byte })
const assignedThenGot = object({ oad, dar: byte, read: resultNormal })
const call = object({ omd: oad, parameter: shallow })
const callThenGet = object({ omd: oad, parameter: leaf, readOad: oad, delay: byte })
const called = merged(object({ omd: oad, dar: byte }), perhaps('data', shallow))
const calledThenGot = merged(called, object({ read: resultNormal }))

const timeTag = perhaps('timeTag', object({ sent: dateTimeS, delay: ti }))
const followReport = perhaps('followReport', fc.oneof(object({ results: few(resultNormal) }), object({ records: few(resultRecord) })))
const clientTail = timeTag
const serverTail = merged(followReport, timeTag)
const nothing = fc.constant({})

/** `apdu`, `choice`, PIID, body and tail together. */
function service(apdu: ApduName, tail: Arbitrary<object>, choices: Record<string, Arbitrary<object>>): Arbitrary<Apdu> {
  return fc.oneof(...Object.entries(choices).map(([choice, body]) =>
    merged(fc.constant(choice === '' ? { apdu } : { apdu, choice }), object({ piid }), body, tail) as unknown as Arbitrary<Apdu>))
}

const targets = <T>(key: string, item: Arbitrary<T>) =>
  object({ timeout: word, targets: few(merged(object({ tsa, timeout: word }), few(item).map((items) => ({ [key]: items })))) })
const answers = <T>(item: Arbitrary<T>) => object({ targets: few(object({ tsa, results: few(item) })) })

const header = object({
  version: word, protocolConformance: hex(8), functionConformance: hex(16), sendSize: word, receiveSize: word, window: byte, apduSize: word,
  timeoutSeconds: fc.nat(0xffffffff),
})
const mechanism = fc.oneof(
  fc.constant({ kind: 'null' }),
  object({ kind: fc.constant('password'), text: latin1 }),
  object({ kind: fc.constantFrom('symmetric', 'signature'), cipher: buffer, signature: buffer }),
)
const verification = fc.oneof(
  object({ kind: fc.constant('sid-mac'), sid: hex(4), attach: buffer, mac: buffer }),
  object({ kind: fc.constant('rn'), rn: buffer }),
  object({ kind: fc.constant('rn-mac'), rn: buffer, mac: buffer }),
  object({ kind: fc.constant('sid'), sid: hex(4), attach: buffer }),
)
const secured = object({ form: fc.constantFrom('plain', 'cipher'), content: buffer })

/** Every service with every choice. */
export const apdus: Record<string, Arbitrary<Apdu>> = {
  'link-request': service('link-request', nothing, {
    '': object({ kind: fc.constantFrom('login', 'heartbeat', 'logout'), heartbeatSeconds: word, time: dateTime }),
  }),
  'link-response': service('link-response', nothing, {
    '': object({ result: byte, requestTime: dateTime, receiveTime: dateTime, responseTime: dateTime }),
  }),
  'connect-request': service('connect-request', clientTail, { '': object({ header, mechanism }) }),
  'connect-response': service('connect-response', serverTail, {
    '': merged(object({ factory: hex(32), header, result: byte }), perhaps('security', object({ rn: buffer, signature: buffer }))),
  }),
  'release-request': service('release-request', clientTail, { '': nothing }),
  'release-response': service('release-response', serverTail, { '': object({ result: byte }) }),
  'release-notification': service('release-notification', serverTail, { '': object({ established: dateTimeS, now: dateTimeS }) }),
  'get-request': service('get-request', clientTail, {
    'normal': object({ oad }),
    'normal-list': object({ oads: few(oad) }),
    'record': object({ record: recordRequest }),
    'record-list': object({ records: few(recordRequest) }),
    'next': object({ block: word }),
    'md5': object({ oad }),
  }),
  'get-response': service('get-response', serverTail, {
    'normal': object({ result: resultNormal }),
    'normal-list': object({ results: few(resultNormal) }),
    'record': object({ record: resultRecord }),
    'record-list': object({ records: few(resultRecord) }),
    'next': object({
      last: fc.boolean(), block: word,
      content: fc.oneof<Arbitrary<object>[]>(object({ dar: byte }), object({ results: few(resultNormal) }), object({ records: few(resultRecord) })),
    }),
    'md5': fc.oneof<Arbitrary<object>[]>(object({ oad, dar: byte }), object({ oad, md5: hex(16) })),
  }),
  'set-request': service('set-request', clientTail, {
    'normal': assignment, 'normal-list': object({ items: few(assignment) }), 'then-get-list': object({ items: few(assignmentThenGet) }),
  }),
  'set-response': service('set-response', serverTail, {
    'normal': assigned, 'normal-list': object({ results: few(assigned) }), 'then-get-list': object({ results: few(assignedThenGot) }),
  }),
  'action-request': service('action-request', clientTail, {
    'normal': call, 'normal-list': object({ items: few(call) }), 'then-get-list': object({ items: few(callThenGet) }),
  }),
  'action-response': service('action-response', serverTail, {
    'normal': called, 'normal-list': object({ results: few(called) }), 'then-get-list': object({ results: few(calledThenGot) }),
  }),
  'report-notification': service('report-notification', serverTail, {
    'normal-list': object({ results: few(resultNormal) }),
    'record-list': object({ records: few(resultRecord) }),
    'transparent': object({ oad, frames: few(buffer) }),
  }),
  'report-response': service('report-response', clientTail, {
    'normal-list': object({ oads: few(oad) }), 'record-list': object({ oads: few(oad) }), 'transparent': nothing,
  }),
  'proxy-request': service('proxy-request', clientTail, {
    'get-list': targets('oads', oad),
    'get-record': object({ timeout: word, tsa, record: recordRequest }),
    'set-list': targets('items', assignment),
    'set-then-get-list': targets('items', assignmentThenGet),
    'action-list': targets('actions', call),
    'action-then-get-list': targets('actions', callThenGet),
    'trans-command': object({ oad, comdcb, frameTimeout: word, byteTimeout: word, command: buffer }),
  }),
  'proxy-response': service('proxy-response', serverTail, {
    'get-list': answers(resultNormal),
    'get-record': object({ tsa, record: resultRecord }),
    'set-list': answers(assigned),
    'set-then-get-list': answers(assignedThenGot),
    'action-list': answers(called),
    'action-then-get-list': answers(calledThenGot),
    'trans-command': fc.oneof<Arbitrary<object>[]>(object({ oad, dar: byte }), object({ oad, reply: buffer })),
  }),
  'security-request': merged(fc.constant({ apdu: 'security-request' }), secured, object({ verification })) as unknown as Arbitrary<Apdu>,
  'security-response': merged(
    fc.constant({ apdu: 'security-response' }),
    fc.oneof<Arbitrary<object>[]>(secured, object({ form: fc.constant('dar'), dar: byte })),
    perhaps('mac', buffer),
  ) as unknown as Arbitrary<Apdu>,
  'client error-response': service('error-response', clientTail, { '': object({ side: fc.constant('client'), type: byte }) }),
  'server error-response': service('error-response', serverTail, { '': object({ side: fc.constant('server'), type: byte }) }),
}

export const anyApdu: Arbitrary<Apdu> = fc.oneof(...Object.values(apdus))

export const linkFrame: Arbitrary<LinkFrame> = object({
  control: object({
    dir: fc.constantFrom(0 as const, 1 as const), prm: fc.constantFrom(0 as const, 1 as const), segmented: fc.boolean(), scrambled: fc.boolean(), fn: fc.nat(7),
  }),
  address: fc.oneof(
    object({
      type: fc.constantFrom('single' as const, 'wildcard' as const, 'group' as const, 'broadcast' as const), logical: fc.constantFrom(0, 1, 3),
      server: fc.integer({ min: 1, max: 16 }).chain(hex), client: byte,
    }),
    object({ type: fc.constant('single' as const), logical: fc.constant(2), extended: byte, server: fc.integer({ min: 1, max: 15 }).chain(hex), client: byte }),
  ),
  data: fc.uint8Array({ maxLength: 300 }).map((b) => Buffer.from(b)),
})
