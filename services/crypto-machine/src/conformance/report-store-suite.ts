import fc from 'fast-check'
import { KNOWN_REPORT, ReportWindow, knownReports } from '@zhuzhan/osp1'
import { createMarks } from '../reports/marks.js'
import { createReportWindows } from '../reports/report-windows.js'
import type { LoadedWindow, ReportWindows } from '../reports/report-windows.js'
import { FencedError } from '../store/store.js'
import type { MachineStore } from '../store/store.js'
import { newDevice } from './store-suite.js'

const event = { kind: 'test', subject: 'suite', detail: { n: 1 } }
/** RN and MAC are told by the counter, and by what the device was when it sent it. */
const rnOf = (rspctr: number): Buffer => { const rn = Buffer.alloc(12, 7); rn.writeUInt32BE(rspctr); return rn }
const macOf = (life: number): Buffer => Buffer.alloc(8, life)
const mark = (deviceId: number, rspctr: number, life = 1) => ({ deviceId, rn: rnOf(rspctr), mac: macOf(life) })
const DEVICES = 3

/** One thing that happens to the windows of a station. */
const happening = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('reports' as const), of: fc.array(fc.tuple(fc.nat(DEVICES - 1), fc.nat(150)), { minLength: 1, maxLength: 12 }) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('restart' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('set high' as const), device: fc.nat(DEVICES - 1), highest: fc.nat(150) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('replaced' as const), device: fc.nat(DEVICES - 1) }) },
  // Dropped from the cache of devices: the next use loads it again.
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('out of use' as const), device: fc.nat(DEVICES - 1) }) },
)

