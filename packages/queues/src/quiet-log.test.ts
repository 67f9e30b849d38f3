import { manualClock } from '@zhuzhan/core'
import { memoryLog } from './conformance/backends.js'
import { quietLog } from './quiet-log.js'

test('a million errors are a line in ten seconds, and the next one counts them', () => {
  const [clock, kept] = [manualClock(), memoryLog()]
  const log = quietLog(kept, clock)
  for (let n = 0; n < 1_000_000; n++) log.warn({ n }, 'server away')
  log.error({}, 'something else')
  clock.advance(10_000)
  log.warn({ n: -1 }, 'server away')
  expect(kept.lines).toEqual([
    { level: 'warn', message: 'server away', object: { n: 0 } },
    { level: 'error', message: 'something else', object: {} },
    { level: 'warn', message: 'server away', object: { n: -1, leftOut: 999_999 } },
  ])
})
