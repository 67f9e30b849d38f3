import { HesError, manualClock } from '@zhuzhan/core'
import type { Ask } from '../requests/request-table.js'
import type { Terminal } from '../terminals/terminal.js'
import { createReportCounters } from './report-counters.js'

const clock = manualClock()
let asked: object[]
let fails: boolean
const counters = createReportCounters({ clock, requestMs: 1_000, log: { warn: () => undefined } })

const terminal = (countersUnknown: boolean, ready = true): Terminal =>
  ({
    address: '000000000001',
    secure: { countersUnknown, ready },
    requests: {
      ask: async ({ build }: Ask) => {
        asked.push(build({ number: 3, priority: false, acd: false }))
        if (fails) throw new HesError('TERMINAL_TIMEOUT')
      },
    },
  }) as unknown as Terminal
const GET = { apdu: 'get-request', choice: 'normal', oad: 'F1000700' }

beforeEach(() => {
  asked = []
  fails = false
})

test('after a restore the first session of a terminal reads its counters, another one does not', async () => {
  await counters.onBound(terminal(true))
  expect(asked).toMatchObject([GET])
  await counters.onBound(terminal(false))
  expect(asked).toHaveLength(1)
})

test('a report outside the window brings one reading a minute, in a session only', async () => {
  const one = terminal(false)
  for (let i = 0; i < 10; i++) await counters.onRefused(one)
  expect(asked).toMatchObject([GET])
  clock.advance(61_000)
  await counters.onRefused(one)
  expect(asked).toHaveLength(2)
  await counters.onRefused(terminal(false, false))
  expect(asked).toHaveLength(2)
})

test('a terminal that does not answer is no failure of the station', async () => {
  fails = true
  await expect(counters.onBound(terminal(true))).resolves.toBeUndefined()
})
