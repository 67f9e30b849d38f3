/** Dense matrices as rows of doubles: the systems here have at most a few hundred unknowns. */
export type Matrix = Float64Array[]

export function matrix(rows: number, columns: number): Matrix {
  return Array.from({ length: rows }, () => new Float64Array(columns))
}

/** Solves A x = b for several right sides at once, A symmetric positive definite (Cholesky). @throws RangeError when it is not */
export function solvePositive(a: Matrix, sides: readonly Float64Array[]): Float64Array[] {
  const n = a.length
  const lower = matrix(n, n)
  for (let i = 0; i < n; i++) {
    const row = lower[i] as Float64Array
    for (let j = 0; j <= i; j++) {
      const other = lower[j] as Float64Array
      let sum = (a[i] as Float64Array)[j] as number
      for (let k = 0; k < j; k++) sum -= (row[k] as number) * (other[k] as number)
      if (i !== j) row[j] = sum / (other[j] as number)
      else if (sum > 0) row[j] = Math.sqrt(sum)
      else throw new RangeError('the matrix is not positive definite')
    }
  }
  return sides.map((b) => {
    const x = Float64Array.from(b)
    for (let i = 0; i < n; i++) {
      const row = lower[i] as Float64Array
      let sum = x[i] as number
      for (let k = 0; k < i; k++) sum -= (row[k] as number) * (x[k] as number)
      x[i] = sum / (row[i] as number)
    }
    for (let i = n - 1; i >= 0; i--) {
      let sum = x[i] as number
      for (let k = i + 1; k < n; k++) sum -= ((lower[k] as Float64Array)[i] as number) * (x[k] as number)
      x[i] = sum / ((lower[i] as Float64Array)[i] as number)
    }
    return x
  })
}

/** Sums of products of columns, weighted: X'WX. */
export function gram(rows: readonly Float64Array[], weights?: Float64Array): Matrix {
  const width = rows[0]?.length ?? 0
  const out = matrix(width, width)
  rows.forEach((row, index) => {
    const weight = weights ? weights[index] as number : 1
    if (weight === 0) return
    for (let i = 0; i < width; i++) {
      const scaled = weight * (row[i] as number)
      if (scaled === 0) continue
      const target = out[i] as Float64Array
      for (let j = 0; j <= i; j++) target[j] = (target[j] as number) + scaled * (row[j] as number)
    }
  })
  for (let i = 0; i < width; i++) for (let j = 0; j < i; j++) (out[j] as Float64Array)[i] = (out[i] as Float64Array)[j] as number
  return out
}

/** X'Wy. */
export function moments(rows: readonly Float64Array[], y: ArrayLike<number>, weights?: Float64Array): Float64Array {
  const out = new Float64Array(rows[0]?.length ?? 0)
  rows.forEach((row, index) => {
    const scaled = (weights ? weights[index] as number : 1) * (y[index] as number)
    if (scaled === 0) return
    for (let i = 0; i < out.length; i++) out[i] = (out[i] as number) + scaled * (row[i] as number)
  })
  return out
}

/** Least squares with every unknown >= 0, from X'X and X'y, by coordinate descent; `start` is changed and returned. */
export function nonNegative(xx: Matrix, xy: ArrayLike<number>, sweeps = 200, start = new Float64Array(xx.length)): Float64Array {
  for (let sweep = 0; sweep < sweeps; sweep++) {
    let moved = 0
    for (let i = 0; i < start.length; i++) {
      const row = xx[i] as Float64Array
      const own = row[i] as number
      if (own <= 0) continue
      let slope = xy[i] as number
      for (let j = 0; j < start.length; j++) slope -= (row[j] as number) * (start[j] as number)
      const next = Math.max(0, (start[i] as number) + slope / own)
      moved = Math.max(moved, Math.abs(next - (start[i] as number)) * Math.sqrt(own))
      start[i] = next
    }
    if (moved < 1e-9) break
  }
  return start
}

/** Ridge regression; the last column is the constant and is not drawn to 0. */
export function ridge(rows: readonly Float64Array[], sides: readonly ArrayLike<number>[], strength: number, weights?: Float64Array): Float64Array[] {
  const xx = gram(rows, weights)
  const last = xx.length - 1
  xx.forEach((row, i) => { row[i] = (row[i] as number) + (i === last ? 1e-9 : strength) })
  return solvePositive(xx, sides.map((y) => moments(rows, y, weights)))
}
