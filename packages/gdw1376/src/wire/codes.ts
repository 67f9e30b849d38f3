import { EncodeError } from '@zhuzhan/codec'
import type { Codec, Words } from '@zhuzhan/codec'

/** What a number on the wire stands for: `word` in JSON, `en` and `zh` for people. */
export interface CodeRow extends Words {
  word: string
}

/** Numbers without a row stay numbers. */
export type CodeTable = Readonly<Record<number, CodeRow>>

/** Rows of `number: [word, English, Chinese]`. */
export function codeTable(rows: Readonly<Record<number, readonly [word: string, en: string, zh: string]>>): CodeTable {
  return Object.fromEntries(Object.entries(rows).map(([number, [word, en, zh]]) => [number, { word, en, zh }]))
}

/** A number that stands for a word of the table; numbers that the table lacks are kept as numbers. */
export function coded(number: Codec<number>, table: CodeTable): Codec<string | number> {
  const byWord = new Map(Object.entries(table).map(([code, row]) => [row.word, Number(code)]))
  return {
    read: (r) => {
      const code = number.read(r)
      return table[code]?.word ?? code
    },
    write: (w, value) => {
      const code = typeof value === 'number' ? value : byWord.get(value)
      if (code === undefined) throw new EncodeError('', `a number or one of ${[...byWord.keys()].join(', ')}`)
      number.write(w, code)
    },
  }
}

/** What people call a value that `coded` read. */
export function wordsOf(table: CodeTable, value: unknown): Words | undefined {
  const row = typeof value === 'number' ? table[value] : Object.values(table).find((one) => one.word === value)
  return row && { en: row.en, zh: row.zh }
}
