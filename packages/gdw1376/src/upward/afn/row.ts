import type { Fields, Words } from '@zhuzhan/codec'

/** How the data of a unit stand behind its DADT. `nothing` for none. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- tables hold layouts of every type
export type Layout = Fields<any>

/** One Fn of an AFN. A direction without layout has data of unknown length. */
export interface FnRow extends Words {
  fn: number
  /** From master station to terminal. */
  down?: Layout
  /** From terminal to master station. */
  up?: Layout
  /** The layouts, or that of one direction, count only under this reading of a setting. */
  under?: readonly [setting: string, reading: string, direction?: 'up']
}

export interface AfnTable extends Words {
  afn: number
  rows: readonly FnRow[]
  /** Of every Fn that has no row or no layout of its own in this direction. */
  others?: Pick<FnRow, 'down' | 'up'>
}

/** A row; one that has no layouts is known by name only. */
export function row(fn: number, en: string, zh: string, layouts: Omit<FnRow, 'fn' | 'en' | 'zh'> = {}): FnRow {
  return { fn, en, zh, ...layouts }
}
