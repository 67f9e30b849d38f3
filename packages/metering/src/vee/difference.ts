export type Difference =
  | { kind: 'energy'; digits: number; rolledOver: boolean }
  | { kind: 'backwards'; digits: number }
  | { kind: 'none' }

/**
 * R2 - R1, with the roll-over a register near its end may have made: then the energy is the difference modulo the full scale and must be as
 * small as the stretch it was near by. Whole digits.
 */
export function registerDifference(r1: number, r2: number, fullScale: number, nearFullScale: number): Difference {
  if (Number.isNaN(r1) || Number.isNaN(r2)) return { kind: 'none' }
  if (r2 >= r1) return { kind: 'energy', digits: r2 - r1, rolledOver: false }
  const stretch = fullScale * nearFullScale
  const around = r2 + fullScale - r1
  const rolledOver = r1 >= fullScale - stretch && r1 < fullScale && r2 >= 0 && around <= stretch
  return rolledOver ? { kind: 'energy', digits: around, rolledOver } : { kind: 'backwards', digits: r2 - r1 }
}
