import type { Codec } from './codec.js'
import { EncodeError } from './errors.js'

/** A number that stands for a word, `{ login: 0, heartbeat: 1 }`. Numbers without a word are errors. */
export function named<const N extends Readonly<Record<string, number>>>(word: Codec<number>, names: N): Codec<keyof N & string> {
  const byNumber = new Map(Object.entries(names).map(([name, number]) => [number, name as keyof N & string]))
  const expected = Object.entries(names).map(([name, number]) => `${number} (${name})`).join(' or ')
  return {
    read: (r) => {
      const at = r.offset
      return byNumber.get(word.read(r)) ?? r.fail(expected, at)
    },
    write: (w, name) => {
      const number = Object.hasOwn(names, name) ? names[name] : undefined
      if (number === undefined) throw new EncodeError('', Object.keys(names).join(' or '))
      word.write(w, number)
    },
  }
}
