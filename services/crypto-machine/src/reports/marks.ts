import type { MachineStore, ReportEntryRow } from '../store/store.js'

interface Waiting {
  rows: readonly ReportEntryRow[]
  resolve(): void
  reject(error: unknown): void
}

/** Rows of one statement. */
const MOST_ROWS = 8_192

/**
 * Marks of the replay windows, one statement at a time: what comes while the database works goes together in the next. A database that
 * stands still then holds one connection and not all of them, and everybody waits for it instead of being refused for want of a connection.
 * @returns resolves when the rows are durable
 */
export function createMarks(store: Pick<MachineStore, 'markReports'>): (rows: readonly ReportEntryRow[]) => Promise<void> {
  let waiting: Waiting[] = []
  let writing = false

  const take = (): Waiting[] => {
    let rows = 0
    let end = 0
    while (end < waiting.length && (end === 0 || rows + (waiting[end] as Waiting).rows.length <= MOST_ROWS)) rows += (waiting[end++] as Waiting).rows.length
    const taken = waiting.slice(0, end)
    waiting = waiting.slice(end)
    return taken
  }

  const write = async (): Promise<void> => {
    writing = true
    while (waiting.length > 0) {
      const taken = take()
      try {
        await store.markReports(taken.length === 1 ? (taken[0] as Waiting).rows : taken.flatMap(({ rows }) => rows))
        for (const one of taken) one.resolve()
      } catch (error) {
        for (const one of taken) one.reject(error)
      }
    }
    writing = false
  }

  return (rows) => new Promise((resolve, reject) => {
    waiting.push({ rows, resolve, reject })
    if (!writing) void write()
  })
}
