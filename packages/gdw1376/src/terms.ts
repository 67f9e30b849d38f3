import type { Words } from '@zhuzhan/codec'

/** What people call a member of the tables; a quantity has a unit (empty for a plain number). */
export interface Term extends Words {
  unit?: string
}

export type Terms = Readonly<Record<string, Term>>

/** Rows of `member: [English, Chinese, unit?]`. */
export function terms(rows: Readonly<Record<string, readonly [en: string, zh: string, unit?: string]>>): Terms {
  return Object.fromEntries(Object.entries(rows).map(([name, [en, zh, unit]]) => [name, unit === undefined ? { en, zh } : { en, zh, unit }]))
}
