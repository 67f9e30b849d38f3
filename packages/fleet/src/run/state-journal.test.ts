import { appendFile, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { memoryState, openStateJournal } from './state-journal.js'

describe('state journal', () => {
  let folder: string
  beforeEach(async () => { folder = await mkdtemp(join(tmpdir(), 'fleet-state-')) })
  afterEach(() => rm(folder, { recursive: true }))

  it('brings back the newest value of each key', async () => {
    const first = await openStateJournal(folder)
    await Promise.all([first.put('a', { n: 1 }), first.put('b', 'x'), first.put('a', { n: 2 })])
    await first.close()
    const second = await openStateJournal(folder)
    expect([second.get('a'), second.get('b'), second.get('c')]).toEqual([{ n: 2 }, 'x', undefined])
    await second.close()
  })

  it('a value is on the disk when put resolves', async () => {
    const store = await openStateJournal(folder)
    for (let n = 0; n < 20; n++) {
      await store.put('counter', n)
      expect((await readFile(join(folder, 'state.ndjson'), 'utf8')).trimEnd().split('\n').at(-1)).toBe(`["counter",${n}]`)
    }
    await store.close()
  })

  it('many at once share their writes and none is lost', async () => {
    const store = await openStateJournal(folder)
    await Promise.all(Array.from({ length: 3000 }, (_, n) => store.put(`k${n % 700}`, n)))
    await store.close()
    const again = await openStateJournal(folder)
    for (let k = 0; k < 700; k++) expect(again.get(`k${k}`)).toBe(Math.floor((2999 - k) / 700) * 700 + k)
    await again.close()
  })

  it('drops a torn last line and goes on', async () => {
    const store = await openStateJournal(folder)
    await store.put('a', 1)
    await store.close()
    await appendFile(join(folder, 'state.ndjson'), '["a",99')
    const again = await openStateJournal(folder)
    expect(again.get('a')).toBe(1)
    await again.put('a', 2)
    await again.close()
    const third = await openStateJournal(folder)
    expect(third.get('a')).toBe(2)
    await third.close()
  })

  it('a value in memory is a copy', async () => {
    const store = memoryState()
    const value = { n: 1 }
    await store.put('a', value)
    value.n = 2
    expect(store.get('a')).toEqual({ n: 1 })
  })
})
