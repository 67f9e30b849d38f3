import { ByteReader, EncodeError, hexOctets, sequence, u8 } from '@zhuzhan/codec'
import type { ReadOptions, TypeOf } from '@zhuzhan/codec'
import { A16 } from '../../formats/times.js'
import { settingOf } from '../../settings.js'

/** 16 bytes; all 0 without authentication, with hardware authentication 4 bytes of MAC first. Reference §A1. */
const Pw = hexOctets(16)
/** Event counters, important and general. */
const Ec = sequence({ important: u8, general: u8 })
/** Time tag: frame counter, when it was sent, allowed delay in minutes. */
const Tp = sequence({ pfc: u8, time: A16, delay: u8 })

/** Auxiliary field: what stands behind the data. */
export interface Auxiliary {
  /** Upper-case hex. */
  pw?: string
  ec?: TypeOf<typeof Ec>
  tp?: TypeOf<typeof Tp>
}

/** Parts of it in the order of the wire. */
export const AUXILIARY = [{ name: 'pw', size: 16, codec: Pw }, { name: 'ec', size: 2, codec: Ec }, { name: 'tp', size: 6, codec: Tp }] as const

/** AFN that carry PW downward: reset, set, control, file, forward. AFN 06 is a setting. */
const WITH_PW: ReadonlySet<number> = new Set([0x01, 0x04, 0x05, 0x0f, 0x10])
const AUTHENTICATION = 0x06

export interface AuxiliaryRule {
  dir: number
  acd: boolean
  tpv: boolean
  afn: number
}

/** Which parts a frame has. Reference §A1. */
export function auxiliaryParts({ dir, acd, tpv, afn }: AuxiliaryRule, settings?: Readonly<Record<string, unknown>>): Record<keyof Auxiliary, boolean> {
  const pw = WITH_PW.has(afn) || (afn === AUTHENTICATION && settingOf(settings, 'pwInAuthentication') === 'present')
  return { pw: dir === 0 && pw, ec: dir === 1 && acd, tp: tpv }
}

/**
 * A frame must have the parts that its other fields announce, or a receiver takes its data for them. Free are PW in
 * AFN 06, and all parts of a frame too short for them, as decodeLink reads one.
 *
 * @throws EncodeError
 */
export function checkAuxiliary(auxiliary: Auxiliary, rule: AuxiliaryRule, dataSize: number): void {
  const parts = auxiliaryParts(rule)
  const freePw = rule.afn === AUTHENTICATION && rule.dir === 0
  const none = AUXILIARY.every(({ name }) => auxiliary[name] === undefined)
  if (none && dataSize < auxiliarySize({ ...parts, pw: parts.pw || freePw })) return
  for (const { name } of AUXILIARY) {
    if (parts[name] === (auxiliary[name] !== undefined) || (name === 'pw' && freePw)) continue
    throw new EncodeError(name, parts[name] ? 'it, since the frame announces it' : 'none in such a frame')
  }
}

/** Bytes that those parts take together. */
export function auxiliarySize(parts: Record<keyof Auxiliary, boolean>): number {
  return AUXILIARY.reduce((sum, { name, size }) => sum + (parts[name] ? size : 0), 0)
}

/** Reads exactly the parts from `bytes`. */
export function readAuxiliary(bytes: Buffer, parts: Record<keyof Auxiliary, boolean>, options: ReadOptions): Auxiliary {
  const r = new ByteReader(bytes, options)
  const auxiliary: Record<string, unknown> = {}
  for (const { name, codec } of AUXILIARY) {
    if (parts[name]) auxiliary[name] = r.trace === undefined ? codec.read(r) : r.traced<unknown>(name, codec)
  }
  return auxiliary
}