/** Marks, records and windows. @param open a further store over the same data */
export function describeReportStore(name: string, open: () => Promise<MachineStore>): void {
  describe(`reports, ${name}`, () => {
    const owner = async (devices = 1): Promise<[MachineStore, number, number[]]> => {
      const store = await open()
      await store.takeOver('reports')
      const rows = await store.enrol(Array.from({ length: devices }, () => newDevice()), 'test')
      // What other tests left on record is folded first.
      await createReportWindows({ store }).load([])
      return [store, rows[0]?.id ?? 0, rows.map(({ id }) => id)]
    }
    const onRecord = async (store: MachineStore) => {
      const all = []
      for (let page = await store.marksOnRecord(0); page.length > 0; page = await store.marksOnRecord(page.at(-1)?.record ?? 0)) all.push(...page)
      return all
    }

    it('keeps every mark in the order of its record, until it is forgotten', async () => {
      const [store, id] = await owner()
      const records = []
      for (let n = 0; n < 5; n++) records.push(await store.markReports([mark(id, 2 * n), mark(id, 2 * n + 1)]))
      expect([...records].sort((a, b) => a - b)).toEqual(records)
      expect(new Set(records).size).toBe(5)
      expect(await onRecord(store)).toEqual(records.map((record, n) => ({ record, marks: [mark(id, 2 * n), mark(id, 2 * n + 1)] })))
      await store.forgetMarks(records[3] ?? 0)
      expect(await onRecord(store)).toMatchObject([{ record: records[4] }])
    })

    it('keeps whole windows, leaves out devices that are gone, and sets H on top of what is on record', async () => {
      const [store, id] = await owner()
      const known = Buffer.concat([rnOf(3), macOf(1)])
      await store.keepWindows([{ deviceId: id, known }, { deviceId: 2_000_000_000, known }], 7)
      expect(await store.keptWindows([id, 2_000_000_000])).toEqual(new Map([[id, { known, foldedTo: 7, high: undefined }]]))
      const record = await store.markReports([mark(id, 4)])
      await store.setReportHigh({ deviceId: id, known: Buffer.alloc(0) }, { highest: 2, uncheckedTo: -1 }, event)
      const set = (await store.keptWindows([id])).get(id)
      expect(set).toMatchObject({ known: Buffer.alloc(0), high: { known: true, highest: 2, uncheckedTo: -1 } })
      expect(set?.foldedTo).toBeGreaterThan(record)
      const later = await store.markReports([mark(id, 5)])
      await store.replaceDevice(id, newDevice(), event)
      const anew = (await store.keptWindows([id])).get(id)
      expect(anew).toMatchObject({ known: Buffer.alloc(0), high: undefined })
      expect(anew?.foldedTo).toBeGreaterThan(later)
      expect(await store.markReports([mark(id, 6)])).toBeGreaterThan(anew?.foldedTo ?? Infinity)
    })

    it('fences a former owner off', async () => {
      const [former, id] = await owner()
      const next = await open()
      await next.takeOver('next')
      for (const write of [
        () => former.markReports([mark(id, 1)]),
        () => former.keepWindows([{ deviceId: id, known: Buffer.alloc(KNOWN_REPORT) }], 9),
        () => former.forgetMarks(1_000_000_000),
        () => former.setReportHigh({ deviceId: id, known: Buffer.alloc(0) }, { highest: 0, uncheckedTo: -1 }, event),
      ]) await expect(write()).rejects.toThrow(FencedError)
      expect([await onRecord(next), await next.keptWindows([id])]).toEqual([[], new Map()])
    })

    // Mutations seen failing: forgetting before keeping, no `record > foldedTo`, no window from `touched`, `replaced` without `touched.delete`.
    it('whatever happens in whatever order, a window knows what one that never ended would know', async () => {
      await fc.assert(fc.asyncProperty(fc.array(happening, { maxLength: 30 }), fc.integer({ min: 1, max: 25 }), async (story, foldMarks) => {
        const [first, , ids] = await owner(DEVICES)
        let store = first
        let windows: ReportWindows = createReportWindows({ store, foldMarks })
        let markDurably = createMarks(store, windows)
        let inUse = new Map<number, LoadedWindow>()
        const truth = ids.map(() => new ReportWindow())
        const lives = ids.map(() => 1)
        const use = async (n: number): Promise<LoadedWindow> => {
          const id = ids[n] as number
          const there = inUse.get(id) ?? (await windows.load([id])).get(id)
          if (!there) throw new Error('a device without a window')
          inUse.set(id, there)
          return there
        }
        for (const one of story) {
          if (one.kind === 'reports') {
            const marks = []
            for (const [n, rspctr] of one.of) {
              const { window } = await use(n)
              const [rn, mac] = [rnOf(rspctr), macOf(lives[n] as number)]
              expect(window.judge(rn, mac)).toBe((truth[n] as ReportWindow).judge(rn, mac))
              if (window.judge(rn, mac) === 'new') marks.push({ deviceId: ids[n] as number, window, rn, mac })
            }
            // Two statements under way, as batches of two front ends would be.
            const half = Math.ceil(marks.length / 2)
            await Promise.all([marks.slice(0, half), marks.slice(half)].filter((some) => some.length > 0).map((some) => markDurably(some)))
            for (const { deviceId, rn, mac } of marks) truth[ids.indexOf(deviceId)]?.mark(rn, mac)
          } else if (one.kind === 'restart') {
            store = await open()
            await store.takeOver('again')
            windows = createReportWindows({ store, foldMarks })
            markDurably = createMarks(store, windows)
            inUse = new Map()
          } else if (one.kind === 'set high') {
            const loaded = await use(one.device)
            await windows.setHigh({ ...loaded, row: { id: ids[one.device] as number } }, { highest: one.highest, uncheckedTo: -1 }, event)
            truth[one.device]?.lowerTo(one.highest)
          } else if (one.kind === 'replaced') {
            const id = ids[one.device] as number
            await windows.replaced(id, () => store.replaceDevice(id, newDevice(), event))
            inUse.delete(id)
            truth[one.device] = new ReportWindow()
            lives[one.device] = (lives[one.device] as number) + 1
          } else {
            inUse.delete(ids[one.device] as number)
          }
        }
        store = await open()
        await store.takeOver('last')
        const loaded = await createReportWindows({ store }).load(ids)
        expect(ids.map((id) => knownReports(loaded.get(id)?.window.packed() ?? Buffer.alloc(0)))).toEqual(truth.map((window) => knownReports(window.packed())))
        expect(ids.map((id) => loaded.get(id)?.window.highest)).toEqual(truth.map((window) => window.highest))
        expect(await onRecord(store)).toEqual([])
      }), { numRuns: 30 })
    })

    it('a fold that the database refuses loses nothing, and comes again', async () => {
      const [store, id] = await owner()
      let refuse = true
      const flaky: MachineStore = { ...store, keepWindows: (rows, to) => (refuse ? Promise.reject(new Error('refused')) : store.keepWindows(rows, to)) }
      const windows = createReportWindows({ store: flaky, foldMarks: 4 })
      const markDurably = createMarks(store, windows)
      const { window } = (await windows.load([id])).get(id) as LoadedWindow
      const report = (n: number): Promise<void> => markDurably([{ ...mark(id, n), window }])
      for (let n = 0; n < 6; n++) await report(n)
      // Whoever changes a window waits for the fold.
      await windows.replaced(2_000_000_000, async () => undefined)
      expect([windows.onRecord, (await onRecord(store)).length]).toEqual([6, 6])
      refuse = false
      for (let n = 6; n < 12; n++) await report(n)
      await windows.replaced(2_000_000_000, async () => undefined)
      // Those that came while it was folded.
      expect(windows.onRecord).toBeLessThan(6)
      expect((await onRecord(store)).length).toBe(windows.onRecord)
      expect(knownReports((await createReportWindows({ store }).load([id])).get(id)?.window.packed() ?? Buffer.alloc(0)).map(({ rspctr }) => rspctr)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11])
    })
  })
}
