import type { Words } from '@zhuzhan/codec'
import type { Points } from './da.js'

/**
 * Data units read of one frame; what follows stays hex. Ours: the longest frame has room for 4,095 empty ones, which would cost a
 * hundred times what its sender paid.
 */
export const MAX_UNITS = 256

/** The data of one function for one measuring point; its other members are those of the function's layout. */
export interface UnitContent {
  pn: number | 'all'
  fn: number
  [member: string]: unknown
}

/** What stands behind one DADT. */
export interface DataUnit {
  pn: Points
  fn: readonly number[]
  /** Of every function; derived, ignored by encode. */
  names?: readonly Words[]
  /** Of every (point, function) that has data, in the order of the wire. */
  contents?: readonly UnitContent[]
}

/** Every (point, function) of a unit in the order their data stand in. Reference §A2. */
export function* pairsOf({ pn, fn }: Pick<DataUnit, 'pn' | 'fn'>, order: string): Generator<{ pn: number | 'all'; fn: number }> {
  const points = pn === 'all' ? [pn] : pn
  if (order === 'functions-first') for (const f of fn) for (const p of points) yield { pn: p, fn: f }
  else for (const p of points) for (const f of fn) yield { pn: p, fn: f }
}

/**
 * DADT for these points and functions: one for each pair of groups of eight. Points and functions in any order; point 0
 * is the terminal.
 */
export function unitsFor(points: readonly number[] | 'all', functions: readonly number[]): Pick<DataUnit, 'pn' | 'fn'>[] {
  const pointGroups = points === 'all' ? [points] : groups(points)
  const functionGroups = groups(functions)
  return pointGroups.flatMap((pn) => functionGroups.map((fn) => ({ pn, fn })))
}

/** Numbers of one group of eight together, ascending; 0 by itself. */
function groups(numbers: readonly number[]): number[][] {
  const found = new Map<number, number[]>()
  for (const n of [...new Set(numbers)].sort((a, b) => a - b)) {
    const group = Math.floor((n - 1) / 8)
    found.set(group, [...found.get(group) ?? [], n])
  }
  return [...found.values()]
}
