import { ReportWindow, knownReports } from '@zhuzhan/osp1'
import { serially } from '../authority/serially.js'
import type { KeptWindow, ReportMark, ReportStore } from '../store/report-store.js'
import type { KeyEvent } from '../store/store.js'

/** A mark and the window it belongs to. */
export interface WindowMark extends ReportMark {
  window: ReportWindow
}

/** What a device needs of its reports when it is first used. */
export interface LoadedWindow {
  readonly window: ReportWindow
  /** False after a restore until F100 attribute 7 was read in a session (§7.10). */
  windowKnown: boolean
  /** Report counters up to this one may have been taken before a restore and forgotten by it; -1: none. */
  uncheckedTo: number
}

export interface ReportWindows {
  /** With everything that is on record. Devices that never reported have an empty one. */
  load(deviceIds: readonly number[]): Promise<Map<number, LoadedWindow>>
  /** These are durable now, in this record. */
  marked(record: number, marks: readonly WindowMark[]): void
  /** The device lost its counter, or tells it after a restore: H is this. §7.5, §7.10 */
  setHigh(device: LoadedWindow & { row: { id: number } }, high: { highest: number; uncheckedTo: number }, event: KeyEvent): Promise<void>
  /** Another device takes the place: `replace` writes it with an empty window. */
  replaced<T>(deviceId: number, replace: () => Promise<T>): Promise<T>
  /** Marks on record that no kept window holds yet. */
  readonly onRecord: number
}

/** So many marks on record are read at a start within a second or two: 12 MB. */
const FOLD_MARKS = 500_000
/** Windows of one statement. */
const ROWS = 256

const NONE: KeptWindow = { known: Buffer.alloc(0), foldedTo: 0, high: undefined }
const windowOf = ({ known, high }: KeptWindow): ReportWindow => new ReportWindow(knownReports(known), high?.highest)

/**
 * The replay windows in use, and how they come back after an end without warning: marks are on record first; every `foldMarks` of them the
 * windows they touched are kept whole and the record is forgotten. What a start finds on record is folded before any device is loaded.
 */
export function createReportWindows({ store, foldMarks = FOLD_MARKS }: { store: ReportStore; foldMarks?: number }): ReportWindows {
  /** What is folded, set and replaced one after the other never overwrites each other. */
  const alone = serially()
  /** Windows with marks that only the record holds: a device that drops out of use meanwhile must find its own again. */
  let touched = new Map<number, ReportWindow>()
  let folding = new Map<number, ReportWindow>()
  let [onRecord, foldAt, last] = [0, foldMarks, 0]
  let recovered: Promise<void> | undefined

  const keep = async (windows: ReadonlyMap<number, ReportWindow>, foldedTo: number): Promise<void> => {
    const all = [...windows]
    for (let at = 0; at < all.length; at += ROWS)
      await store.keepWindows(all.slice(at, at + ROWS).map(([deviceId, window]) => ({ deviceId, known: window.packed() })), foldedTo)
    await store.forgetMarks(foldedTo)
  }

  const recover = async (): Promise<void> => {
    const found = new Map<number, { window: ReportWindow; foldedTo: number }>()
    let upTo = 0
    for (let page = await store.marksOnRecord(0); page.length > 0; page = await store.marksOnRecord(upTo)) {
      const unknown = [...new Set(page.flatMap(({ marks }) => marks.map(({ deviceId }) => deviceId)))].filter((id) => !found.has(id))
      const kept = await store.keptWindows(unknown)
      for (const id of unknown) found.set(id, { window: windowOf(kept.get(id) ?? NONE), foldedTo: kept.get(id)?.foldedTo ?? 0 })
      for (const { record, marks } of page) {
        for (const { deviceId, rn, mac } of marks) {
          const one = found.get(deviceId)
          if (one && record > one.foldedTo) one.window.mark(rn, mac)
        }
        upTo = record
      }
    }
    if (upTo > 0) await keep(new Map([...found].map(([id, { window }]) => [id, window])), upTo)
  }

  const fold = async (): Promise<void> => {
    const marks = onRecord
    ;[folding, touched] = [touched, new Map()]
    try {
      await keep(folding, last)
      onRecord -= marks
    } catch {
      // The record still holds all of it, and the next mark tells whoever waits what is wrong with the database.
      touched = new Map([...folding, ...touched])
    }
    folding = new Map()
    foldAt = onRecord + foldMarks
  }

  return {
    async load(deviceIds) {
      await (recovered ??= recover().catch((error: unknown) => {
        recovered = undefined
        throw error
      }))
      const inUse = (id: number): ReportWindow | undefined => touched.get(id) ?? folding.get(id)
      // Before the question: what is kept by the time of the answer is no longer in use.
      const before = deviceIds.map(inUse)
      const kept = await store.keptWindows(deviceIds)
      return new Map(deviceIds.map((id, n): [number, LoadedWindow] => {
        const row = kept.get(id) ?? NONE
        return [id, { window: inUse(id) ?? before[n] ?? windowOf(row), windowKnown: row.high?.known ?? true, uncheckedTo: row.high?.uncheckedTo ?? -1 }]
      }))
    },
    marked(record, marks) {
      for (const { deviceId, window, rn, mac } of marks) {
        window.mark(rn, mac)
        touched.set(deviceId, window)
      }
      last = record
      onRecord += marks.length
      if (onRecord < foldAt) return
      foldAt = Infinity
      void alone(fold)
    },
    setHigh: (device, { highest, uncheckedTo }, event) => alone(async () => {
      await store.setReportHigh({ deviceId: device.row.id, known: device.window.packed(highest) }, { highest, uncheckedTo }, event)
      device.window.lowerTo(highest)
      device.windowKnown = true
      device.uncheckedTo = uncheckedTo
    }),
    replaced: (deviceId, replace) => alone(async () => {
      const replaced = await replace()
      touched.delete(deviceId)
      return replaced
    }),
    get onRecord() {
      return onRecord
    },
  }
}
