import { averagePrecision, mapAt, rankQuality } from './ranking.js'

it('counts MAP@N and the area under precision and recall by the definition', () => {
  // Ranked 1 0 1 1 0: precisions at the thieves 1, 2/3, 3/4.
  const [scores, labels] = [[0.9, 0.8, 0.7, 0.6, 0.1], [1, 0, 1, 1, 0]]
  expect(averagePrecision(scores, labels)).toBeCloseTo((1 + 2 / 3 + 3 / 4) / 3, 12)
  expect(mapAt(scores, labels, 3)).toBeCloseTo((1 + 2 / 3) / 2, 12)
  expect(mapAt(scores, [0, 0, 0, 1, 1], 3)).toBe(0)
  // Equal scores flatter nobody.
  expect(mapAt([0.5, 0.5], [1, 0], 2)).toBe(0.5)
})

it('gives intervals, and nothing without both kinds', () => {
  const labels = Array.from({ length: 300 }, (_, row) => (row % 5 === 0 ? 1 : 0))
  const scores = labels.map((label, row) => label + ((row * 37) % 100) / 50)
  const quality = rankQuality(scores, labels)
  expect(quality?.auc.low).toBeLessThan(quality!.auc.value)
  expect(quality?.auc.high).toBeGreaterThan(quality!.auc.value)
  expect(rankQuality(scores, labels.map(() => 0))).toBeUndefined()
})
