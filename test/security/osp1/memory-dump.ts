import { closeSync, createReadStream, openSync, readFileSync, readSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Found, KeySearch } from './key-forms.js'

const PIECE = 16 * 1024 * 1024

export interface Searched {
  /** What was looked through, in bytes. */
  bytes: number
  found: Found[]
}

/** Everything a process can write to and has in memory: heap, stacks, buffers, what a core file would hold. @throws Error where the system does not allow it */
export function searchMemory(pid: number, search: KeySearch): Searched {
  const memory = openSync(`/proc/${pid}/mem`, 'r')
  const buffer = Buffer.allocUnsafe(PIECE)
  const all = collector()
  try {
    for (const { from, to } of writableMappings(pid)) {
      for (let at = from; at < to; at += PIECE - search.overlap) {
        const length = Math.min(PIECE, to - at)
        let got: number
        try {
          got = readSync(memory, buffer, 0, length, at)
        } catch {
          // Gone since it was listed, or a mapping of a device.
          break
        }
        all.add(got, search.look(buffer.subarray(0, got)))
      }
    }
  } finally {
    closeSync(memory)
  }
  return all.result
}

/** Mappings with pages in memory; reserved address space has none. */
function writableMappings(pid: number): { from: number; to: number }[] {
  const mappings: { from: number; to: number; resident: boolean }[] = []
  for (const line of readFileSync(`/proc/${pid}/smaps`, 'utf8').split('\n')) {
    const head = /^([0-9a-f]+)-([0-9a-f]+) rw/.exec(line)
    if (head) mappings.push({ from: parseInt(head[1]!, 16), to: parseInt(head[2]!, 16), resident: false })
    else if (/^[0-9a-f]+-[0-9a-f]+ /.test(line)) mappings.push({ from: 0, to: 0, resident: false })
    else if (/^Rss: +[1-9]/.test(line) && mappings.length > 0) mappings.at(-1)!.resident = true
  }
  return mappings.filter(({ resident, to }) => resident && to > 0)
}

export async function searchFile(path: string, search: KeySearch): Promise<Searched> {
  const all = collector()
  let rest = Buffer.alloc(0)
  for await (const chunk of createReadStream(path, { highWaterMark: PIECE }) as AsyncIterable<Buffer>) {
    const piece = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk
    all.add(chunk.length, search.look(piece))
    rest = Buffer.from(piece.subarray(Math.max(0, piece.length - search.overlap)))
  }
  return all.result
}

/** Every file below a folder. */
export async function searchFolder(folder: string, search: KeySearch, but: (path: string) => boolean = () => false): Promise<Searched> {
  const all = collector()
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    if (!entry.isFile() || but(path)) continue
    const { bytes, found } = await searchFile(path, search)
    all.add(bytes, found)
  }
  return all.result
}

function collector(): { add(bytes: number, found: readonly Found[]): void; result: Searched } {
  const known = new Set<string>()
  const result: Searched = { bytes: 0, found: [] }
  return {
    result,
    add(bytes, found) {
      result.bytes += bytes
      for (const one of found) {
        const name = `${one.name} ${one.form}`
        if (!known.has(name)) result.found.push(one)
        known.add(name)
      }
    },
  }
}
