import { bits, u8 } from '@zhuzhan/codec'
import type { Codec } from '@zhuzhan/codec'
import { numberOf } from '../../wire/codes.js'
import { MODES } from '../catalogue/codes.js'

/** `dir` 1: from the module. `prm` 1: from the side that began. `mode` a word of MODES; others are no frames. Reference §B1. */
export interface LocalControl {
  dir: number
  prm: number
  mode: string
}

const Raw = bits(u8, { dir: [7, 1], prm: [6, 1], mode: [0, 6] })

/** Is this control byte one of the standard's modes? */
export function isControl(byte: number): boolean {
  return MODES[byte & 0x3f] !== undefined
}

export const LocalControl: Codec<LocalControl> = {
  read: (r) => {
    const at = r.offset
    const { dir, prm, mode } = Raw.read(r)
    return { dir, prm, mode: MODES[mode]?.word ?? r.fail(`a communication mode: ${Object.keys(MODES).join(', ')}`, at) }
  },
  write: (w, { dir, prm, mode }) => Raw.write(w, { dir, prm, mode: numberOf(MODES, mode) }),
}
