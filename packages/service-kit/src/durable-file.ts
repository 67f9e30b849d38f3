import { randomBytes } from 'node:crypto'
import { link, open, rename, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'
import { HesError } from '@zhuzhan/core'

export interface DurableOptions {
  /** Permissions; its owner's alone unless said. */
  mode?: number
  /** Put it in the place of the file that is there; otherwise a file that is there is refused. */
  replace?: boolean
  /** For tests: a disk that fails. */
  disk?: Disk
}
export type Disk = Pick<typeof import('node:fs/promises'), 'open' | 'rename' | 'link' | 'unlink'>

/**
 * A file that is whole or not there: written beside its place, brought to the disk, then given its name, and the folder brought to
 * the disk too. When anything fails (a full disk, a power cut) the old file stays as it was and nothing is left behind.
 * @param content bytes, or parts as they come
 * @throws HesError EXISTS_ALREADY; whatever the disk says, unchanged
 */
export async function writeDurably(file: string, content: string | Uint8Array | AsyncIterable<Uint8Array>, options: DurableOptions = {}): Promise<void> {
  const { mode = 0o600, replace = false, disk = { open, rename, link, unlink } } = options
  const aside = `${file}.${process.pid}.${randomBytes(4).toString('hex')}`
  const handle = await disk.open(aside, 'wx', mode)
  try {
    try {
      if (typeof content === 'string' || content instanceof Uint8Array) await handle.writeFile(content)
      else for await (const part of content) await handle.writeFile(part)
      await handle.sync()
    } finally {
      await handle.close()
    }
    if (replace) await disk.rename(aside, file)
    else {
      // A name for the finished file, only if it is free; a rename would take the place of what is there.
      await disk.link(aside, file).catch((error: NodeJS.ErrnoException) => {
        throw error.code === 'EEXIST' ? new HesError('EXISTS_ALREADY', `${file} exists; it is not written over`, {}, { cause: error }) : error
      })
      await disk.unlink(aside)
    }
  } catch (error) {
    await disk.unlink(aside).catch(() => undefined)
    throw error
  }
  const folder = await disk.open(dirname(file), 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
