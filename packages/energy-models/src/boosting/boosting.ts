import { createRandom } from '../random.js'

/** Gradient boosted trees on histograms: small, deterministic by seed, saved as JSON. Missing values (NaN) are a bin of their own. */
export interface BoostingOptions {
  loss: 'logistic' | 'squared'
  trees: number
  depth: number
  rate: number
  /** Least rows in a leaf, and what is added to the denominator of a leaf's value. */
  leastRows: number
  lambda: number
  /** Shares of rows and features each tree sees. */
  rows: number
  features: number
  bins: number
  seed: number
}

export const BOOSTING: BoostingOptions = { loss: 'logistic', trees: 200, depth: 4, rate: 0.06, leastRows: 12, lambda: 2, rows: 0.7, features: 0.5, bins: 48, seed: 1 }

/** A leaf is a number; an inner node asks `feature <= threshold`, missing values going to `missing`. */
export type Node = number | { feature: number; threshold: number; missing: 'low' | 'high'; low: Node; high: Node }

export interface BoostedTrees {
  loss: BoostingOptions['loss']
  base: number
  trees: Node[]
}

/** @param x rows of features, NaN where missing @param y 0 or 1 for the logistic loss */
export function boost(x: readonly Float64Array[], y: ArrayLike<number>, options: Partial<BoostingOptions> = {}, weights?: ArrayLike<number>): BoostedTrees {
  const settings = { ...BOOSTING, ...options }
  const random = createRandom(settings.seed)
  const width = x[0]?.length ?? 0
  const { cuts, binned } = binning(x, width, settings.bins)
  const count = x.length
  const weight = (row: number): number => (weights ? weights[row] as number : 1)
  let [sum, total] = [0, 0]
  for (let row = 0; row < count; row++) {
    sum += weight(row) * (y[row] as number)
    total += weight(row)
  }
  const share = sum / Math.max(total, 1e-12)
  const base = settings.loss === 'logistic' ? Math.log(Math.max(share, 1e-6) / Math.max(1 - share, 1e-6)) : share
  const scores = new Float64Array(count).fill(base)
  const gradient = new Float64Array(count)
  const curvature = new Float64Array(count)
  const trees: Node[] = []
  for (let tree = 0; tree < settings.trees; tree++) {
    for (let row = 0; row < count; row++) {
      const p = settings.loss === 'logistic' ? sigmoid(scores[row] as number) : scores[row] as number
      gradient[row] = weight(row) * (p - (y[row] as number))
      curvature[row] = weight(row) * (settings.loss === 'logistic' ? Math.max(p * (1 - p), 1e-6) : 1)
    }
    const rows = Int32Array.from({ length: count }, (_, row) => row).filter(() => random() < settings.rows)
    const features = Array.from({ length: width }, (_, feature) => feature).filter(() => random() < settings.features)
    const grown = grow(rows, features, settings.depth, { cuts, binned, gradient, curvature, settings, gs: new Float64Array(257), hs: new Float64Array(257), ns: new Int32Array(257) })
    trees.push(grown)
    for (let row = 0; row < count; row++) scores[row] = (scores[row] as number) + leafOf(grown, x[row] as Float64Array)
  }
  return { loss: settings.loss, base, trees }
}

/** Log odds for the logistic loss, else the value. */
export function boostedScore({ base, trees }: BoostedTrees, row: ArrayLike<number>): number {
  let score = base
  for (const tree of trees) score += leafOf(tree, row)
  return score
}

export function sigmoid(value: number): number {
  return 1 / (1 + Math.exp(-value))
}

function leafOf(tree: Node, row: ArrayLike<number>): number {
  let node = tree
  while (typeof node !== 'number') {
    const value = row[node.feature] as number
    node = Number.isNaN(value) ? node[node.missing] : value <= node.threshold ? node.low : node.high
  }
  return node
}

interface Ground {
  cuts: Float64Array[]
  binned: Uint8Array[]
  gradient: Float64Array
  curvature: Float64Array
  settings: BoostingOptions
  /** Histograms of one feature, used over and over. */
  gs: Float64Array
  hs: Float64Array
  ns: Int32Array
}

