/** What is finite, sorted. */
export function sortedFinite(values: ArrayLike<number>): Float64Array {
  const out = new Float64Array(values.length)
  let count = 0
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number
    if (Number.isFinite(value)) out[count++] = value
  }
  return out.subarray(0, count).sort()
}

/** Of sorted values: linear between order statistics; with n values the p-th lies at position p x (n - 1). NaN of nothing. */
export function quantileOf(sorted: Float64Array, p: number): number {
  if (sorted.length === 0) return NaN
  const position = p * (sorted.length - 1)
  const low = sorted[Math.floor(position)] as number
  const high = sorted[Math.ceil(position)] as number
  return low + (high - low) * (position - Math.floor(position))
}

/** Values that are not finite are left out. */
export function quantile(values: ArrayLike<number>, p: number): number {
  return quantileOf(sortedFinite(values), p)
}

/** Middle value; NaN of nothing. */
export function median(values: ArrayLike<number>): number {
  return quantile(values, 0.5)
}

export function mean(values: ArrayLike<number>): number {
  let [sum, count] = [0, 0]
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number
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
