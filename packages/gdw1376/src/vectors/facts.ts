import type { Clock } from '../formats/index.js'
import { MODES } from '../local/catalogue/codes.js'
import { decodeLocal } from '../local/frame.js'
import { decodeLink as decodeLocalLink } from '../local/link/frame.js'
import { decodeUpward } from '../upward/frame.js'
import { decodeLink as decodeUpwardLink } from '../upward/link/frame.js'
import { numberOf } from '../wire/codes.js'

/** Our values in the words of vectors/frames-gdw1376.json, which another decoder wrote. Only for tests. */

const hexByte = (byte: number) => byte.toString(16).toUpperCase().padStart(2, '0')
const hexOf = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex').toUpperCase()
const IDENTIFIER_SIZE = 4

/** Facts of a frame of 1376.1 except prose. */
export function upwardFacts(bytes: Buffer): Record<string, unknown> {
  const { protocolId, control, address, afn, seq, units, pw, ec, tp } = decodeUpward(bytes)
  const [unit] = units
  const content = unit!.contents?.[0]
  const { data } = decodeUpwardLink(bytes)
  return {
    length: bytes.length - 8, protocolId, control: hexByte(bytes[6]!), dir: control.dir, prm: control.prm,
    ...('acd' in control ? { acd: Number(control.acd) } : { fcb: Number(control.fcb) }), fcv: Number(control.fcv), fc: control.function,
    district: address.district, terminal: address.terminal, terminalHex: address.terminal.toString(16).toUpperCase().padStart(4, '0'),
    group: Number(address.group), msa: address.msa, afn,
    seq: { tpv: Number(seq.tpv), fir: Number(seq.fir), fin: Number(seq.fin), con: Number(seq.con), n: 'pseq' in seq ? seq.pseq : seq.rseq },
    pn: unit!.pn, fn: unit!.fn,
    ...(data.length > IDENTIFIER_SIZE && { data: hexOf(data.subarray(IDENTIFIER_SIZE)) }),
    ...(tp && { tp: { pfc: tp.pfc, time: `${String(tp.time)} (day hh:mm:ss)`, delayMin: tp.delay } }),
    ...(pw && { pw }), ...(ec && { ec }),
    ...(content && contentFacts(afn, content)),
  }
}

function contentFacts(afn: string, content: Record<string, unknown>): Record<string, unknown> {
  if (typeof content['content'] === 'string') return forwardFacts(content as never)
  if (content['clock'] !== undefined) return { clock: clockText(content['clock'] as Clock) }
  if (afn === '00') return { confirms: confirmFacts(content as never) }
  return {}
}

interface ForwardContent {
  port: number
  portControl?: string
  frameTimeout?: { unit: number; value: number }
  byteTimeout?: number
  content: string
}

function forwardFacts({ port, portControl, frameTimeout, byteTimeout, content }: ForwardContent) {
  return {
    forward: {
      port: hexByte(port),
      ...(frameTimeout && { control: portControl, frameTimeout: hexByte((frameTimeout.unit << 7) | frameTimeout.value), byteTimeout: hexByte(byteTimeout!) }),
      length: content.length / 2, content,
    },
    innerOk: isMeterFrame(Buffer.from(content, 'hex')),
  }
}

/** 68 … 16 with the sum of DL/T 645. */
function isMeterFrame(bytes: Buffer): boolean {
  const sum = bytes.subarray(0, -2).reduce((total, byte) => total + byte, 0) & 0xff
  return bytes[0] === 0x68 && bytes[7] === 0x68 && bytes.at(-1) === 0x16 && bytes.at(-2) === sum
}

function clockText(clock: Clock): string {
  if (!('time' in clock)) throw new Error('no time')
  return `${clock.time} weekday ${clock.weekday}`
}

function confirmFacts({ confirmedAfn, results }: { confirmedAfn: string; results: { pn: number[]; fn: number[]; error: number }[] }) {
  const [result] = results
  const unit = Buffer.from([0, 0, 1 << (result!.fn[0]! - 1), 0])
  return { afn: confirmedAfn, unit: hexOf(unit), err: result!.error }
}

/** Facts of a frame of 1376.2 except prose. */
export function localFacts(bytes: Buffer): Record<string, unknown> {
  const { control, information, address, afn, fn } = decodeLocal(bytes)
  return {
    length: bytes.length, control: hexByte(bytes[3]!),
    dir: control.dir === 1 ? 'module->concentrator' : 'concentrator->module', prm: control.prm, mode: numberOf(MODES, control.mode),
    info: hexOf(bytes.subarray(4, 10)), moduleFlag: Number(information.module), seq: information.sequence,
    ...(address && { src: address.source, dst: address.destination }), afn, fn, data: hexOf(decodeLocalLink(bytes).data),
  }
}
