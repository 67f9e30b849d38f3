import type { MemoryDisk } from './memory-store.js'
import type { MarkRecord, ReportHigh, ReportStore } from './report-store.js'

/** Records, windows and H on the disk. */
export interface MemoryReports {
  records: MarkRecord[]
  /** The last number given. */
  last: number
  windows: Map<number, { known: Buffer; foldedTo: number }>
  highs: Map<number, ReportHigh>
}

export const memoryReportParts = (): MemoryReports => ({ records: [], last: 0, windows: new Map(), highs: new Map() })

/** Records told at once. */
const PAGE = 2

export function memoryReports(disk: MemoryDisk, commit: (write: () => void) => Promise<void>): ReportStore {
  return {
    async markReports(marks) {
      let record = 0
      await commit(() => {
        record = ++disk.reports.last
        disk.reports.records.push({ record, marks: [...marks] })
      })
      return record
    },
    marksOnRecord: async (after) => disk.reports.records.filter(({ record }) => record > after).slice(0, PAGE),
    keepWindows: (rows, foldedTo) =>
      commit(() => {
        for (const { deviceId, known } of rows) if (disk.devices.some(({ id }) => id === deviceId)) disk.reports.windows.set(deviceId, { known, foldedTo })
      }),
    forgetMarks: (upTo) =>
      commit(() => {
        disk.reports.records = disk.reports.records.filter(({ record }) => record > upTo)
      }),
    async keptWindows(deviceIds) {
      const { windows, highs } = disk.reports
      return new Map(deviceIds
        .filter((id) => windows.has(id) || highs.has(id))
        .map((id) => [id, { ...(windows.get(id) ?? { known: Buffer.alloc(0), foldedTo: 0 }), high: highs.get(id) }]))
    },
    setReportHigh: ({ deviceId, known }, { highest, uncheckedTo }, event) =>
      commit(() => {
        disk.reports.highs.set(deviceId, { known: true, highest, uncheckedTo })
        windowAnew(disk, deviceId, known)
        disk.events.push(event)
      }),
  }
}

/** The window is this one, and nothing that is on record by now counts on top of it. */
export function windowAnew({ reports }: MemoryDisk, deviceId: number, known: Buffer): void {
  reports.windows.set(deviceId, { known, foldedTo: ++reports.last })
}
