import { withPostgres } from '@zhuzhan/testing'
import { withDatabase } from '../test-support/open.js'
import { storeDeadLetter } from './dead-letter.js'

const db = withDatabase(() => server)
const server = withPostgres()
const letter = { origin: 'report/000000000001', code: 'READING_REFUSED', detail: 'no known measurement', payload: { apdu: '8801' } }
const letters = async (): Promise<unknown[]> => (await db.pool.query('SELECT origin, code, detail, payload FROM dead_letter ORDER BY id')).rows

test('is kept once, however often it comes, and apart from others', async () => {
  await Promise.all([1, 2, 3].map(() => storeDeadLetter(db.pool, letter)))
  await storeDeadLetter(db.pool, { ...letter, payload: { apdu: '8802' } })
  await storeDeadLetter(db.pool, { ...letter, origin: 'report/000000000002' })
  expect(await letters()).toHaveLength(3)
  expect((await letters())[0]).toEqual(letter)
})

test('takes any payload, also what jsonb would not', async () => {
  await db.pool.query('TRUNCATE dead_letter')
  for (const payload of [undefined, null, 'a\0b', { 'k\0': 'half \ud83d', deep: ['\udc00'] }]) await storeDeadLetter(db.pool, { ...letter, payload })
  expect(await letters()).toHaveLength(3)
})
