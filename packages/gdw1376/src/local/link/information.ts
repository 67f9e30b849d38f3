import { bits, sequence, u16le, u8 } from '@zhuzhan/codec'
import type { Codec, TypeOf } from '@zhuzhan/codec'
import { hideReserved, inline } from '../../wire/members.js'

/** To the module. How bytes 3 and 4 divide into rate and unit the reference does not say. Reference §B1. */
const Down = sequence(
  inline(bits(u8, { route: [0], attached: [1], module: [2], collisionCheck: [3], relayLevel: [4, 4] })),
  inline(bits(u8, { channel: [0, 4], errorCorrection: [4, 4] })),
  { answerBytes: u8, rateAndUnit: u16le, sequence: u8 },
)

/** From the module. Reserved stretches are there when a module sets them. */
const Up = sequence(
  inline(hideReserved(bits(u8, { route: [0], reservedD1: [1, 1], module: [2], reservedD3: [3, 1], relayLevel: [4, 4] }), 'reservedD1', 'reservedD3')),
  inline(hideReserved(bits(u8, { channel: [0, 4], reservedChannel: [4, 4] }), 'reservedChannel')),
  inline(bits(u8, { phase: [0, 4], channelFeature: [4, 4] })),
  inline(bits(u8, { commandQuality: [0, 4], answerQuality: [4, 4] })),
  inline(hideReserved(bits(u8, { event: [0], reservedEvent: [1, 7] }), 'reservedEvent')),
  { sequence: u8 },
)

export type DownInformation = TypeOf<typeof Down>
export type UpInformation = TypeOf<typeof Up>
/** Information field R, six bytes. `module`: the address field A is there. An answer repeats the sequence. Reference §B1. */
export type LocalInformation = DownInformation | UpInformation

/** R of a frame with this DIR. */
export function informationOf(dir: number): Codec<LocalInformation> {
  return (dir === 1 ? Up : Down) as Codec<LocalInformation>
}
