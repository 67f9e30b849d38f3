import { createLpSolver } from './solver.js'

const solver = createLpSolver()
afterAll(() => solver.stop())

const ASSIGNMENT = ['Minimize', ' cost: 2 a + 3 b', 'Subject To', ' need: a + b >= 5', 'Bounds', ' 0 <= a <= 3', ' 0 <= b <= 10', 'End', ''].join('\n')

it('solves a program, one after another in order', async () => {
  const answers = await Promise.all([solver.solve(ASSIGNMENT, 5_000), solver.solve(ASSIGNMENT.replace('>= 5', '>= 20'), 5_000)])
  expect(answers[0]).toEqual({ kind: 'optimal', values: { a: 3, b: 2 }, objective: 12 })
  expect(answers[1]).toEqual({ kind: 'infeasible' })
})

it('says that it did not finish, and works on afterwards', async () => {
  // Without the time limit in the worker and the terminate outside this waits for a market split problem, which takes hours.
  expect(await solver.solve(marketSplit(5, 40), 300)).toMatchObject({ kind: 'unfinished' })
  expect(await solver.solve(ASSIGNMENT, 5_000)).toMatchObject({ kind: 'optimal' })
})

it('takes text that is no program as a failure, not as an answer', async () => {
  expect(await solver.solve('nonsense', 1_000)).toMatchObject({ kind: 'unfinished' })
})

/** Hard for branch and bound though small (Cornuejols and Dawande 1998). */
function marketSplit(rows: number, columns: number): string {
  let seed = 7
  const next = (): number => { seed = (seed * 48_271) % 2_147_483_647; return seed % 100 }
  const names = Array.from({ length: columns }, (_, column) => `x${column}`)
  const body = Array.from({ length: rows }, (_, row) => {
    const weights = names.map(next)
    return ` r${row}: ${names.map((name, index) => `${weights[index]} ${name}`).join(' + ')} + p${row} - m${row} = ${Math.floor(weights.reduce((a, b) => a + b) / 2)}`
  })
  const slack = Array.from({ length: rows }, (_, row) => `p${row} + m${row}`).join(' + ')
  return ['Minimize', ` o: ${slack}`, 'Subject To', ...body, 'Binaries', ` ${names.join(' ')}`, 'End', ''].join('\n')
}