function grow(rows: Int32Array, features: readonly number[], depth: number, ground: Ground): Node {
  const { gradient, curvature, binned, cuts, gs, hs, ns, settings: { lambda, leastRows, rate } } = ground
  let [g, h] = [0, 0]
  for (const row of rows) {
    g += gradient[row] as number
    h += curvature[row] as number
  }
  const leaf = Math.round((-rate * g) / (h + lambda) * 1e7) / 1e7
  if (depth === 0 || rows.length < 2 * leastRows) return leaf
  const worth = (a: number, b: number): number => (a * a) / (b + lambda)
  let best: { gain: number; feature: number; bin: number; missing: 'low' | 'high' } | undefined
  for (const feature of features) {
    const bins = (cuts[feature] as Float64Array).length + 1
    if (bins < 2) continue
    const column = binned[feature] as Uint8Array
    gs.fill(0, 0, bins + 1)
    hs.fill(0, 0, bins + 1)
    ns.fill(0, 0, bins + 1)
    for (const row of rows) {
      const bin = column[row] as number
      gs[bin] = (gs[bin] as number) + (gradient[row] as number)
      hs[bin] = (hs[bin] as number) + (curvature[row] as number)
      ns[bin] = (ns[bin] as number) + 1
    }
    // Bin 0 holds the missing values.
    for (const missing of (ns[0] as number) > 0 ? ['low', 'high'] as const : ['low'] as const) {
      let [gl, hl, nl] = missing === 'low' ? [gs[0] as number, hs[0] as number, ns[0] as number] : [0, 0, 0]
      for (let bin = 1; bin < bins; bin++) {
        gl += gs[bin] as number
        hl += hs[bin] as number
        nl += ns[bin] as number
        if (nl < leastRows || rows.length - nl < leastRows) continue
        const gain = worth(gl, hl) + worth(g - gl, h - hl) - worth(g, h)
        if (gain > (best?.gain ?? 1e-6)) best = { gain, feature, bin, missing }
      }
    }
  }
  if (!best) return leaf
  const { feature, bin, missing } = best
  const column = binned[feature] as Uint8Array
  const isLow = (row: number): boolean => ((column[row] as number) === 0 ? missing === 'low' : (column[row] as number) <= bin)
  return {
    feature, threshold: (cuts[feature] as Float64Array)[bin - 1] as number, missing,
    low: grow(rows.filter(isLow), features, depth - 1, ground), high: grow(rows.filter((row) => !isLow(row)), features, depth - 1, ground),
  }
}

/** Bin b (from 1) holds values up to cut b - 1; the last those over all cuts. */
function binning(x: readonly Float64Array[], width: number, bins: number): { cuts: Float64Array[]; binned: Uint8Array[] } {
  const cuts: Float64Array[] = []
  const binned: Uint8Array[] = []
  for (let feature = 0; feature < width; feature++) {
    const sorted = Float64Array.from(x, (row) => row[feature] as number).filter((value) => !Number.isNaN(value)).sort()
    const places = new Set<number>()
    for (let bin = 1; bin < bins && sorted.length > 0; bin++) {
      // Between the value at this share and the next other one: whole numbers repeat.
      let at = Math.max(0, Math.floor((bin * sorted.length) / bins) - 1)
      const low = sorted[at] as number
      while (at < sorted.length - 1 && sorted[at] === low) at++
      const high = sorted[at] as number
      if (high > low) places.add(Number(((low + high) / 2).toPrecision(7)))
    }
    const own = Float64Array.from([...places].sort((a, b) => a - b))
    cuts.push(own)
    binned.push(Uint8Array.from(x, (row) => {
      const value = row[feature] as number
      if (Number.isNaN(value)) return 0
      let [low, high] = [0, own.length]
      while (low < high) {
        const middle = (low + high) >> 1
        if (value <= (own[middle] as number)) high = middle
        else low = middle + 1
      }
      return low + 1
    }))
  }
  return { cuts, binned }
}
