import { systemClock } from '@zhuzhan/core'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { commonConfig, loadConfig } from './config.js'
import { followClockFile } from './laboratory-clock.js'

const folder = mkdtempSync(join(tmpdir(), 'zhuzhan-clock-'))
afterAll(() => rmSync(folder, { recursive: true }))

test('the injected clock follows the file forward and back; monotonic time does not, and in the end all is as before', async () => {
  const file = join(folder, 'offset')
  writeFileSync(file, '3600000')
  const real = Date.now
  const began = Date.now()
  const monotonic = systemClock.monotonic()
  const release = followClockFile(file)
  try {
    expect(systemClock.now() - began).toBeGreaterThanOrEqual(3_600_000)
    writeFileSync(file, '-7200000')
    await sleep(300)
    expect(systemClock.now() - began).toBeLessThan(-7_100_000)
    rmSync(file)
    await sleep(300)
    expect(systemClock.now() - began).toBeLessThan(-7_100_000)
    expect(systemClock.monotonic() - monotonic).toBeLessThan(30_000)
    expect(systemClock.monotonic()).toBeGreaterThan(monotonic)
  } finally {
    release()
  }
  expect(Date.now).toBe(real)
})

// Mutation: drop the check in notInProduction; then a file could move the clock of a real station.
test('production refuses it', () => {
  const schema = z.object({ ZHUZHAN_PRODUCTION: commonConfig.ZHUZHAN_PRODUCTION, ZHUZHAN_CLOCK_OFFSET_FILE: commonConfig.ZHUZHAN_CLOCK_OFFSET_FILE })
  expect(() => loadConfig(schema, { ZHUZHAN_PRODUCTION: '1', ZHUZHAN_CLOCK_OFFSET_FILE: '/tmp/x' })).toThrow(/ZHUZHAN_CLOCK_OFFSET_FILE.*refused/)
  expect(loadConfig(schema, { ZHUZHAN_CLOCK_OFFSET_FILE: '/tmp/x' })).toMatchObject({ ZHUZHAN_CLOCK_OFFSET_FILE: '/tmp/x' })
  expect(loadConfig(schema, { ZHUZHAN_PRODUCTION: '1', ZHUZHAN_CLOCK_OFFSET_FILE: '' })).toMatchObject({ ZHUZHAN_PRODUCTION: true })
})
