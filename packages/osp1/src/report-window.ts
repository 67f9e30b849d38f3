import { rspctrOf } from './report.js'

/** How many reports the station remembers per device. §7.5 */
export const REPORT_WINDOW = 64

export interface KnownReport {
  rspctr: number
  rn: Buffer
  mac: Buffer
}

/** Highest RSPCTR and the newest entries, at most REPORT_WINDOW. */
export interface ReportWindow {
  highest: number
  entries: readonly KnownReport[]
}

export const EMPTY_WINDOW: ReportWindow = { highest: -1, entries: [] }

/** `new`: take it. `repeat`: answer again, process nothing. `conflict`: same counter, another report: refuse, alarm. `stale`: no answer. */
export type ReportVerdict = 'new' | 'repeat' | 'conflict' | 'stale'

/**
 * Judge an AUTHENTIC report. A counter inside the window that is not known was lost on the way or overtaken: it is new.
 */
export function judgeReport(window: ReportWindow, rn: Uint8Array, mac: Uint8Array): ReportVerdict {
  const rspctr = rspctrOf(rn)
  const known = window.entries.find((entry) => entry.rspctr === rspctr)
  if (known) return known.rn.equals(rn) && known.mac.equals(mac) ? 'repeat' : 'conflict'
  return rspctr > window.highest - REPORT_WINDOW ? 'new' : 'stale'
}

/** The window with this report in it; what fell out of the counters' range is forgotten. */
export function markReport(window: ReportWindow, rn: Uint8Array, mac: Uint8Array): ReportWindow {
  const rspctr = rspctrOf(rn)
  const highest = Math.max(window.highest, rspctr)
  const kept = window.entries.filter((entry) => entry.rspctr > highest - REPORT_WINDOW && entry.rspctr !== rspctr)
  return { highest, entries: [...kept, { rspctr, rn: Buffer.from(rn), mac: Buffer.from(mac) }].sort((a, b) => a.rspctr - b.rspctr) }
}
