import { EncodeError } from '@zhuzhan/codec'
import type { Words } from '@zhuzhan/codec'

/** What a number of the link stands for: `word` in JSON, `en` and `zh` for people. */
export interface Row extends Words {
  word: string
}

/** Numbers without a row keep their number. */
export type Table = Readonly<Record<number, Row>>

/** Rows of `number: [word, English, Chinese]`. */
export function table(rows: Readonly<Record<number, readonly [word: string, en: string, zh: string]>>): Table {
  return Object.fromEntries(Object.entries(rows).map(([number, [word, en, zh]]) => [number, { word, en, zh }]))
}

/** The word of a number, or the number where the table has none. */
export function wordOf(rows: Table, number: number): string | number {
  return rows[number]?.word ?? number
}

/** The number of a word; a number is itself. @throws EncodeError */
export function numberOf(rows: Table, word: string | number): number {
  if (typeof word === 'number') return word
  const found = Object.entries(rows).find(([, row]) => row.word === word)
  if (found === undefined) throw new EncodeError('', `a number or one of ${Object.values(rows).map((row) => row.word).join(', ')}`)
  return Number(found[0])
}

/** What people call a value that wordOf gave. */
export function wordsOf(rows: Table, value: unknown): Words | undefined {
  const row = typeof value === 'number' ? rows[value] : Object.values(rows).find((one) => one.word === value)
  return row && { en: row.en, zh: row.zh }
}
