import { HesError, manualClock } from '@zhuzhan/core'
import type { Apdu } from '@zhuzhan/dlt698'
import { apdu } from '../test-support/hex.js'
import { until } from '../test-support/until.js'
import { PIID_REST_MS } from './piid-pool.js'
import { createRequestTable, openRequestCount } from './request-table.js'
import type { Ask, RequestTable, Sender, Sent } from './request-table.js'

type Answer = Parameters<RequestTable['answer']>[0]
const clock = manualClock()
let left: Apdu[]
let givenUp: number[]
let table: RequestTable

const send: Sender = async (request, _ask, _piid, leaving) => {
  left.push(request)
  const seq = left.length
  leaving({ seq, giveUp: () => givenUp.push(seq) })
}
/** The answer to a request, in the record it left in. */
const answered = (request: Apdu, oad?: string): boolean => table.answer(answerTo(request, oad), left.indexOf(request) + 1)
beforeEach(() => {
  left = []
  givenUp = []
  table = createRequestTable(send, clock)
})
afterEach(() => {
  table.end()
  expect(openRequestCount()).toBe(0)
})

const get = (oad: string, more: Partial<Ask> = {}): Promise<Apdu> =>
  table.ask({ lane: 'command', timeoutMs: 5_000, build: (piid) => ({ apdu: 'get-request', choice: 'normal', piid, oad, timeTag: undefined }), ...more })
/** Settled values, so that a test may look at a promise without waiting for it. */
const watch = (promise: Promise<unknown>): { outcome: unknown } => {
  const seen: { outcome: unknown } = { outcome: undefined }
  promise.then((value) => { seen.outcome = value }, (error: HesError) => { seen.outcome = error.code })
  return seen
}
const numberOf = (request: Apdu): number => ('piid' in request ? request.piid.number : -1)
const answerTo = (request: Apdu, oad = 'oad' in request ? String(request.oad) : ''): Answer =>
  ({ ...apdu(`85 01 00 ${oad} 00 04 0000`), piid: { number: numberOf(request), priority: false, acd: false } }) as Answer

test('an answer goes to the request it belongs to, in whatever order answers come', async () => {
  const asked = ['00100200', '00200200', '00300200'].map((oad) => get(oad))
  await until(() => left.length === 3)
  for (const request of [...left].reverse()) expect(answered(request)).toBe(true)
  expect((await Promise.all(asked)).map((answer) => (answer as { result: { oad: string } }).result.oad)).toEqual(['00100200', '00200200', '00300200'])
})

test('an answer that fits no open request is dropped, and the request goes on waiting', async () => {
  const asked = watch(get('00100200'))
  await until(() => left.length === 1)
  expect(answered(left[0]!, '00200200')).toBe(false)
  expect(table.answer({ ...answerTo(left[0]!), piid: { number: 60, priority: false, acd: false } } as Answer, 1)).toBe(false)
  expect(asked.outcome).toBeUndefined()
  expect(answered(left[0]!)).toBe(true)
  expect(answered(left[0]!)).toBe(false)
})

test('four at once; commands go first, and the collection has two places', async () => {
  const collection = { lane: 'collection' as const }
  for (const oad of ['50020200', '50040200', '50060200']) watch(get(oad, collection))
  await until(() => left.length === 2)
  for (const oad of ['00100200', '00200200', '00300200']) watch(get(oad))
  await until(() => left.length === 4)
  const oads = (): string[] => left.map((request) => ('oad' in request ? String(request.oad) : ''))
  expect(oads()).toEqual(['50020200', '50040200', '00100200', '00200200'])
  answered(left[0]!)
  await until(() => left.length === 5)
  answered(left[1]!)
  await until(() => left.length === 6)
  expect(oads().slice(4)).toEqual(['00300200', '50060200'])
})

test('what times out is given up, its number rests, and its place is free', async () => {
  await expect(get('00100200', { timeoutMs: 10 })).rejects.toMatchObject({ code: 'TERMINAL_TIMEOUT' })
  expect(givenUp).toEqual([1])
  expect(answered(left[0]!)).toBe(false)
  const numbers = new Set<number>()
  for (let n = 0; n < 63; n += 1) {
    const asked = get('00200200')
    await until(() => left.length === n + 2)
    numbers.add(numberOf(left.at(-1)!))
    answered(left.at(-1)!)
    await asked
  }
  expect(numbers.has(0)).toBe(false)
  clock.advance(PIID_REST_MS)
  for (let n = 0; n < 64; n += 1) {
    const asked = get('00200200')
    await until(() => left.length === n + 65)
    numbers.add(numberOf(left.at(-1)!))
    answered(left.at(-1)!)
    await asked
  }
  expect(numbers.has(0)).toBe(true)
})

