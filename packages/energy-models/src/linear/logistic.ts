import { mean, quantile } from './statistics.js'
import { matrix, solvePositive } from './linear.js'

/** One column of a linear score: (value - middle) / scale x weight; a missing value is the middle. */
export interface Term {
  middle: number
  scale: number
  weight: number
}

/** Ridge logistic regression by Newton steps on columns brought to like scale (the width of the middle 90 %, where there is one). */
export function logistic(rows: readonly Float64Array[], labels: readonly number[], strength: number): { constant: number; terms: Term[] } {
  const width = rows[0]?.length ?? 0
  const scales = Array.from({ length: width }, (_, column) => {
    const values = Float64Array.from(rows, (row) => row[column]!)
    const middle = mean(values)
    const spread = Math.sqrt(mean(values.map((value) => (value - middle) ** 2)))
    const [low, high] = [quantile(values, 0.05), quantile(values, 0.95)]
    return { middle: Number.isFinite(middle) ? Math.min(high, Math.max(low, middle)) : 0, scale: (high > low ? (high - low) / 3 : spread) || 1 }
  })
  const scaled = rows.map((row) => [...scales.map(({ middle, scale }, column) => (Number.isNaN(row[column]!) ? 0 : (row[column]! - middle) / scale)), 1])
  const loss = (weights: Float64Array): number => scaled.reduce((sum, row, index) => {
    const value = row.reduce((total, x, column) => total + x * weights[column]!, 0) * (labels[index] === 1 ? -1 : 1)
    return sum + (value > 30 ? value : Math.log1p(Math.exp(value)))
  }, weights.subarray(0, width).reduce((sum, weight) => sum + (strength * weight * weight) / 2, 0))
  let weights = new Float64Array(width + 1)
  for (let step = 0; step < 40; step++) {
    const curvature = matrix(width + 1, width + 1)
    const slope = new Float64Array(width + 1)
    for (let one = 0; one <= width; one++) {
      curvature[one]![one] = one < width ? strength : 1e-6
      slope[one] = one < width ? strength * weights[one]! : 0
    }
    scaled.forEach((row, index) => {
      const p = 1 / (1 + Math.exp(-row.reduce((sum, x, column) => sum + x * weights[column]!, 0)))
      const weight = Math.max(p * (1 - p), 1e-9)
      for (let one = 0; one <= width; one++) {
        slope[one]! += (p - labels[index]!) * row[one]!
        for (let two = 0; two <= width; two++) curvature[one]![two]! += weight * row[one]! * row[two]!
      }
    })
    const [move] = solvePositive(curvature, [slope]) as [Float64Array]
    const now = loss(weights)
    let share = 1
    let next = weights.map((weight, one) => weight - move[one]!)
    while (share > 1e-6 && !(loss(next) <= now)) {
      share /= 2
      next = weights.map((weight, one) => weight - share * move[one]!)
    }
    weights = next
    if (Math.max(...move.map(Math.abs)) < 1e-9 || share <= 1e-6) break
  }
  return { constant: weights[width]!, terms: scales.map((scale, column) => ({ ...scale, weight: weights[column]! })) }
}
