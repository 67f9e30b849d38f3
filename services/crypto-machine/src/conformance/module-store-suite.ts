import { randomBytes } from 'node:crypto'
import type { ModuleHistoryRow, ModuleRow } from '../store/module-store.js'
import { HISTORY_KEPT } from '../store/module-store.js'
import type { DeviceRow, MachineStore } from '../store/store.js'
import type { FreshData, OpenStore } from './fresh-store.js'
import { newDevice } from './store-suite.js'

/** What every store does alike with modules. */

const mac = (): Buffer => randomBytes(16)
const event = { kind: 'modules-test', subject: 'test' }
const module = (slot: number, more: Partial<ModuleRow> = {}): ModuleRow => ({
  slot,
  serial: randomBytes(8),
  model: Buffer.from('ZZ-TST-1'),
  chip: slot !== 2,
  keyState: 1,
  keyVersion: 9,
  rowMac: mac(),
  ...more,
})
const entry = (slot: number, more: Partial<ModuleHistoryRow> = {}): ModuleHistoryRow => ({ at: 5, slot, kind: 'bound', serial: randomBytes(8), before: undefined, detail: 'test', ...more })

export function describeModuleStore(name: string, fresh: FreshData): void {
  describe(`modules, ${name}`, () => {
    let open: OpenStore
    let store: MachineStore
    let [one, two] = [] as unknown as [DeviceRow, DeviceRow]
    beforeAll(async () => {
      open = await fresh()
      store = open()
      await store.identity(() => ({ epoch: randomBytes(8), salt: mac(), keyCheck: mac() }))
      await store.takeOver('test')
    })
    beforeEach(async () => {
      ;[one, two] = (await store.enrol([newDevice(), newDevice()], 'enrolled')) as [DeviceRow, DeviceRow]
    })

    it('are bound once by key issue: a device that has some is left alone', async () => {
      const first = [module(0), module(1), module(2)]
      await store.bindFirst([{ deviceId: one.id, rows: first, history: [entry(0)] }], event)
      await store.bindFirst(
        [
          { deviceId: one.id, rows: [module(0)], history: [entry(0)] },
          { deviceId: two.id, rows: [], history: [] },
        ],
        event,
      )
      expect(await store.modules(one.id)).toEqual(first)
      expect(await store.moduleHistory(one.id, 10)).toHaveLength(1)
      expect(await store.modulesOf([two.address, one.address, '999999999999'])).toMatchObject([
        { device: { id: one.id, suspect: false }, rows: first, seen: undefined },
        { device: { id: two.id }, rows: [] },
      ])
    })

    it('tell where a serial is bound elsewhere, and what root keys they use apart from the own chip', async () => {
      const shared = module(1)
      await store.bindFirst([{ deviceId: one.id, rows: [module(0, { serial: one.chipSerial, keyVersion: 77 }), shared, module(2, { keyVersion: 78 })], history: [] }], event)
      expect(await store.modulesBound([shared.serial, randomBytes(8)], two.id)).toEqual([{ serial: shared.serial, address: one.address }])
      expect(await store.modulesBound([shared.serial], one.id)).toEqual([])
      expect([await store.modulesUse(1, 9), await store.modulesUse(1, 77), await store.modulesUse(1, 78)]).toEqual([true, false, false])
    })

    it('keep what a manifest said with the device it makes suspect, in one commit, and page the suspect ones', async () => {
      const findings = [{ slot: 0, serial: 'AA', model: 'BB', version: null, firmware: null, chip: true, finding: 'missing', firstSeen: null, lastSeen: null }]
      const suspect = { ...one, suspect: true, rowMac: mac() }
      const before = await store.suspectCount()
      await store.recordModules(one.id, { at: 7, findings }, { device: suspect, event, history: [entry(0, { kind: 'found' })] })
      await store.recordModules(two.id, { at: 8, findings: [] })
      const again = open()
      expect(await again.devices([one.address])).toEqual([suspect])
      expect(await again.modulesSeen(one.id)).toEqual({ at: 7, findings })
      expect(await again.modulesSeen(two.id)).toEqual({ at: 8, findings: [] })
      expect(await store.suspectCount()).toBe(before + 1)
      expect((await store.suspectPage('', 1_000)).map(({ address }) => address)).toContain(one.address)
      expect(await store.suspectPage(one.address, 1_000)).toEqual([])
    })

    it('keep the newest of a history, and only so many', async () => {
      for (let from = 0; from < HISTORY_KEPT + 40; from += 60)
        await store.recordModules(one.id, { at: from, findings: [] }, { history: Array.from({ length: 60 }, (_, i) => entry(1, { at: from + i, kind: 'version', before: '1', detail: '2' })) })
      const kept = await store.moduleHistory(one.id, 10_000)
      expect([kept.length, kept[0]?.at, kept[0]?.before, kept.at(-1)?.at]).toEqual([HISTORY_KEPT, 239, '1', 40])
      expect(await store.moduleHistory(one.id, 3)).toEqual(kept.slice(0, 3))
    })
  })
}
