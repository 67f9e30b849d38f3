import { DecodeError } from '@zhuzhan/codec'
import type { Protocol } from '@zhuzhan/codec'
import { dlt645, encodeFrame as encode645 } from '@zhuzhan/dlt645'
import { CONTROL, dlt698, encodeApdu, encodeFrame as encode698 } from '@zhuzhan/dlt698'
import type { LinkAddress } from '@zhuzhan/dlt698'
import { gdw1376_1, gdw1376_2 } from '@zhuzhan/gdw1376'
import { ssal, encodeFrame as encodeSsal } from '@zhuzhan/ssal'
import fc from 'fast-check'
import type { Arbitrary } from 'fast-check'
import { linkFrame as frame645 } from '../../packages/dlt645/src/vectors/arbitraries.js'
import { anyApdu, data, linkFrame as frame698 } from '../../packages/dlt698/src/vectors/arbitraries.js'
import { localFrame, upwardFrame } from '../../packages/gdw1376/src/vectors/arbitraries.js'
import { anyFrame as frameSsal } from '../../packages/ssal/src/vectors/arbitraries.js'

/**
 * `zhuzhan decode | zhuzhan encode` over generated frames of every layout, recorded somewhere or not: a frame becomes the line
 * of JSON that `decode` prints, and the line becomes the same bytes. Every value of a run is another one.
 */
const VALUES = Number(process.env.ZHUZHAN_GENERATED_VALUES ?? 3_000)

const address: LinkAddress = { type: 'single', logical: 0, server: '000000000001', client: 0x10 }
const piid = { number: 1, priority: false, acd: false }
const request = (apdu: Buffer) => encode698({ control: CONTROL.clientRequest, address, data: apdu })

/** Frames of DL/T 698.45: APDUs of all kinds, data of all types inside one, and whatever a link frame may carry. */
const any698: Arbitrary<Buffer> = fc.oneof(
  { weight: 5, arbitrary: anyApdu.map((apdu) => encode698({ control: CONTROL.serverResponse, address, data: encodeApdu(apdu) })) },
  { weight: 3, arbitrary: data.map((value) => request(encodeApdu({ apdu: 'set-request', choice: 'normal', piid, oad: '40000200', data: value }))) },
  frame698.map(encode698),
)

/** Any reading of each UNSURE point. */
const settingsOf = ({ settings = [] }: Protocol): Arbitrary<Record<string, string>> =>
  fc.record(Object.fromEntries(settings.map(({ name, readings }) => [name, fc.constantFrom(...Object.keys(readings))])))

const cases: { protocol: Protocol; frames: Arbitrary<Buffer>; settings: Arbitrary<Record<string, string>> }[] = [
  { protocol: dlt698, frames: any698, settings: settingsOf(dlt698) },
  { protocol: dlt645, frames: frame645.map(encode645), settings: settingsOf(dlt645) },
  { protocol: gdw1376_1, frames: upwardFrame, settings: settingsOf(gdw1376_1) },
  { protocol: gdw1376_2, frames: localFrame, settings: settingsOf(gdw1376_2) },
  // Its settings say how long a frame is: the other reading refuses it. Without one the frame's checksums tell.
  { protocol: ssal, frames: frameSsal.map(encodeSsal), settings: fc.constant({}) },
]

it.each(cases.map((one) => [one.protocol.name, one] as const))(`%s: ${VALUES} generated values come back from decode and encode byte by byte`, (_, { protocol, frames, settings }) => {
  const seen = { frames: 0, kinds: new Set<string>() }
  fc.assert(fc.property(frames, settings, (bytes, chosen) => {
    const line = JSON.stringify(protocol.toJson(bytes, { settings: chosen }))
    seen.frames++
    seen.kinds.add(kindOf(line))
    return protocol.fromJson(JSON.parse(line) as object).equals(bytes)
  }), { numRuns: VALUES })
  expect(seen.frames).toBe(VALUES)
  // All sorts of layouts, not the same one again and again.
  expect(seen.kinds.size).toBeGreaterThan(30)
}, 600_000)

it('sees a byte that changed', () => {
  const broken: Protocol = { ...ssal, fromJson: (json) => { const bytes = Buffer.from(ssal.fromJson(json)); bytes[3]! ^= 1; return bytes } }
  expect(fc.sample(frameSsal.map(encodeSsal), 20).some((bytes) => broken.fromJson(ssal.toJson(bytes)).equals(bytes))).toBe(false)
  expect(() => ssal.toJson(Buffer.of(1))).toThrow(DecodeError)
})

/** The layout of a line: the names of its members without their values. */
const kindOf = (line: string): string => line.replace(/:"[^"]*"|:-?[\d.eE+]+|:(?:true|false|null)/g, '').slice(0, 400)
