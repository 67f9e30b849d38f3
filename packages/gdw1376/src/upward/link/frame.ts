import { ByteReader, ByteWriter, EncodeError, bits, hexOctets, u16le } from '@zhuzhan/codec'
import type { Codec, FrameReading } from '@zhuzhan/codec'
import { settingOf } from '../../settings.js'
import { START, endByte, readChecksum, startByte, writeEnd } from '../../wire/ends.js'
import { UpwardAddress } from './address.js'
import { AUXILIARY, auxiliaryParts, auxiliarySize, checkAuxiliary, readAuxiliary } from './auxiliary.js'
import type { Auxiliary, AuxiliaryRule } from './auxiliary.js'
import { UpwardControl } from './control.js'
import { seqOf } from './seq.js'
import type { Seq } from './seq.js'

/** Bytes that L does not count: 68 L L 68, CS, 16. */
export const OUTSIDE = 8
/** C, A, AFN and SEQ: the least that L counts. */
export const SHORTEST = 8
/** The most that L counts: on a network, and by radio. Reference §A1. */
export const MAX_LENGTH = 16_383
export const MAX_RADIO_LENGTH = 255
/** Protocol identification in D1-D0 of L. */
export const PROTOCOL_ID = { 'gb130-2005': 1, '1376.1': 2 } as const

const Length = bits(u16le, { protocolId: [0, 2], size: [2, 14] })
/** Offset of C, where the sum begins. */
const CONTROL_AT = 6

const Afn = hexOctets(1)
const checksum = { read: (r: ByteReader) => readChecksum(r, CONTROL_AT) }

/** The link layer of one frame. */
export interface UpwardLink extends Auxiliary {
  /** 2; 1 (130-2005) only when a setting accepts it. */
  protocolId: number
  control: UpwardControl
  address: UpwardAddress
  /** Application function, two hex digits. */
  afn: string
  seq: Seq
  /** Data units, without the auxiliary field. */
  data: Buffer
  /** Why no auxiliary field was taken from `data` although one is announced: too few bytes. */
  auxiliaryMissing?: string
}

/** Offset of the data units. */
export const DATA_AT = 14

/** Called with the link while a tracer stands before the data units; the checksum behind them is not checked yet. */
export type DataReader = (link: UpwardLink) => void

/**
 * Exactly one frame, 68 to 16. PW, EC and Tp are taken from the end in the order Tp, EC, PW. Reference §A1.
 *
 * @throws DecodeError FRAME_INVALID
 */
export function decodeLink(bytes: Uint8Array, { settings = {}, trace }: FrameReading = {}, readData?: DataReader): UpwardLink {
  const r = new ByteReader(bytes, { code: 'FRAME_INVALID', settings, trace })
  const part = <T>(name: string, codec: Pick<Codec<T>, 'read'>): T => trace === undefined ? codec.read(r) : r.traced(name, codec)
  part('start', startByte)
  const { protocolId, size } = part('length', Length)
  if (!acceptedIds(settings).includes(protocolId)) r.fail('protocol identification 2', 1)
  if (size < SHORTEST) r.fail(`L of at least ${SHORTEST} bytes`, 1)
  if (size + OUTSIDE !== bytes.length) r.fail(`L = ${Math.max(SHORTEST, bytes.length - OUTSIDE)}`, 1)
  const again = part('lengthAgain', Length)
  if (again.size !== size || again.protocolId !== protocolId) r.fail('the same L again', 3)
  part('start', startByte)
  const control = part('control', UpwardControl)
  const address = part('address', UpwardAddress)
  const afn = part('afn', Afn)
  const seq = part('seq', seqOf(control.dir))

  const area = r.bytes(size - SHORTEST)
  const parts = auxiliaryParts(auxiliaryRule({ control, afn, seq }), settings)
  const wanted = auxiliarySize(parts)
  const link: UpwardLink = { protocolId, control, address, afn, seq, data: area.subarray(0, area.length - wanted) }
  if (wanted > area.length) Object.assign(link, { data: area, auxiliaryMissing: `${wanted} bytes of PW, EC and Tp at the end` })
  readData?.(link)
  if (wanted <= area.length) {
    const origin = DATA_AT + link.data.length
    Object.assign(link, readAuxiliary(area.subarray(link.data.length), parts, { code: 'FRAME_INVALID', settings, trace, origin }))
  }
  part('checksum', checksum)
  part('end', endByte)
  return link
}

function auxiliaryRule({ control, afn, seq }: Pick<UpwardLink, 'control' | 'afn' | 'seq'>): AuxiliaryRule {
  return { dir: control.dir, acd: 'acd' in control && control.acd, tpv: seq.tpv, afn: Number.parseInt(afn, 16) }
}

/** Protocol identifications that a reading takes. */
function acceptedIds(settings: Readonly<Record<string, unknown>>): readonly number[] {
  return settingOf(settings, 'accept130') === 'true' ? Object.values(PROTOCOL_ID) : [PROTOCOL_ID['1376.1']]
}

/** The whole frame. @throws EncodeError */
export function encodeLink(link: UpwardLink): Buffer {
  checkAuxiliary(link, auxiliaryRule(link), link.data.length)
  const w = new ByteWriter(link.data.length + 64)
  w.u8(START)
  w.u16le(0)
  w.u16le(0)
  w.u8(START)
  UpwardControl.write(w, link.control)
  UpwardAddress.write(w, link.address)
  Afn.write(w, link.afn)
  seqOf(link.control.dir).write(w, link.seq)
  w.bytes(link.data)
  for (const { name, codec } of AUXILIARY) if (link[name] !== undefined) (codec as Codec<unknown>).write(w, link[name])
  const size = w.length - CONTROL_AT
  if (size > MAX_LENGTH) throw new EncodeError('data', `a frame whose L counts at most ${MAX_LENGTH} bytes`)
  const length = new ByteWriter(2)
  Length.write(length, { protocolId: link.protocolId, size })
  const bytes = w.finish()
  length.finish().copy(bytes, 1)
  length.finish().copy(bytes, 3)
  writeEnd(w, CONTROL_AT)
  return w.finish()
}
