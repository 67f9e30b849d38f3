import type { Fields, Words } from '@zhuzhan/codec'
import { settingOf } from './settings.js'
import type { Chosen } from './settings.js'

/** How the data of a function stand behind its DT. `nothing` for none. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- tables hold layouts of every type
export type Layout = Fields<any>

/** One Fn of an AFN. A direction without layout has data of unknown length. */
export interface FnRow extends Words {
  fn: number
  /** To the terminal, or to the local module. */
  down?: Layout
  /** From it. */
  up?: Layout
  /** The layouts, or that of one direction, count only under this reading of a setting. */
  under?: readonly [setting: string, reading: string, direction?: 'up']
}

/** One AFN with its functions. */
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

/** What an error says of data whose layout is not known, `a known layout of 0C F3 up`. */
export function unknownLayout(afn: string, functions: readonly number[], dir: number): string {
  return `a known layout of ${afn} ${functions.map((fn) => `F${fn}`).join(' ')} ${dir === 1 ? 'up' : 'down'}`
}

export interface Catalogue {
  /** Ascending by AFN. */
  readonly afns: readonly AfnTable[]
  /** Name of an AFN. */
  describeAfn(afn: number): Words | undefined
  /** Name of a function; undefined when the reference does not name it. */
  describeFn(afn: number, fn: number): Words | undefined
  /** How its data stand in this direction; undefined when that is not known, or not under these settings. */
  layout(afn: number, fn: number, dir: number, settings?: Chosen): Layout | undefined
  /** Do the settings decide whether that layout counts? */
  isOpen(afn: number, fn: number, dir: number): boolean
}

/** What can be asked of the tables of a protocol. */
export function catalogueOf(tables: readonly AfnTable[]): Catalogue {
  const afns = [...tables].sort((a, b) => a.afn - b.afn)
  const byAfn = new Map(afns.map((table) => [table.afn, { table, byFn: new Map(table.rows.map((one) => [one.fn, one])) }]))
  return {
    afns,
    describeAfn: (afn) => words(byAfn.get(afn)?.table),
    describeFn: (afn, fn) => words(byAfn.get(afn)?.byFn.get(fn)),
    layout: (afn, fn, dir, settings) => {
      const direction = dir === 1 ? 'up' : 'down'
      const found = byAfn.get(afn)
      const one = found?.byFn.get(fn)
      if (one?.[direction] === undefined) return found?.table.others?.[direction]
      return one.under === undefined || holds(one.under, direction, settings) ? one[direction] : undefined
    },
    isOpen: (afn, fn, dir) => {
      const under = byAfn.get(afn)?.byFn.get(fn)?.under
      return under !== undefined && (under[2] === undefined || dir === 1)
    },
  }
}

function words(one: Words | undefined): Words | undefined {
  return one && { en: one.en, zh: one.zh }
}

function holds([setting, reading, only]: NonNullable<FnRow['under']>, direction: 'up' | 'down', settings: Chosen): boolean {
  return (only !== undefined && only !== direction) || settingOf(settings, setting) === reading
}
