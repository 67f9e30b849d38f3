import type { Words } from '@zhuzhan/codec'
import { settingOf } from '../../settings.js'
import { authentication } from './authentication.js'
import { confirm } from './confirm.js'
import { control } from './control.js'
import { events } from './events.js'
import { forward } from './forward.js'
import { frozen } from './frozen.js'
import { link, reset } from './link.js'
import { namedOnly } from './named-only.js'
import { queryParameter, setParameter } from './parameters.js'
import { present } from './present.js'
import type { AfnTable, FnRow, Layout } from './row.js'

/** Every AFN of Q/GDW 1376.1 with its functions, ascending. Reference §A3. */
export const UPWARD_AFNS: readonly AfnTable[] = [
  confirm, reset, link, setParameter, control, authentication, queryParameter, present, frozen, events, forward, ...namedOnly,
].sort((a, b) => a.afn - b.afn)

const tables = new Map(UPWARD_AFNS.map((table) => [table.afn, { ...table, byFn: new Map(table.rows.map((one) => [one.fn, one])) }]))

export function upwardAfn(afn: number): AfnTable | undefined {
  return tables.get(afn)
}

export function upwardFn(afn: number, fn: number): FnRow | undefined {
  return tables.get(afn)?.byFn.get(fn)
}

/** Name of a function; undefined when the reference does not name it. */
export function describeUpwardFn(afn: number, fn: number): Words | undefined {
  const row = upwardFn(afn, fn)
  return row && { en: row.en, zh: row.zh }
}

/** How the data of (AFN, Fn) stand in this direction; undefined when that is not known, or not under these settings. */
export function upwardLayout(afn: number, fn: number, dir: number, settings?: Readonly<Record<string, unknown>>): Layout | undefined {
  const direction = dir === 1 ? 'up' : 'down'
  const row = upwardFn(afn, fn)
  const own = row?.[direction]
  if (own === undefined) return tables.get(afn)?.others?.[direction]
  return row?.under === undefined || holds(row.under, direction, settings) ? own : undefined
}

function holds([setting, reading, only]: NonNullable<FnRow['under']>, direction: 'up' | 'down', settings: Readonly<Record<string, unknown>> | undefined): boolean {
  return (only !== undefined && only !== direction) || settingOf(settings, setting) === reading
}
