import { writtenTogether } from './written-together.js'

const WAIT_MS = 5

function setUp(atOnce = 2, enoughRows = 10) {
  const writes: { pieces: readonly string[]; end(outcome: string | Error): void }[] = []
  const add = writtenTogether<string, string>((pieces) => new Promise((resolve, reject) => {
    writes.push({ pieces, end: (outcome) => { if (typeof outcome === 'string') resolve(outcome); else reject(outcome) } })
  }), { atOnce, enoughRows, waitMs: WAIT_MS })
  return { writes, add, pieces: () => writes.map((one) => one.pieces) }
}

beforeEach(() => { import.meta.jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask'] }) })
afterEach(() => { import.meta.jest.useRealTimers() })

test('the first is written at once, alone; the next wait for each other, but not for long', async () => {
  const { add, pieces } = setUp()
  void add('a', 1)
  void add('b', 1)
  await import.meta.jest.advanceTimersByTimeAsync(WAIT_MS - 1)
  void add('c', 1)
  expect(pieces()).toEqual([['a']])
  await import.meta.jest.advanceTimersByTimeAsync(1)
  expect(pieces()).toEqual([['a'], ['b', 'c']])
})

test('what is enough waits no longer, and what is more goes with a later write', async () => {
  const { add, pieces } = setUp(3)
  for (const one of ['a', 'b', 'c', 'd']) void add(one, 4)
  expect(pieces()).toEqual([['a'], ['b', 'c']])
  await import.meta.jest.advanceTimersByTimeAsync(WAIT_MS)
  expect(pieces()).toEqual([['a'], ['b', 'c'], ['d']])
})

test('a piece with more rows than enough is written, alone', () => {
  const { add, pieces } = setUp()
  for (const one of ['a', 'b', 'c']) void add(one, 50)
  expect(pieces()).toEqual([['a'], ['b']])
})

test('never more writes than allowed: what comes meanwhile goes as soon as one ends', async () => {
  const { add, writes, pieces } = setUp(1)
  for (const one of ['a', 'b', 'c']) void add(one, 4)
  await import.meta.jest.advanceTimersByTimeAsync(10 * WAIT_MS)
  expect(pieces()).toEqual([['a']])
  writes[0]!.end('done')
  await import.meta.jest.advanceTimersByTimeAsync(0)
  expect(pieces()).toEqual([['a'], ['b', 'c']])
})

test('each gets the outcome of its own write, and a write that failed leaves its place to the next', async () => {
  const { add, writes } = setUp(1)
  const outcomes = ['a', 'b', 'c'].map((one) => add(one, 4).catch((error: Error) => error.message))
  writes[0]!.end(new Error('refused'))
  await import.meta.jest.advanceTimersByTimeAsync(0)
  writes[1]!.end('stored')
  expect(await Promise.all(outcomes)).toEqual(['refused', 'stored', 'stored'])
})
