import type { KeyEvent } from './store.js'

/** A report that was answered: never new again. RSPCTR is the head of its RN. §7.5 */
export interface ReportMark {
  deviceId: number
  rn: Buffer
  mac: Buffer
}

/** The packed window of one device (`ReportWindow.packed`). */
export interface WindowRow {
  deviceId: number
  known: Buffer
}

/** Marks of one statement. */
export interface MarkRecord {
  record: number
  marks: ReportMark[]
}

/** H of a device where it is not simply its highest known report. */
export interface ReportHigh {
  /** False after a restore until F100 attribute 7 was read in a session (§7.10). */
  known: boolean
  highest: number
  /** Counters up to this one may have been taken before a restore; only those among the known are told apart. -1: none. */
  uncheckedTo: number
}

/** What is kept of a device's reports in one place; marks on record since `foldedTo` come on top. */
export interface KeptWindow {
  /** Packed. */
  known: Buffer
  foldedTo: number
  high: ReportHigh | undefined
}

/**
 * The replay windows of reports. A mark is durable before its report is answered; a statement of many marks is one row, put at the end of
 * the record, for a row a mark cost more than everything else a report does to the database. Now and then whole windows are kept, and the
 * record is forgotten up to there; at a start what is still on record is read first.
 */
export interface ReportStore {
  /** @returns the number of the record, higher than every one before */
  markReports(marks: readonly ReportMark[]): Promise<number>
  /** What is on record above `after`, oldest first, some at a time; empty at the end. */
  marksOnRecord(after: number): Promise<MarkRecord[]>
  /** Windows that hold every mark on record up to `foldedTo`. Devices that are gone are left out. */
  keepWindows(rows: readonly WindowRow[], foldedTo: number): Promise<void>
  forgetMarks(upTo: number): Promise<void>
  /** By device id; a device without is simply not there. */
  keptWindows(deviceIds: readonly number[]): Promise<Map<number, KeptWindow>>
  /** Set H from an authentic reading of F100 attribute 7. The window kept is this one, whatever is on record now. */
  setReportHigh(window: WindowRow, high: Omit<ReportHigh, 'known'>, event: KeyEvent): Promise<void>
}
