import type { Words } from '@zhuzhan/codec'
import type { CodeTable } from './wire/codes.js'

/** What people call a member of the tables. */
export interface Term extends Words {
  /** Of a quantity; empty for what has none (a state, a moment) and is listed with the quantities all the same. */
  unit?: string
  /** What its values stand for. */
  codes?: CodeTable
}

export type Terms = Readonly<Record<string, Term>>

type Row = readonly [en: string, zh: string, unit?: string, codes?: CodeTable]

/** Rows of `member: [English, Chinese, unit?, codes?]`. */
export function terms(rows: Readonly<Record<string, Row>>): Terms {
  const term = ([en, zh, unit, codes]: Row): Term => ({ en, zh, ...(unit !== undefined && { unit }), ...(codes && { codes }) })
  return Object.fromEntries(Object.entries(rows).map(([name, row]) => [name, term(row)]))
}

/** The term of a member that its name finds. */
export function termOf(rows: Terms, name: string): Term | undefined {
  return Object.hasOwn(rows, name) ? rows[name] : undefined
}
