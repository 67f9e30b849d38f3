import { createTurnstile } from './turnstile.js'

test('lets so many through at once, in the order they came, and a failure frees its place', async () => {
  const turnstile = createTurnstile(2)
  const began: number[] = []
  const ends: ((fail?: boolean) => void)[] = []
  const runs = Array.from({ length: 5 }, (_, n) => turnstile.run(() => {
    began.push(n)
    return new Promise<number>((resolve, reject) => { ends[n] = (fail) => (fail ? reject(new Error('no')) : resolve(n)) })
  }).catch(() => -1))
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
  await turn()
  expect([began, turnstile.waiting]).toEqual([[0, 1], 3])
  ends[1]!(true)
  await turn()
  expect([began, turnstile.waiting]).toEqual([[0, 1, 2], 2])
  ends[0]!()
  ends[2]!()
  await turn()
  expect(began).toEqual([0, 1, 2, 3, 4])
  // Newcomers wait behind nobody once places are free again.
  ends[3]!()
  ends[4]!()
  expect(await Promise.all(runs)).toEqual([0, -1, 2, 3, 4])
  expect(await turnstile.run(async () => 'next')).toBe('next')
  expect(turnstile.waiting).toBe(0)
})
