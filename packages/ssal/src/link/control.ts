import { EncodeError, bits, convert, sequence, u16be, u8 } from '@zhuzhan/codec'
import type { Codec, TypeOf } from '@zhuzhan/codec'
import { numberOf, wordOf } from '../catalogue/table.js'
import { ADDRESS_TYPES, APPLICATIONS, CIPHERS, DEVICES, FRAME_TYPES } from '../catalogue/tables.js'

/** FC: what the frame is for. Reference §2. */
export interface FunctionCode {
  /** 1: sent by the terminal. */
  dir: 0 | 1
  /** 1: this frame starts the exchange; 0: it answers and carries a return code. */
  prm: 0 | 1
  /** D5: reserved, or a sub-frame in one reading (setting `subFrame`). */
  subFrame: boolean
  /** D4: the main station asks for a key negotiation. */
  negotiate: boolean
  /** A word of FRAME_TYPES, or the number where it has none. */
  type: string | number
}

const RawFunctionCode = bits(u8, { dir: [7, 1], prm: [6, 1], subFrame: [5], negotiate: [4], type: [0, 4] })

export const FunctionCode: Codec<FunctionCode> = convert(
  RawFunctionCode,
  ({ dir, prm, type, ...flags }) => ({ dir: dir as 0 | 1, prm: prm as 0 | 1, ...flags, type: wordOf(FRAME_TYPES, type) }),
  (fc) => ({ ...fc, type: numberOf(FRAME_TYPES, fc.type) }),
)

/** SV: cipher mode and version of the security of this frame. Reference §2. */
export interface Security {
  /** A word of CIPHERS, or the number. */
  cipher: string | number
  /** `1.0` for the byte 10. */
  version: string
  /** D7-D4 of the first byte, when they are not 0. */
  reserved?: number
}

const SecurityMode = bits(u8, { reserved: [4, 4], cipher: [0, 4] })
const SecurityVersion = convert(
  u8,
  (byte) => `${byte >> 4}.${byte & 0x0f}`,
  (version) => {
    const [, major, minor] = /^(\d\d?)\.(\d\d?)$/.exec(version) ?? []
    if (major === undefined || Number(major) > 15 || Number(minor) > 15) throw new EncodeError('', 'a version like 1.0')
    return (Number(major) << 4) | Number(minor)
  },
)
const RawSecurity = sequence({ mode: SecurityMode, version: SecurityVersion })

export const Security: Codec<Security> = convert(
  RawSecurity,
  ({ mode: { cipher, reserved }, version }) => ({ cipher: wordOf(CIPHERS, cipher), version, ...(reserved > 0 && { reserved }) }),
  ({ cipher, version, reserved = 0 }) => ({ mode: { reserved, cipher: numberOf(CIPHERS, cipher) }, version }),
)

/** DAT: what the content speaks and what kind of device the address names. Reference §2; `01 08` is 698 for one terminal. */
export interface DeviceAddressType {
  /** A word of APPLICATIONS, or the number. */
  protocol: string | number
  /** A word of DEVICES, or the number. */
  device: string | number
  /** A word of ADDRESS_TYPES, or the number. */
  addressType: string | number
}

const RawDeviceAddressType = sequence({ protocol: u8, kind: bits(u8, { device: [3, 5], addressType: [0, 3] }) })

export const DeviceAddressType: Codec<DeviceAddressType> = convert(
  RawDeviceAddressType,
  ({ protocol, kind }) => ({
    protocol: wordOf(APPLICATIONS, protocol), device: wordOf(DEVICES, kind.device), addressType: wordOf(ADDRESS_TYPES, kind.addressType),
  }),
  ({ protocol, device, addressType }) => ({
    protocol: numberOf(APPLICATIONS, protocol), kind: { device: numberOf(DEVICES, device), addressType: numberOf(ADDRESS_TYPES, addressType) },
  }),
)

/** TP: when the frame was made, binary numbers. Reference §2. */
export const TimePoint = sequence({ year: u16be, month: u8, day: u8, hour: u8, minute: u8, second: u8 })
export type TimePoint = TypeOf<typeof TimePoint>
