import { readFileSync } from 'node:fs'
import { FRAME_TYPES, RETURN_CODES, ssal } from '../index.js'
import type { SsalJson } from '../index.js'

interface ReferenceFrame {
  hex: string
  description: string
  decoded: { length: number; seq: number; presence: string; fc: string; sv?: string; dat?: string; lud?: string; returnCode?: string }
}

const frames = JSON.parse(readFileSync(new URL('../../vectors/frames-reference.json', import.meta.url), 'utf8')) as ReferenceFrame[]

/** The same facts, in the words of the reference's file. */
function facts(hex: string): ReferenceFrame['decoded'] {
  const bytes = Buffer.from(hex, 'hex')
  const { sequence, control: { fc, sv, dat }, lud } = ssal.toJson(bytes) as SsalJson
  const type = Object.entries(FRAME_TYPES).find(([, row]) => row.word === fc!.type)![0]
  const byte = (at: number) => bytes.toString('hex', at, at + 1).toUpperCase()
  return {
    length: bytes.length - 4, seq: sequence, presence: bytes.readUInt16LE(5).toString(16).toUpperCase(), fc: `${byte(7)}: DIR ${fc!.dir}, PRM ${fc!.prm}, type ${type}`,
    ...(lud!.returnCode === undefined && { sv: `${byte(8)} ${byte(9)}: ${sv!.cipher}, version ${sv!.version}` }),
    ...(lud!.returnCode === undefined && { dat: `${byte(10)} ${byte(11)}: ${String(dat!.protocol).replace('dlt', '')}, device type ${dat!.device === 'collection-terminal' ? 1 : -1}, ${dat!.addressType} address` }),
    ...(lud!.returnCode === undefined ? { lud: `length ${lud!.data!.length / 2}` } : { returnCode: lud!.returnCode }),
  }
}

it.each(frames.map((frame) => [frame.description, frame] as const))('%s', (_, { hex, decoded }) => {
  expect(facts(hex)).toEqual(decoded)
  expect(ssal.fromJson(ssal.toJson(Buffer.from(hex, 'hex'))).toString('hex').toUpperCase()).toBe(hex)
})

it('names the refusal', () => {
  expect(RETURN_CODES[facts(frames[1]!.hex).returnCode!]!.en).toBe('gateway decryption failed')
})
