import type { Setting } from '@zhuzhan/codec'
import fc from 'fast-check'
import type { Arbitrary } from 'fast-check'
import { localCatalogue } from '../local/afn/index.js'
import { MODES } from '../local/catalogue/codes.js'
import { encodeLink as encodeLocalLink } from '../local/link/frame.js'
import type { LocalLink } from '../local/link/frame.js'
import { SETTINGS } from '../settings.js'
import { upwardCatalogue } from '../upward/afn/index.js'
import { auxiliaryParts, auxiliarySize } from '../upward/link/auxiliary.js'
import { encodeLink as encodeUpwardLink } from '../upward/link/frame.js'
import type { UpwardLink } from '../upward/link/frame.js'
import { anyBytes, casesOf, sampleOf } from './layout-bytes.js'

/** Random frames of both protocols, for tests. Their data come in every state: right, cut, of unknown layout, rubbish. */

const nibble = fc.nat(15)
const byte = fc.nat(255)
const word = fc.nat(0xffff)
const hex = (size: number) => fc.uint8Array({ minLength: size, maxLength: size }).map((bytes) => Buffer.from(bytes).toString('hex').toUpperCase())
const record = <T>(model: { [K in keyof T]: Arbitrary<T[K]> }) => fc.record<T>(model, { noNullPrototype: true })

/** One of the choices of every setting. */
const readingsOf = ({ readings }: Setting) => fc.constantFrom(...Object.keys(readings))
export const settings: Arbitrary<Record<string, string>> = record(Object.fromEntries(SETTINGS.map((setting) => [setting.name, readingsOf(setting)])))

const upwardCases = casesOf(upwardCatalogue)
const localCases = casesOf(localCatalogue)

/** DADT of a function that has a layout, and its data for each point; now and then bytes that do not fit it. */
const unit = fc.tuple(fc.constantFrom(...upwardCases), fc.constantFrom([0, 0], [1, 1], [3, 1], [0xff, 0]), anyBytes, fc.nat(3))
  .map(([{ afn, fn, dir, layout }, da, bytes, kind]) => {
    const data = kind === 0 ? bytes : sampleOf(layout, bytes)?.bytes ?? bytes
    const one = Buffer.concat([Buffer.from([...da, 1 << ((fn - 1) % 8), Math.floor((fn - 1) / 8)]), data, ...(da[0] === 3 ? [data] : [])])
    return { afn, dir, bytes: kind === 1 ? Buffer.concat([one, one]) : one }
  })

const upwardAddress = record({ district: hex(2), terminal: word, group: fc.boolean(), msa: fc.nat(127) })
const afn = fc.oneof({ weight: 2, arbitrary: fc.constantFrom(...upwardCatalogue.afns.map((table) => table.afn)) }, byte)

const rubbish = fc.tuple(afn, fc.constantFrom<0 | 1>(0, 1), fc.array(anyBytes, { maxLength: 3 }))
  .map(([number, dir, parts]) => ({ afn: number, dir, bytes: Buffer.concat(parts) }))

/** A frame of 1376.1 at its link, without the auxiliary field that it may announce. */
const bareLink: Arbitrary<UpwardLink> = fc.oneof(unit, rubbish).chain(({ afn: number, dir, bytes }) => record<UpwardLink>({
  protocolId: fc.constant(2),
  control: dir === 1
    ? record({ dir: fc.constant(1), prm: fc.nat(1), acd: fc.boolean(), fcv: fc.boolean(), function: nibble })
    : record({ dir: fc.constant(0), prm: fc.nat(1), fcb: fc.boolean(), fcv: fc.boolean(), function: nibble }),
  address: upwardAddress,
  afn: fc.constant(number.toString(16).toUpperCase().padStart(2, '0')),
  seq: dir === 1
    ? record({ tpv: fc.boolean(), fir: fc.boolean(), fin: fc.boolean(), con: fc.boolean(), rseq: nibble })
    : record({ tpv: fc.boolean(), fir: fc.boolean(), fin: fc.boolean(), con: fc.boolean(), pseq: nibble }),
  data: fc.constant(bytes),
}))

const two = fc.integer({ min: 0, max: 99 }).map((n) => String(n).padStart(2, '0'))
const time = fc.oneof(
  fc.tuple(two, two, two, two).map(([day, hour, minute, second]) => `${day} ${hour}:${minute}:${second}`),
  fc.constantFrom({ missing: 'FFFFFFFF' }, { notBcd: '0A000000' }),
)
const auxiliary = record({ pw: hex(16), ec: record({ important: byte, general: byte }), tp: record({ pfc: byte, time, delay: byte }) })

export const upwardLink: Arbitrary<UpwardLink> = fc.tuple(bareLink, auxiliary, fc.nat(23), fc.boolean()).map(([link, parts, size, short]) => {
  const { control, afn: hexAfn, seq, data } = link
  const announced = auxiliaryParts({ dir: control.dir, acd: 'acd' in control && control.acd, tpv: seq.tpv, afn: Number.parseInt(hexAfn, 16) })
  const wanted = auxiliarySize(announced)
  if (short && size < wanted) return { ...link, data: data.subarray(0, size), auxiliaryMissing: `${wanted} bytes of PW, EC and Tp at the end` }
  return { ...link, ...Object.fromEntries(Object.entries(parts).filter(([name]) => announced[name as keyof typeof announced])) }
})

export const upwardFrame: Arbitrary<Buffer> = upwardLink.map(encodeUpwardLink)

const downInformation = (relayLevel: number) => record({
  route: fc.boolean(), attached: fc.boolean(), collisionCheck: fc.boolean(), relayLevel: fc.constant(relayLevel),
  channel: nibble, errorCorrection: nibble, answerBytes: byte, rateAndUnit: word, sequence: byte,
})
const upInformation = (relayLevel: number) => record({
  route: fc.boolean(), relayLevel: fc.constant(relayLevel), channel: nibble, phase: nibble, channelFeature: nibble,
  commandQuality: nibble, answerQuality: nibble, event: fc.boolean(), sequence: byte,
})

const unknownCase = record({ afn: byte, fn: fc.integer({ min: 1, max: 248 }), dir: fc.constantFrom<0 | 1>(0, 1) })
const localCase = fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...localCases) }, unknownCase)

/** A frame of 1376.2 at its link. */
export const localLink: Arbitrary<LocalLink> = fc.tuple(localCase, nibble, fc.boolean()).chain(([one, relayLevel, withAddress]) => {
  const { afn: number, fn, dir } = one
  const relays = dir === 1 || relayLevel === 0 ? fc.constant({}) : record({ relays: fc.array(hex(6), { minLength: relayLevel, maxLength: relayLevel }) })
  const address = fc.tuple(record({ source: hex(6), destination: hex(6) }), relays).map(([ends, between]) => ({ ...ends, ...between }))
  return fc.tuple(
    record({ dir: fc.constant(dir), prm: fc.nat(1), mode: fc.constantFrom(...Object.values(MODES).map((row) => row.word)) }),
    dir === 1 ? upInformation(relayLevel) : downInformation(relayLevel), address, anyBytes,
  ).map(([control, information, ends, data]): LocalLink => ({
    control, information: { ...information, module: withAddress } as LocalLink['information'], ...(withAddress && { address: ends }),
    afn: number.toString(16).toUpperCase().padStart(2, '0'), fn: [fn], data: 'layout' in one ? sampleOf(one.layout, data)?.bytes ?? data : data,
  }))
})

export const localFrame: Arbitrary<Buffer> = localLink.map(encodeLocalLink)
