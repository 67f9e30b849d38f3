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
  return { read: (r) => wordOf(table, number.read(r)), write: (w, value) => number.write(w, numberOf(table, value)) }
}

/** The word of a number; the number itself when the table has none. */
export function wordOf(table: CodeTable, number: number): string | number {
  return table[number]?.word ?? number
}

/** The number of a word; a number is itself. @throws EncodeError when the table has no such word */
export function numberOf(table: CodeTable, word: string | number): number {
  if (typeof word === 'number') return word
  const found = Object.entries(table).find(([, row]) => row.word === word)
  if (found === undefined) throw new EncodeError('', `a number or one of ${Object.values(table).map((row) => row.word).join(', ')}`)
  return Number(found[0])
}

/** What people call a value that `coded` read. */
export function wordsOf(table: CodeTable, value: unknown): Words | undefined {
  const row = typeof value === 'number' ? table[value] : Object.values(table).find((one) => one.word === value)
  return row && { en: row.en, zh: row.zh }
}
