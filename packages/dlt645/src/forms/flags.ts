import { EncodeError } from '@zhuzhan/codec'
import type { Codec, Words } from '@zhuzhan/codec'
import { holds } from '../settings.js'
import type { SettingReading, Settings } from '../settings.js'

/** One bit of a word and what it says when it is set. */
export interface Flag extends Words {
  bit: number
  name: string
  /** Holds in these readings only. */
  when?: readonly SettingReading[]
}

/** A word low byte first as the list of what is set, lowest bit first; bits without a meaning are `bit7`. */
export function flags(size: 1 | 2, table: readonly Flag[]): Codec<string[]> {
  const anonymous = Array.from({ length: 8 * size }, (_, bit) => `bit${bit}`)
  const plain = named(anonymous, table.filter((flag) => flag.when === undefined))
  const settled = table.every((flag) => flag.when === undefined)
  const namesIn = (settings: Settings) => settled ? plain : named(anonymous, table.filter((flag) => holds(settings, flag.when)))
  return {
    read: (r) => {
      const word = size === 1 ? r.u8() : r.u16le()
      return namesIn(r.settings).filter((_, bit) => (word >> bit) & 1)
    },
    write: (w, set) => {
      const names = namesIn(w.settings)
      let word = 0
      for (const name of set) {
        const bit = names.indexOf(name)
        if (bit < 0) throw new EncodeError('', names.join(', '))
        word |= 1 << bit
      }
      if (size === 1) w.u8(word)
      else w.u16le(word)
    },
  }
}

function named(names: readonly string[], table: readonly Flag[]): string[] {
  const result = [...names]
  for (const { bit, name } of table) result[bit] = name
  return result
}
