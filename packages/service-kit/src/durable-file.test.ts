import { link, mkdtemp, open, readFile, readdir, rename, rm, stat, unlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { writeDurably } from './durable-file.js'
import type { Disk } from './durable-file.js'

let folder: string
let file: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'durable-'))
  file = join(folder, 'key')
})
afterEach(() => rm(folder, { recursive: true }))

const full = (syscall: string): NodeJS.ErrnoException => Object.assign(new Error(`ENOSPC: no space left on device, ${syscall}`), { code: 'ENOSPC' })
type Step = 'open' | 'half a write' | 'sync' | 'rename' | 'link'

/** A disk on which one step fails. */
function failing(step: Step): { disk: Disk; steps: string[] } {
  const steps: string[] = []
  const disk: Disk = {
    open: (async (path: string, flags: string, mode?: number) => {
      if (step === 'open' && flags === 'wx') throw full('open')
      const handle = await open(path, flags, mode)
      const { writeFile: write, sync } = handle
      handle.writeFile = async (data) => {
        if (step !== 'half a write') return write.call(handle, data)
        await write.call(handle, (data as Buffer).subarray(0, 5))
        throw full('write')
      }
      handle.sync = async () => {
        if (step === 'sync' && flags === 'wx') throw full('fsync')
        steps.push(flags === 'r' ? 'folder synced' : 'synced')
        return sync.call(handle)
      }
      return handle
    }) as Disk['open'],
    rename: async (from, to) => {
      if (step === 'rename') throw full('rename')
      steps.push('renamed')
      return rename(from, to)
    },
    link: async (from, to) => {
      if (step === 'link') throw full('link')
      steps.push('linked')
      return link(from, to)
    },
    unlink,
  }
  return { disk, steps }
}

describe('a file that is whole or not there', () => {
  it('is written for its owner alone, from bytes or from parts, and synced before it has its name', async () => {
    await writeDurably(file, 'secret')
    expect([await readFile(file, 'utf8'), (await stat(file)).mode & 0o777, await readdir(folder)]).toEqual(['secret', 0o600, ['key']])
    async function* parts() {
      yield Buffer.from('in ')
      yield Buffer.from('parts')
    }
    await writeDurably(file, parts(), { replace: true })
    expect(await readFile(file, 'utf8')).toBe('in parts')
    const watched = failing('link')
    await writeDurably(file, Buffer.from('again'), { replace: true, disk: watched.disk })
    // Switched off (no sync before the rename), a power cut leaves an empty file in the key's place.
    expect(watched.steps).toEqual(['synced', 'renamed', 'folder synced'])
  })

  it('is never written over unless that is asked for', async () => {
    await writeFile(file, 'old')
    await expect(writeDurably(file, 'new')).rejects.toMatchObject({ code: 'EXISTS_ALREADY' })
    expect([await readFile(file, 'utf8'), await readdir(folder)]).toEqual(['old', ['key']])
  })

  // Switched off (writing in place), the second and third leave five bytes of the new key where the old one was.
  it.each<Step>(['open', 'half a write', 'sync', 'rename'])('a disk that is full at %s leaves the old file and nothing else', async (step) => {
    await writeFile(file, 'the old key')
    await expect(writeDurably(file, Buffer.from('the new key'), { replace: true, disk: failing(step).disk })).rejects.toMatchObject({ code: 'ENOSPC' })
    expect([await readFile(file, 'utf8'), await readdir(folder)]).toEqual(['the old key', ['key']])
  })

  it.each<Step>(['open', 'half a write', 'sync', 'link'])('a disk that is full at %s leaves no new file either', async (step) => {
    await expect(writeDurably(file, Buffer.from('the new key'), { disk: failing(step).disk })).rejects.toMatchObject({ code: 'ENOSPC' })
    expect(await readdir(folder)).toEqual([])
  })

  it('what ends in the middle of its parts leaves nothing', async () => {
    async function* parts() {
      yield Buffer.from('half')
      throw new Error('the machine went away')
    }
    await expect(writeDurably(file, parts())).rejects.toThrow('went away')
    expect(await readdir(folder)).toEqual([])
  })
})
