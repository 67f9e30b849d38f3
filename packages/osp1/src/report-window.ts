import { RN_LENGTH, REPORT_TAG, rspctrOf } from './report.js'

/** How many reports the station remembers per device. §7.5 */
export const REPORT_WINDOW = 64

export interface KnownReport {
  rspctr: number
  rn: Buffer
  mac: Buffer
}

/** `new`: take it. `repeat`: answer again, process nothing. `conflict`: same counter, another report: refuse, alarm. `stale`: no answer. */
export type ReportVerdict = 'new' | 'repeat' | 'conflict' | 'stale'

/** The newest reports of one device, at most REPORT_WINDOW, by their counters. */
export interface ReportWindow {
  /** Highest RSPCTR; -1 before the first report. */
  readonly highest: number
  /** Judges an AUTHENTIC report. A counter inside the window that is not known was lost on the way or overtaken: it is new. */
  judge(rn: Uint8Array, mac: Uint8Array): ReportVerdict
  /** Remembers it; what fell out of the counters' range is forgotten. */
  mark(rn: Uint8Array, mac: Uint8Array): void
  /** The device lost its counter: H is this now, and what lies above it is forgotten. §7.5 */
  lowerTo(highest: number): void
}

/** One after the other in one buffer: a station keeps a window for every device, and 64 objects each would be a hundred times the bytes. */
const ENTRY = 1 + RN_LENGTH + REPORT_TAG

/** @param known in any order; those outside the window of `highest` count for nothing */
export function createReportWindow(known: readonly KnownReport[] = [], least = -1): ReportWindow {
  let highest = known.reduce((most, { rspctr }) => Math.max(most, rspctr), least)
  let slots: Buffer | undefined

  const placeOf = (rspctr: number): number => (rspctr % REPORT_WINDOW) * ENTRY
  /** Where the report with this counter lies; -1 when it is not known. */
  const find = (rspctr: number): number => {
    if (slots === undefined) return -1
    const at = placeOf(rspctr)
    return slots[at] === 1 && slots.readUInt32BE(at + 1) === rspctr ? at : -1
  }
  const keep = (rn: Uint8Array, mac: Uint8Array): void => {
    slots ??= Buffer.alloc(REPORT_WINDOW * ENTRY)
    const at = placeOf(rspctrOf(rn))
    slots[at] = 1
    slots.set(rn, at + 1)
    slots.set(mac, at + 1 + RN_LENGTH)
  }
  for (const { rspctr, rn, mac } of known) if (rspctr > highest - REPORT_WINDOW) keep(rn, mac)

  return {
    get highest() { return highest },
    judge: (rn, mac) => {
      const rspctr = rspctrOf(rn)
      if (rspctr <= highest - REPORT_WINDOW) return 'stale'
      const at = find(rspctr)
      if (at < 0 || slots === undefined) return 'new'
      const same = slots.subarray(at + 1, at + 1 + RN_LENGTH).equals(rn) && slots.subarray(at + 1 + RN_LENGTH, at + ENTRY).equals(mac)
      return same ? 'repeat' : 'conflict'
    },
    mark: (rn, mac) => {
      highest = Math.max(highest, rspctrOf(rn))
      keep(rn, mac)
    },
    lowerTo: (counter) => {
      for (let at = 0; slots !== undefined && at < slots.length; at += ENTRY) if (slots[at] === 1 && slots.readUInt32BE(at + 1) > counter) slots[at] = 0
      highest = counter
    },
  }
}
