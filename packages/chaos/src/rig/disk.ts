import { spawnSync } from 'node:child_process'
import { chmodSync, closeSync, existsSync, ftruncateSync, mkdirSync, openSync, rmSync, statfsSync, statSync, writeSync } from 'node:fs'
import { join } from 'node:path'

/** A folder on a disk of its own, small enough to be filled; or, where mounting is not permitted, an ordinary folder. */
export interface Disk {
  readonly folder: string
  /** What it is: `ext4 image`, `tmpfs`, or `undefined`, then it cannot be filled. */
  readonly kind: 'ext4 image' | 'tmpfs' | undefined
  fill(): void
  free(): void
  remove(): void
}

const FILLER = 'filler'
const BLOCK = Buffer.alloc(4_096)

/** A real file system in an image where that is permitted (fsync then costs what it costs), else one in memory. */
export function openDisk(parent: string, megabytes: number): Disk {
  const folder = join(parent, 'disk')
  mkdirSync(folder)
  const kind = mountImage(parent, folder, megabytes) ? 'ext4 image' : mountMemory(folder, megabytes) ? 'tmpfs' : undefined
  // The database's account may pass through.
  chmodSync(folder, 0o711)
  const filler = join(folder, FILLER)
  return {
    folder, kind,
    fill: () => {
      if (kind === undefined) return
      // Reserved, not written: gigabytes of zeros on their way to the disk would be another fault, a slow one.
      const { bavail, bsize } = statfsSync(folder)
      const had = existsSync(filler) ? statSync(filler).size : 0
      run('fallocate', ['-l', String(had + Math.max(bsize, bavail * bsize)), filler])
      // What is left in blocks.
      const file = openSync(filler, 'a', 0o600)
      try {
        writeUntilFull(file)
      } finally {
        closeSync(file)
      }
    },
    free: () => {
      // Emptied first: somebody may still hold it open.
      if (existsSync(filler)) {
        const file = openSync(filler, 'r+')
        ftruncateSync(file, 0)
        closeSync(file)
      }
      rmSync(filler, { force: true })
    },
    remove: () => {
      if (kind === undefined) return
      if (run('umount', [folder])) return
      run('umount', ['-l', folder])
    },
  }
}

function mountImage(parent: string, folder: string, megabytes: number): boolean {
  const image = join(parent, 'disk.img')
  const file = openSync(image, 'w', 0o600)
  ftruncateSync(file, megabytes * 2 ** 20)
  closeSync(file)
  if (run('mkfs.ext4', ['-q', '-m', '0', '-E', 'lazy_itable_init=0', image]) && run('mount', ['-o', 'loop', image, folder])) return true
  rmSync(image, { force: true })
  return false
}

function mountMemory(folder: string, megabytes: number): boolean {
  return run('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'none', folder])
}

function run(program: string, args: string[]): boolean {
  return spawnSync(program, args, { stdio: 'ignore' }).status === 0
}

function writeUntilFull(file: number): void {
  try {
    while (writeSync(file, BLOCK) === BLOCK.length);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
  }
}
