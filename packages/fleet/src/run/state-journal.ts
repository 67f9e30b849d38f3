import { existsSync } from 'node:fs'
import { mkdir, open, readFile, rename, writeFile } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { join } from 'node:path'

/**
 * What virtual devices keep over a power loss: counters of OSP-1 (§7.10) and relays. One journal for all of them, so
 * that a thousand devices that store at once share one fsync. The newest line of a key counts.
 */
export interface StateStore {
  get(key: string): unknown
  /** Resolves when the value survives a power loss. Values of one key are kept in the order of the calls. */
  put(key: string, value: unknown): Promise<void>
  /** Resolves when everything put so far is safe. */
  settled(): Promise<void>
  close(): Promise<void>
}

/** For fleets without a state folder: they forget when they end. */
export function memoryState(): StateStore {
  const values = new Map<string, unknown>()
  return {
    get: (key) => values.get(key),
    put: async (key, value) => { values.set(key, structuredClone(value)) },
    settled: async () => {},
    close: async () => {},
  }
}

const FILE = 'state.ndjson'

/** Opens (and tidies up) the journal of a folder. A torn last line, as a power loss leaves it, is dropped: it was never acknowledged. */
export async function openStateJournal(folder: string): Promise<StateStore> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const path = join(folder, FILE)
  const values = existsSync(path) ? parseJournal(await readFile(path, 'utf8')) : new Map<string, unknown>()
  let file = await rewrite(folder, path, values)
  let lines = values.size
  let waiting: string[] = []
  let flush: Promise<void> | undefined
  let closed = false

  /** Everything that came in while the last batch was being written goes in one piece. */
  async function writeBatch(): Promise<void> {
    // Let the other devices of this turn come in too.
    await new Promise<void>((resolve) => setImmediate(resolve))
    const batch = waiting
    waiting = []
    flush = undefined
    if (lines > 4 * values.size + 50_000) {
      // The journal has grown: write the present values instead. They include this batch.
      await file.close()
      file = await rewrite(folder, path, values)
      lines = values.size
      return
    }
    await file.appendFile(batch.join(''))
    await file.datasync()
    lines += batch.length
  }

  let tail: Promise<void> = Promise.resolve()
  return {
    get: (key) => values.get(key),
    put: (key, value) => {
      if (closed) return Promise.reject(new Error('the state of the fleet is closed'))
      const line = JSON.stringify([key, value])
      values.set(key, JSON.parse(line)[1])
      waiting.push(`${line}\n`)
      if (flush === undefined) {
        flush = tail.then(writeBatch)
        tail = flush.catch(() => undefined)
      }
      return flush
    },
    settled: () => flush ?? tail,
    close: async () => {
      closed = true
      await (flush ?? tail)
      await file.close()
    },
  }
}

function parseJournal(text: string): Map<string, unknown> {
  const values = new Map<string, unknown>()
  for (const line of text.split('\n')) {
    try {
      const [key, value] = JSON.parse(line) as [string, unknown]
      values.set(key, value)
    } catch {
      // The torn end of the journal, or an empty line.
    }
  }
  return values
}

/** One line a key into a new file, which then takes the place of the old one in one step. */
async function rewrite(folder: string, path: string, values: ReadonlyMap<string, unknown>): Promise<FileHandle> {
  const fresh = `${path}.new`
  await writeFile(fresh, [...values].map((entry) => `${JSON.stringify(entry)}\n`).join(''), { mode: 0o600, flush: true })
  await rename(fresh, path)
  const directory = await open(folder)
  await directory.sync()
  await directory.close()
  return open(path, 'a')
}
