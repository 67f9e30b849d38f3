/** Middle value; NaN of nothing. Values that are not finite are left out. */
export function median(values: Iterable<number>): number {
  return quantile(values, 0.5)
}

/** Linear between order statistics: with n values the p-th lies at position p x (n - 1). */
export function quantile(values: Iterable<number>, p: number): number {
  const sorted = Float64Array.from([...values].filter(Number.isFinite)).sort()
  if (sorted.length === 0) return NaN
  const position = p * (sorted.length - 1)
  const low = sorted[Math.floor(position)] as number
  const high = sorted[Math.ceil(position)] as number
  return low + (high - low) * (position - Math.floor(position))
}

export function mean(values: Iterable<number>): number {
  let [sum, count] = [0, 0]
  for (const value of values) {
    if (!Number.isFinite(value)) continue
    sum += value
    count++
  }
  return sum / count
}

/** Pearson's, over the pairs of which both are there; NaN under three of them or when one does not vary. */
export function correlation(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let [n, sa, sb, saa, sbb, sab] = [0, 0, 0, 0, 0, 0]
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [a[i] as number, b[i] as number]
    if (!Number.isFinite(x) || !Number.isFinite(y)) continue
    n++; sa += x; sb += y; saa += x * x; sbb += y * y; sab += x * y
  }
  const spread = Math.sqrt(Math.max(0, saa - (sa * sa) / n) * Math.max(0, sbb - (sb * sb) / n))
  return n < 3 || spread < 1e-12 ? NaN : (sab - (sa * sb) / n) / spread
}
