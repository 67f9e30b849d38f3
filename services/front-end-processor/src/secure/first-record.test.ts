import { HesError } from '@zhuzhan/core'
import type { Apdu } from '@zhuzhan/dlt698'
import type { Ask } from '../requests/request-table.js'
import { sendFirstRecord } from './first-record.js'

const answer: Apdu = { apdu: 'error-response', side: 'server', piid: { number: 1, priority: false, acd: false }, type: 1, followReport: undefined, timeTag: undefined }

test('reads the clock, three times at most while no answer comes, and not again on a line that is gone', async () => {
  const asked: unknown[] = []
  const table = (...outcomes: (Apdu | string)[]) => ({
    ask: async ({ build }: Ask) => {
      asked.push(build({ number: 3, priority: false, acd: false }))
      const next = outcomes.shift()
      if (typeof next !== 'object') throw new HesError(next as 'TERMINAL_TIMEOUT')
      return next
    },
  })
  expect(await sendFirstRecord(table('TERMINAL_TIMEOUT', answer), 10)).toBe(true)
  expect(asked).toMatchObject([{ apdu: 'get-request', oad: '40000200' }, { apdu: 'get-request', oad: '40000200' }])
  asked.length = 0
  expect(await sendFirstRecord(table('TERMINAL_TIMEOUT', 'TERMINAL_TIMEOUT', 'TERMINAL_TIMEOUT', answer as never), 10)).toBe(false)
  expect(asked).toHaveLength(3)
  asked.length = 0
  expect(await sendFirstRecord(table('TERMINAL_OFFLINE', answer), 10)).toBe(false)
  expect(asked).toHaveLength(1)
})
