import { manualClock } from '@zhuzhan/core'
import type { Logger } from 'pino'
import { rateLimited } from './rate-limited.js'

test('each message has its own allowance; the next that passes tells how many were left out', () => {
  const clock = manualClock()
  const lines: [object, string][] = []
  const log = { warn: (object: object, message: string) => lines.push([object, message]) } as unknown as Logger
  const limited = rateLimited(log, { perMinute: 2, clock })
  for (let i = 0; i < 10; i++) limited.warn({ i }, 'database away')
  limited.warn({}, 'other')
  expect(lines).toEqual([[{ i: 0 }, 'database away'], [{ i: 1 }, 'database away'], [{}, 'other']])
  clock.advance(60_000)
  limited.warn({ i: 10 }, 'database away')
  limited.warn({ i: 11 }, 'database away')
  expect(lines.slice(3)).toEqual([[{ i: 10, leftOut: 8 }, 'database away'], [{ i: 11 }, 'database away']])
})