test('what is refused before it leaves does not leave', async () => {
  await expect(get('00100200', { beforeSend: async () => { throw new HesError('STATE_CONFLICT') } })).rejects.toMatchObject({ code: 'STATE_CONFLICT' })
  expect(left).toEqual([])
})

test('the time of a request begins when it leaves, not while the station decides', async () => {
  let decide!: () => void
  const asked = watch(get('00100200', { timeoutMs: 10, beforeSend: () => new Promise((resolve) => { decide = resolve }) }))
  await new Promise((resolve) => setTimeout(resolve, 30))
  expect(asked.outcome).toBeUndefined()
  decide()
  await until(() => asked.outcome === 'TERMINAL_TIMEOUT')
  expect(left).toHaveLength(1)
})

test('what was still being decided on when the connection ended does not leave any more', async () => {
  let decide!: () => void
  const asked = watch(get('00100200', { beforeSend: () => new Promise((resolve) => { decide = resolve }) }))
  await until(() => decide !== undefined)
  table.end()
  await until(() => asked.outcome === 'TERMINAL_OFFLINE')
  decide()
  await new Promise((resolve) => setTimeout(resolve, 20))
  expect(left).toEqual([])
})

test('a record sealed for a request whose time was over meanwhile is given up too', async () => {
  let sealed!: (sent: Sent) => void
  table.end()
  table = createRequestTable((_apdu, _ask, _piid, leaving) => new Promise((resolve) => {
    sealed = (sent) => {
      leaving(sent)
      resolve()
    }
  }), clock)
  await expect(get('00100200', { timeoutMs: 10 })).rejects.toMatchObject({ code: 'TERMINAL_TIMEOUT' })
  sealed({ seq: 9, giveUp: () => givenUp.push(9) })
  await until(() => givenUp.length === 1)
})

test('a request that cannot be built or sent fails alone', async () => {
  await expect(get('00100200', { build: () => { throw new RangeError('no such meter') } })).rejects.toThrow('no such meter')
  table.end()
  let broken = true
  table = createRequestTable(async (...request) => {
    if (broken) throw new HesError('BUSY')
    return send(...request)
  }, clock)
  await expect(get('00100200')).rejects.toMatchObject({ code: 'BUSY' })
  broken = false
  const asked = get('00100200')
  await until(() => left.length === 1)
  answered(left[0]!)
  await asked
})

test('an answer in another record than its request is none: somebody held it back until the PIID came again', async () => {
  const asked = get('00100200')
  await until(() => left.length === 1)
  // Seen failing without the comparison of seq.
  for (const seq of [undefined, 0, 2]) expect(table.answer(answerTo(left[0]!), seq)).toBe(false)
  expect(answered(left[0]!)).toBe(true)
  await asked
})

test('an authentic refusal of a record ends the request it belongs to', async () => {
  const [first, second] = [watch(get('00100200')), get('00200200')]
  await until(() => left.length === 2)
  table.refused(2, 3)
  await expect(second).rejects.toMatchObject({ code: 'DEVICE_REFUSED', context: { dar: 3 } })
  table.refused(7, 3)
  expect(first.outcome).toBeUndefined()
})

test('at the end of the connection all that waits is told so, open or not, and nothing more is taken', async () => {
  const asked = Array.from({ length: 6 }, () => watch(get('00100200')))
  await until(() => left.length === 4)
  table.end()
  await until(() => asked.every((one) => one.outcome !== undefined))
  expect(asked.map((one) => one.outcome)).toEqual(Array.from({ length: 6 }, () => 'TERMINAL_OFFLINE'))
  await expect(get('00100200')).rejects.toMatchObject({ code: 'TERMINAL_OFFLINE' })
  expect(left).toHaveLength(4)
})

test('too many waiting requests are refused at once', async () => {
  const asked = Array.from({ length: 4 + 256 }, () => watch(get('00100200')))
  await expect(get('00100200')).rejects.toMatchObject({ code: 'BUSY' })
  expect(asked).toHaveLength(260)
})

test('an answer after its time is told to whoever wants it, once, and only the right one', async () => {
  const late: Apdu[] = []
  const asked = watch(get('00100200', { timeoutMs: 20, late: (answer) => late.push(answer) }))
  await until(() => asked.outcome === 'TERMINAL_TIMEOUT')
  expect(answered(left[0]!, '00200200')).toBe(false)
  expect(table.answer(answerTo(left[0]!), 99)).toBe(false)
  expect(late).toEqual([])
  expect([answered(left[0]!), answered(left[0]!)]).toEqual([true, false])
  expect(late).toHaveLength(1)
  // Nobody wanted this one.
  const other = watch(get('00100200', { timeoutMs: 20 }))
  await until(() => other.outcome === 'TERMINAL_TIMEOUT')
  expect(answered(left[1]!)).toBe(false)
})
