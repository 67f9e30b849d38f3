import { ByteReader, DecodeError, EncodeError, encode, sequence, u16be, u16le, u8 } from '@zhuzhan/codec'
import type { Codec, FrameReading } from '@zhuzhan/codec'
import type { FunctionCode } from '../link/control.js'
import { settingOf } from '../settings.js'
import { fittingSizes, information } from './information.js'
import type { Information } from './information.js'
import { MATERIAL, material } from './material.js'
import type { Material } from './material.js'

/** Codecs by the value of `fieldLength` and `materialLength`. */
const LENGTHS: Readonly<Record<string, Codec<number>>> = { u8, u16le, u16be }

/** Which part of a message that is longer than a frame may be. Reference §2. */
const SubPacket = sequence({ total: u16le, index: u16le })

/** The content of a LUD: what has no known layout, or is encrypted, is hex under `data`. */
export interface Body {
  subPacket?: { total: number; index: number }
  /** Type 2, an answer. `fieldLength`: how its lengths are written. */
  information?: Information & { fieldLength: string }
  /** Type 3. */
  negotiation?: Material & { materialLength: string }
  /** Types 10 and 11. */
  session?: Material & { materialLength: string }
  data?: string
  /** Why a content that should have a layout is only hex: position in the frame and what was expected there. */
  bodyError?: { offset: number; expected: string }
}

interface Form {
  member: 'information' | 'negotiation' | 'session'
  /** What the members do not tell but encoding has to know. */
  constants: Readonly<Record<string, string>>
  codec: Codec<object>
}

type Members = readonly (typeof MATERIAL)[number][]

/** The layouts a content of this kind may have, the likeliest first. */
function formsOf({ type, prm, dir }: FunctionCode, settings: FrameReading['settings']): Form[] {
  const exchange = (member: 'negotiation' | 'session', members: Members): Form[] => chosen(settingOf(settings, 'materialLength'), ['u16le', 'u16be'])
    .map((materialLength) => ({ member, constants: { materialLength }, codec: material(members, LENGTHS[materialLength]!) }))
  const session = (apart: Members) => chosen(settingOf(settings, 'sessionBodies'), ['apart', 'together'])
    .flatMap((reading) => exchange('session', reading === 'apart' ? apart : ['certificate', 'm3', 's3']))
  switch (type) {
    case 'terminal-information': return prm === 1 ? [] : chosen(settingOf(settings, 'fieldLength'), ['u8', 'u16le', 'u16be'])
      .map((fieldLength) => ({ member: 'information', constants: { fieldLength }, codec: information(LENGTHS[fieldLength]!) }))
    case 'session-negotiation': return exchange('negotiation', dir === 0 ? ['m1', 's1'] : ['m2', 's2'])
    case 'session-application': return session(['certificate'])
    case 'session-confirm': return session(['m3', 's3'])
    default: return []
  }
}

function chosen(setting: string, all: readonly string[]): readonly string[] {
  return setting === 'auto' ? all : [setting]
}

/**
 * The members of a content. `plain`: the frame says that it is not encrypted and carries no MAC. `origin`: where it
 * stands in the frame. Never throws for any bytes.
 */
export function readBody(content: Buffer, fc: FunctionCode | undefined, { plain, origin, settings, trace }: FrameReading & { plain: boolean; origin: number }): Body {
  if (fc === undefined || !plain || content.length === 0) return { data: hexOf(content) }
  if (fc.subFrame && settingOf(settings, 'subFrame') === 'sub-packet') return readSubPacket(content, { origin, ...(trace && { trace }) })
  const forms = formsOf(fc, settings)
  const fits: { form: Form; score: number }[] = []
  let bodyError: Body['bodyError']
  for (const form of forms) {
    try {
      const value = readWhole(form.codec, content)
      fits.push({ form, score: form.member === 'information' ? fittingSizes(value as Information) : 0 })
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error
      bodyError ??= { offset: origin + error.offset, expected: error.expected }
    }
  }
  const best = fits.sort((a, b) => b.score - a.score)[0]?.form
  if (best === undefined) return { data: hexOf(content), ...(bodyError && { bodyError }) }
  return { [best.member]: { ...best.constants, ...readWhole(best.codec, content, { origin, ...(trace && { trace }) }) } }
}

function readSubPacket(content: Buffer, reading: { origin: number; trace?: NonNullable<FrameReading['trace']> }): Body {
  const r = new ByteReader(content, { code: 'FRAME_INVALID', ...reading })
  try {
    const subPacket = SubPacket.read(r)
    return { subPacket, data: r.hex(r.remaining) }
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    return { data: hexOf(content), bodyError: { offset: reading.origin + error.offset, expected: error.expected } }
  }
}

function readWhole<T>(codec: Codec<T>, content: Buffer, reading: { origin?: number; trace?: NonNullable<FrameReading['trace']> } = {}): T {
  const r = new ByteReader(content, { code: 'FRAME_INVALID', ...reading })
  const value = codec.read(r)
  r.finish()
  return value
}

function hexOf(content: Buffer): string {
  return content.toString('hex').toUpperCase()
}

/** The bytes of what readBody gave. @throws EncodeError */
export function writeBody(body: Body): Buffer {
  if (body.information !== undefined) return encode(information(lengthCodec(body.information.fieldLength)), body.information)
  const exchanged = body.negotiation ?? body.session
  if (exchanged !== undefined) return encode(material(MATERIAL.filter((name) => exchanged[name] !== undefined), lengthCodec(exchanged.materialLength)), exchanged)
  if (typeof body.data !== 'string' || !/^([0-9A-Fa-f]{2})*$/.test(body.data)) throw new EncodeError('lud.data', 'hex digits in pairs')
  const data = Buffer.from(body.data, 'hex')
  return body.subPacket === undefined ? data : Buffer.concat([encode(SubPacket, body.subPacket), data])
}

function lengthCodec(name: string): Codec<number> {
  const codec = Object.hasOwn(LENGTHS, name) ? LENGTHS[name] : undefined
  if (codec === undefined) throw new EncodeError('lud', `lengths written as ${Object.keys(LENGTHS).join(' or ')}`)
  return codec
}
