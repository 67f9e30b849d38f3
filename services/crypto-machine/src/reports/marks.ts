import type { ReportStore } from '../store/report-store.js'
import type { ReportWindows, WindowMark } from './report-windows.js'

interface Waiting {
  marks: readonly WindowMark[]
  resolve(): void
  reject(error: unknown): void
}

/** Marks of one statement: 200 KB. */
const MOST_MARKS = 8_192

/**
 * Marks of the replay windows, one statement at a time: what comes while the database works goes together in the next. A database that
 * stands still then holds one connection and not all of them, and everybody waits for it instead of being refused for want of a connection.
 * @returns resolves when the marks are durable and in their windows
 */
export function createMarks(store: Pick<ReportStore, 'markReports'>, windows: Pick<ReportWindows, 'marked'>): (marks: readonly WindowMark[]) => Promise<void> {
  let waiting: Waiting[] = []
  let writing = false

  const take = (): Waiting[] => {
    let marks = 0
    let end = 0
    while (end < waiting.length && (end === 0 || marks + (waiting[end] as Waiting).marks.length <= MOST_MARKS)) marks += (waiting[end++] as Waiting).marks.length
    const taken = waiting.slice(0, end)
    waiting = waiting.slice(end)
    return taken
  }

  const write = async (): Promise<void> => {
    writing = true
    while (waiting.length > 0) {
      const taken = take()
      try {
        const marks = taken.length === 1 ? (taken[0] as Waiting).marks : taken.flatMap((one) => one.marks)
        windows.marked(await store.markReports(marks), marks)
        for (const one of taken) one.resolve()
      } catch (error) {
        for (const one of taken) one.reject(error)
      }
    }
    writing = false
  }

  return (marks) => new Promise((resolve, reject) => {
    waiting.push({ marks, resolve, reject })
    if (!writing) void write()
  })
}
