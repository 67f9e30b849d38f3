/** Verified savings: an adjusted baseline against what was measured (GB/T 28750, GB/T 13234; IPMVP option C). */

export interface BaselinePoint {
  kwh: number
  /** Same length everywhere: day type as 0 and 1, degree days and so on. */
  drivers: readonly number[]
}

/** CV(RMSE) up to which a baseline is accepted (analytics §3). */
export const ACCEPTED_CV = { monthly: 0.2, daily: 0.3 } as const

export interface Baseline {
  /** Intercept first; a driver that never varies in the baseline has 0. */
  coefficients: readonly number[]
  points: number
  /** sqrt(sum of squared residuals / (n - p)) / mean. */
  cvRmse: number
  accepted: boolean
}

export interface VerifiedSaving {
  baseline: Baseline
  adjusted: number
  measured: number
  /** adjusted - measured, kWh; negative when more was used. */
  saving: number
}

/** Least squares. @returns undefined with fewer points than coefficients and one more, or when nothing was used */
export function fitBaseline(points: readonly BaselinePoint[], grain: keyof typeof ACCEPTED_CV): Baseline | undefined {
  const width = points[0]?.drivers.length ?? 0
  const varying = Array.from({ length: width }, (_, at) => at).filter((at) => new Set(points.map(({ drivers }) => drivers[at])).size > 1)
  const rows = points.map(({ drivers }) => [1, ...varying.map((at) => drivers[at] as number)])
  const columns = varying.length + 1
  const mean = points.reduce((total, { kwh }) => total + kwh, 0) / points.length
  if (points.length <= columns || !(mean > 0)) return undefined
  const solved = solveNormal(rows, points.map(({ kwh }) => kwh))
  if (!solved) return undefined
  const squares = rows.reduce((total, row, index) => total + ((points[index]?.kwh ?? 0) - dot(row, solved)) ** 2, 0)
  const cvRmse = Math.sqrt(squares / (points.length - columns)) / mean
  const coefficients = Array.from({ length: width + 1 }, () => 0)
  coefficients[0] = solved[0] as number
  varying.forEach((at, place) => { coefficients[at + 1] = solved[place + 1] as number })
  return { coefficients, points: points.length, cvRmse, accepted: cvRmse <= ACCEPTED_CV[grain] }
}

/** What the site would have used in the time after, by its baseline, less what it did use. */
export function verifySaving(before: readonly BaselinePoint[], after: readonly BaselinePoint[], grain: keyof typeof ACCEPTED_CV): VerifiedSaving | undefined {
  const baseline = fitBaseline(before, grain)
  if (!baseline || after.length === 0) return undefined
  const adjusted = after.reduce((total, { drivers }) => total + dot([1, ...drivers], baseline.coefficients), 0)
  const measured = after.reduce((total, { kwh }) => total + kwh, 0)
  return { baseline, adjusted, measured, saving: adjusted - measured }
}

/** (X'X) b = X'y by elimination with the largest pivot; undefined when columns depend on each other. */
function solveNormal(rows: readonly (readonly number[])[], values: readonly number[]): number[] | undefined {
  const size = rows[0]?.length ?? 0
  const system = Array.from({ length: size }, (_, i) => [
    ...Array.from({ length: size }, (__, j) => rows.reduce((total, row) => total + (row[i] as number) * (row[j] as number), 0)),
    rows.reduce((total, row, index) => total + (row[i] as number) * (values[index] as number), 0),
  ])
  const scale = system.map((row, at) => row[at] as number)
  for (let at = 0; at < size; at++) {
    let best = at
    for (let row = at + 1; row < size; row++) if (Math.abs(system[row]?.[at] ?? 0) > Math.abs(system[best]?.[at] ?? 0)) best = row
    ;[system[at], system[best]] = [system[best] as number[], system[at] as number[]]
    const pivot = system[at] as number[]
    if (Math.abs(pivot[at] as number) <= 1e-10 * (scale[at] as number)) return undefined
    for (const row of system) {
      if (row === pivot) continue
      const factor = (row[at] as number) / (pivot[at] as number)
      for (let column = at; column <= size; column++) row[column] = (row[column] as number) - factor * (pivot[column] as number)
    }
  }
  return system.map((row, at) => (row[size] as number) / (row[at] as number))
}

function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((total, value, at) => total + value * (b[at] ?? 0), 0)
}
