import { bits, convert, u8 } from '@zhuzhan/codec'
import type { Codec } from '@zhuzhan/codec'

/** `dir` 1: sent by the server. `prm` 1: the exchange was started by the client. `fn` 1 link management, 3 user data. Reference §1.1. */
export interface LinkControl {
  dir: 0 | 1
  prm: 0 | 1
  /** The user data is a segment word and a slice of an APDU. */
  segmented: boolean
  /** 33 is added to each user-data byte on the line; `data` of a LinkFrame is always without it. */
  scrambled: boolean
  fn: number
  /** Bit 4, which should be 0; kept when a device sends it. */
  reserved?: true
}

const Raw = bits(u8, { dir: [7, 1], prm: [6, 1], segmented: [5], reserved: [4], scrambled: [3], fn: [0, 3] })

export const LinkControl: Codec<LinkControl> = convert(
  Raw,
  ({ dir, prm, segmented, reserved, scrambled, fn }) => {
    const control: LinkControl = { dir: dir as 0 | 1, prm: prm as 0 | 1, segmented, scrambled, fn }
    if (reserved) control.reserved = true
    return control
  },
  ({ dir, prm, segmented, scrambled, fn, reserved }) => ({ dir, prm, segmented, reserved: reserved === true, scrambled, fn }),
)

function usual(dir: 0 | 1, prm: 0 | 1, fn: number): Readonly<LinkControl> {
  return Object.freeze({ dir, prm, segmented: false, scrambled: false, fn })
}

/** The control bytes of reference §1.1. */
export const CONTROL = {
  /** 43 */
  clientRequest: usual(0, 1, 3),
  /** C3 */
  serverResponse: usual(1, 1, 3),
  /** 81: login, heartbeat, logout */
  serverLink: usual(1, 0, 1),
  /** 01: the answer to it */
  clientLink: usual(0, 0, 1),
  /** 83 */
  serverReport: usual(1, 0, 3),
  /** 03: the confirmation of a report */
  clientReportAnswer: usual(0, 0, 3),
} as const
