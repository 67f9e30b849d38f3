/** How well scores tell 1 from 0. */

/** Area under the ROC curve; ties count half. NaN without both classes. */
export function areaUnderCurve(scores: readonly number[], labels: readonly number[]): number {
  const order = scores.map((score, index) => ({ score, label: labels[index] as number })).sort((a, b) => a.score - b.score)
  let [rankSum, positives] = [0, 0]
  for (let from = 0; from < order.length;) {
    let to = from
    while (to < order.length && (order[to] as { score: number }).score === (order[from] as { score: number }).score) to++
    for (let place = from; place < to; place++) {
      if ((order[place] as { label: number }).label !== 1) continue
      rankSum += (from + to + 1) / 2
      positives++
    }
    from = to
  }
  return (rankSum - (positives * (positives + 1)) / 2) / (positives * (order.length - positives))
}

/** Share of the ones over the score that only this share of the zeros exceed. */
export function foundAt(scores: readonly number[], labels: readonly number[], falseShare = 0.05): number {
  const zeros = scores.filter((_, index) => labels[index] === 0).sort((a, b) => b - a)
  const limit = zeros[Math.floor(falseShare * zeros.length)] ?? -Infinity
  const ones = scores.filter((_, index) => labels[index] === 1)
  return ones.filter((score) => score > limit).length / ones.length
}

/**
 * Platt's calibration: the slope and offset that make sigmoid(slope x score + offset) the likeliest, by Newton steps. A step that makes it less
 * likely is halved: from far scores whole steps run away.
 */
export function platt(scores: readonly number[], labels: readonly number[]): { slope: number; offset: number } {
  const loss = (slope: number, offset: number): number => scores.reduce((sum, score, index) => {
    const value = (slope * score + offset) * (labels[index] === 1 ? -1 : 1)
    return sum + (value > 30 ? value : Math.log1p(Math.exp(value)))
  }, 5e-7 * (slope * slope + offset * offset))
  let [slope, offset] = [1, 0]
  let now = loss(slope, offset)
  for (let step = 0; step < 50; step++) {
    let [ga, gb, haa, hab, hbb] = [1e-6 * slope, 1e-6 * offset, 1e-6, 0, 1e-6]
    scores.forEach((score, index) => {
      const p = 1 / (1 + Math.exp(-(slope * score + offset)))
      const error = p - (labels[index] as number)
      const weight = Math.max(p * (1 - p), 1e-9)
      ga += error * score; gb += error
      haa += weight * score * score; hab += weight * score; hbb += weight
    })
    const det = haa * hbb - hab * hab
    let [da, db] = [(hbb * ga - hab * gb) / det, (haa * gb - hab * ga) / det]
    let next = loss(slope - da, offset - db)
    for (let half = 0; half < 30 && !(next <= now); half++) {
      da /= 2; db /= 2
      next = loss(slope - da, offset - db)
    }
    if (!(next <= now)) break
    slope -= da; offset -= db
    if (now - next < 1e-9 && Math.abs(da) + Math.abs(db) < 1e-9) break
    now = next
  }
  return { slope, offset }
}
