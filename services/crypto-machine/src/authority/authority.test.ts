import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { randomBytes } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describeAuthority } from '../conformance/authority-suite.js'
import { onEveryStore } from '../conformance/every-store.js'
import { ask, startMachine } from '../conformance/rig.js'
import { manualClock } from '@zhuzhan/core'
import { memoryDisk, createMemoryStore } from '../store/memory-store.js'
import { readAdministratorsFile } from './administrators-file.js'
import { createRefusals } from './refusals.js'

onEveryStore([describeAuthority])

describe('the file of the first administrators', () => {
  const folder = mkdtempSync(join(tmpdir(), 'administrators-'))
  afterAll(() => rmSync(folder, { recursive: true }))

  it('a laboratory writes it itself, for its owner only, and founds with it', async () => {
    const path = join(folder, 'administrators.json')
    const content = await readAdministratorsFile(path, false, randomBytes)
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(readFileSync(path, 'utf8')).toBe(content)
    expect(await readAdministratorsFile(path, false, randomBytes)).toBe(content)
    const rig = await startMachine()
    expect(await rig.machine.found(async () => content)).toBe(true)
    expect((await ask(rig.port, 'people', {})).people).toHaveLength(2)
  })

  it('must be there in production', async () => {
    await expect(readAdministratorsFile(join(folder, 'none.json'), true, randomBytes)).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
  })
})

describe('the rows about refusals', () => {
  it('are written one by one, and counted in a flood', async () => {
    const disk = memoryDisk()
    const clock = manualClock()
    const store = createMemoryStore(disk)
    await store.takeOver('x')
    const refusals = createRefusals({ store, clock })
    for (let i = 0; i < 1000; i++) await refusals.note({ kind: 'ticket-refused', subject: String(i) })
    expect(disk.events).toHaveLength(60)
    clock.advance(60_000)
    await refusals.note({ kind: 'ticket-refused', subject: 'later' })
    expect(disk.events.slice(60)).toEqual([{ kind: 'refusals-dropped', subject: 'machine', detail: { count: 940 } }, { kind: 'ticket-refused', subject: 'later' }])
  })
})
