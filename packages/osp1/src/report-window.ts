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

/** One after the other in one buffer: a station keeps a window for every device, and 64 objects each would be a hundred times the bytes. */
const ENTRY = 1 + RN_LENGTH + REPORT_TAG

/** Bytes of one report in a packed window: RN, MAC. */
export const KNOWN_REPORT = RN_LENGTH + REPORT_TAG

/** The reports of a packed window. @throws RangeError when bytes are left over */
export function knownReports(packed: Buffer): KnownReport[] {
  if (packed.length % KNOWN_REPORT !== 0) throw new RangeError(`a packed window of ${packed.length} bytes`)
  return Array.from({ length: packed.length / KNOWN_REPORT }, (_, n) => {
    const rn = packed.subarray(n * KNOWN_REPORT, n * KNOWN_REPORT + RN_LENGTH)
    return { rspctr: rspctrOf(rn), rn, mac: packed.subarray(n * KNOWN_REPORT + RN_LENGTH, (n + 1) * KNOWN_REPORT) }
  })
}

/** The newest reports of one device, at most REPORT_WINDOW, by their counters. A class, for a station has hundreds of thousands. */
export class ReportWindow {
  private slots: Buffer | undefined
  private top: number

  /** @param known in any order; those outside the window of the highest count for nothing. @param least H where no report is that high */
  constructor(known: readonly KnownReport[] = [], least = -1) {
    this.top = known.reduce((most, { rspctr }) => Math.max(most, rspctr), least)
    for (const { rn, mac } of known) this.mark(rn, mac)
  }

  /** Highest RSPCTR; -1 before the first report. */
  get highest(): number {
    return this.top
  }

  /** Judges an AUTHENTIC report. A counter inside the window that is not known was lost on the way or overtaken: it is new. */
  judge(rn: Uint8Array, mac: Uint8Array): ReportVerdict {
    const rspctr = rspctrOf(rn)
    if (this.forgets(rspctr)) return 'stale'
    const { slots } = this
    const at = placeOf(rspctr)
    if (slots === undefined || slots[at] !== 1 || slots.readUInt32BE(at + 1) !== rspctr) return 'new'
    const same = slots.subarray(at + 1, at + 1 + RN_LENGTH).equals(rn) && slots.subarray(at + 1 + RN_LENGTH, at + ENTRY).equals(mac)
    return same ? 'repeat' : 'conflict'
  }

  /** Remembers it. One that younger reports have put outside the window meanwhile must not take the place of one of them. */
  mark(rn: Uint8Array, mac: Uint8Array): void {
    const rspctr = rspctrOf(rn)
    if (this.forgets(rspctr)) return
    this.top = Math.max(this.top, rspctr)
    const slots = (this.slots ??= Buffer.alloc(REPORT_WINDOW * ENTRY))
    const at = placeOf(rspctr)
    slots[at] = 1
    slots.set(rn, at + 1)
    slots.set(mac, at + 1 + RN_LENGTH)
  }

  /** RN and MAC of every report it knows up to this counter, one after the other: what `knownReports` reads again. */
  packed(highest = this.top): Buffer {
    const { slots } = this
    const parts: Buffer[] = []
    for (let at = 0; slots !== undefined && at < slots.length; at += ENTRY) {
      const rspctr = slots.readUInt32BE(at + 1)
      if (slots[at] === 1 && rspctr <= highest && !this.forgets(rspctr)) parts.push(slots.subarray(at + 1, at + ENTRY))
    }
    return Buffer.concat(parts)
  }

  /** The device lost its counter: H is this now; what lies above it is forgotten, and what had left the window does not come back. §7.5 */
  lowerTo(highest: number): void {
    const { slots } = this
    for (let at = 0; slots !== undefined && at < slots.length; at += ENTRY) {
      const rspctr = slots.readUInt32BE(at + 1)
      if (rspctr > highest || this.forgets(rspctr)) slots[at] = 0
    }
    this.top = highest
  }

  private forgets(rspctr: number): boolean {
    return rspctr <= this.top - REPORT_WINDOW
  }
}

function placeOf(rspctr: number): number {
  return (rspctr % REPORT_WINDOW) * ENTRY
}
