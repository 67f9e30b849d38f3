import { randomBytes } from 'node:crypto'
import type { OrderRow, PersonRow, PlaceRow, PolicyRow } from '../store/authority-store.js'
import type { KeyUpdateRow } from '../store/field-store.js'
import type { ModuleRow } from '../store/module-store.js'
import { FencedError } from '../store/store.js'
import type { DeviceRow, MachineStore } from '../store/store.js'
import type { MandateRow, TicketUseRow } from '../store/ticket-store.js'
import { newDevice } from './store-suite.js'

const event = { kind: 'test', subject: 'authority', detail: { n: 1 } }
const mac = (): Buffer => randomBytes(16)
const person = (more: Partial<PersonRow> = {}): PersonRow => ({
  id: randomBytes(8),
  name: '张三',
  publicKey: randomBytes(65),
  roles: ['operator', 'approver'],
  areas: [Buffer.alloc(8, 1), Buffer.alloc(8, 2)],
  state: 'active',
  rowMac: mac(),
  ...more,
})
const order = (): OrderRow => ({ orderId: randomBytes(16), bytes: randomBytes(90), sigFirst: randomBytes(64), sigSecond: undefined, appliedAt: 1_800_000_000_000 })
const use = (more: Partial<TicketUseRow> = {}): TicketUseRow => ({
  ticketId: randomBytes(16),
  dispersion: randomBytes(8),
  usedAt: 1_800_000_000_000,
  notAfter: 1_800_000_900_000,
  task: 8,
  target: Buffer.from('80008100', 'hex'),
  mandateId: undefined,
  ...more,
})
const mandate = (more: Partial<MandateRow> = {}): MandateRow => ({
  mandateId: randomBytes(16),
  bytes: randomBytes(79),
  operatorId: randomBytes(8),
  approverId: randomBytes(8),
  sigOperator: randomBytes(64),
  sigApprover: randomBytes(64),
  revoked: false,
  rowMac: mac(),
  ...more,
})
const update = (deviceId: number, more: Partial<KeyUpdateRow> = {}): KeyUpdateRow => ({
  updateId: randomBytes(8),
  deviceId,
  orderId: randomBytes(16),
  state: 'ordered',
  newState: 1,
  newVersion: 2,
  newDispersion: randomBytes(8),
  stage: undefined,
  changedAt: 1_800_000_000_000,
  rowMac: mac(),
  ...more,
})
const module = (slot: number): ModuleRow => ({
  slot,
  serial: randomBytes(8),
  model: Buffer.from('MGT-01\0\0'),
  chip: slot !== 2,
  keyState: 1,
  keyVersion: 1,
  rowMac: mac(),
})

/** What every store does alike with people, tickets, modules and key updates. */
export function describeAuthorityStore(name: string, open: () => Promise<MachineStore>): void {
  const owner = async (): Promise<MachineStore> => {
    const store = await open()
    await store.takeOver('authority')
    return store
  }
  const device = async (store: MachineStore): Promise<DeviceRow> => {
    const [row] = await store.enrol([newDevice({ address: String(randomBytes(5).readUIntBE(0, 5)).padStart(12, '0').slice(-12) })], 'test')
    if (!row) throw new Error('not enrolled')
    return row
  }

  describe(`the machine store ${name}, authority`, () => {
    it('founds once', async () => {
      const store = await owner()
      const founder = person()
      const mark = { name: 'founded', value: founder.id, rowMac: mac() }
      const first = (await store.people()).length === 0
      expect(await store.found([founder], mark, event)).toBe(first)
      expect(await store.found([person()], mark, event)).toBe(false)
      expect(await store.mark('founded')).toEqual(first ? mark : expect.anything())
      expect(await store.mark('nothing')).toBeUndefined()
    })

    it('carries an order out whole and once', async () => {
      const store = await owner()
      const at = await device(store)
      const [who, place, policy] = [
        person(),
        { address: at.address, area: randomBytes(8), profile: 'sm', offsetMinutes: -330, terminal: '000000000001', rowMac: mac() } as PlaceRow,
        { task: 5, service: 6, target: randomBytes(4), allows: 'operator-alone', rowMac: mac() } as PolicyRow,
      ]
      const [standing, job] = [mandate(), update(at.id)]
      const modules = [module(0), module(2)]
      const changed = { ...at, suspect: true, rowMac: mac() }
      const one = order()
      const changes = {
        people: [who],
        places: [place],
        policies: [policy],
        devices: [changed],
        modules: { deviceId: at.id, rows: modules, history: [] },
        mandates: [standing],
        keyUpdates: [job],
      }
      expect(await store.commitOrder(one, changes, event)).toBe(true)
      expect(await store.people()).toContainEqual(who)
      expect(await store.places([at.address, '999999999990'])).toEqual([place])
      expect((await store.placesAfter('', 4096)).map((row) => row.address)).toEqual([...new Set((await store.placesAfter('', 4096)).map((row) => row.address))].sort())
      expect(await store.placesAfter(String(BigInt(at.address) - 1n).padStart(12, '0'), 1)).toEqual([place])
      expect(await store.policies()).toContainEqual(policy)
      expect(await store.devices([at.address])).toEqual([changed])
      expect(await store.devicesById([at.id])).toEqual([changed])
      expect(await store.modules(at.id)).toEqual(modules)
      expect(await store.mandates()).toContainEqual(standing)
      expect(await store.openKeyUpdates([at.id])).toEqual([job])

      expect(await store.commitOrder(one, { people: [{ ...who, state: 'withdrawn' }] }, event)).toBe(false)
      expect(await store.people()).toContainEqual(who)
      const next = order()
      const after = { ...who, state: 'suspended' as const, rowMac: mac() }
      expect(
        await store.commitOrder(
          { ...next, sigSecond: randomBytes(64) },
          { people: [after], unplaced: [at.address], removedPolicies: [policy], modules: { deviceId: at.id, rows: [module(1)], history: [] }, mandates: [{ ...standing, revoked: true }] },
          event,
        ),
      ).toBe(true)
      expect(await store.people()).toContainEqual(after)
      expect(await store.places([at.address])).toEqual([])
      expect(await store.policies()).not.toContainEqual(policy)
      expect(await store.modules(at.id)).toHaveLength(1)
      expect(await store.mandates()).toContainEqual({ ...standing, revoked: true })
    })

    it('takes nothing of an order that does not fit: one key one person, one open key update a device', async () => {
      const store = await owner()
      const at = await device(store)
      const who = person()
      await store.commitOrder(order(), { people: [who], keyUpdates: [update(at.id)] }, event)
      const other = person({ publicKey: who.publicKey })
      const fresh = person()
      await expect(store.commitOrder(order(), { people: [fresh, other] }, event)).rejects.toThrow()
      await expect(store.commitOrder(order(), { people: [fresh], keyUpdates: [update(at.id)] }, event)).rejects.toThrow()
      expect(await store.people()).not.toContainEqual(fresh)
      expect(await store.openKeyUpdates([at.id])).toHaveLength(1)
    })

    it('spends a ticket once for each device, and counts uses under a mandate', async () => {
      const store = await owner()
      const one = use()
      expect(await store.useTicket(one, event)).toBe(true)
      expect(await store.useTicket(one, event)).toBe(false)
      expect(await store.useTicket({ ...one, dispersion: randomBytes(8) }, event)).toBe(true)
      expect(await store.ticketUse(one.ticketId, one.dispersion)).toEqual(one)
      expect(await store.ticketUse(one.ticketId, randomBytes(8))).toBeUndefined()
      const mandateId = randomBytes(16)
      for (const usedAt of [1_000, 2_000, 3_000]) await store.useTicket(use({ mandateId, usedAt, notAfter: 4_000 }), event)
      expect(await store.mandateUses(mandateId, 2_000)).toEqual([2_000, 3_000])
      await store.forgetUses(2_500)
      expect(await store.mandateUses(mandateId, 0)).toEqual([1_000, 2_000, 3_000])
      await store.forgetUses(4_001)
      expect(await store.mandateUses(mandateId, 0)).toEqual([])
      expect(await store.ticketUse(one.ticketId, one.dispersion)).toEqual(one)
    })

    it('one of many uses of one ticket at a time wins', async () => {
      const store = await owner()
      const one = use()
      const wins = await Promise.all(Array.from({ length: 8 }, () => store.useTicket(one, event)))
      expect(wins.filter(Boolean)).toHaveLength(1)
    })

    it('takes one mandate for each beginning of an id', async () => {
      const store = await owner()
      const one = mandate()
      expect(await store.addMandate(one, event)).toBe(true)
      expect(await store.addMandate(mandate({ mandateId: Buffer.concat([one.mandateId.subarray(0, 8), randomBytes(8)]) }), event)).toBe(false)
    })

    it('keeps keys of people, marks, what modules said and the steps of a key update', async () => {
      const store = await owner()
      const at = await device(store)
      const key = { publicKey: randomBytes(65), salt: randomBytes(16), wrapped: randomBytes(80) }
      await store.putPersonKey(key, event)
      await store.putPersonKey({ ...key, salt: Buffer.alloc(16, 7) }, event)
      expect(await store.personKey(key.publicKey)).toEqual({ ...key, salt: Buffer.alloc(16, 7) })
      expect(await store.personKey(randomBytes(65))).toBeUndefined()
      const mark = { name: `mark-${randomBytes(3).toString('hex')}`, value: randomBytes(8), rowMac: mac() }
      await store.setMark({ ...mark, value: randomBytes(8) })
      await store.setMark(mark)
      expect(await store.mark(mark.name)).toEqual(mark)
      const findings = [{ slot: 0, serial: 'AA', model: 'BB', version: 1, firmware: 'CC', chip: true, finding: 'proved', firstSeen: 4, lastSeen: 5 }]
      await store.recordModules(at.id, { at: 5, findings })
      expect(await store.modulesSeen(at.id)).toEqual({ at: 5, findings })
      const suspect = { ...at, suspect: true, rowMac: mac() }
      await store.recordModules(at.id, { at: 6, findings: [] }, { device: suspect, event })
      expect(await store.modulesSeen(at.id)).toEqual({ at: 6, findings: [] })
      expect(await store.devices([at.address])).toEqual([suspect])
      const job = update(at.id)
      await store.saveKeyUpdate(job, undefined, event)
      const staged = { ...job, state: 'staged' as const, stage: randomBytes(100), rowMac: mac() }
      await store.saveKeyUpdate(staged, undefined, event)
      expect(await store.openKeyUpdates()).toContainEqual(staged)
      const renewed = { ...suspect, keyVersion: 2, rowMac: mac() }
      await store.saveKeyUpdate({ ...staged, state: 'done' }, renewed, event)
      expect(await store.openKeyUpdates([at.id])).toEqual([])
      expect(await store.devices([at.address])).toEqual([renewed])
      await store.updateDevice({ ...renewed, status: 'unreachable-key' }, event)
      expect(await store.devices([at.address])).toMatchObject([{ status: 'unreachable-key' }])
    })

    it('fences every one of these writes off, whole', async () => {
      const [former, next] = [await owner(), await open()]
      const at = await device(former)
      await next.takeOver('next')
      const [who, one] = [person(), use()]
      for (const write of [
        () => former.found([who], { name: 'x', value: randomBytes(1), rowMac: mac() }, event),
        () => former.commitOrder(order(), { people: [who] }, event),
        () => former.setMark({ name: 'x', value: randomBytes(1), rowMac: mac() }),
        () => former.putPersonKey({ publicKey: who.publicKey, salt: mac(), wrapped: mac() }, event),
        () => former.useTicket(one, event),
        () => former.forgetUses(9e15),
        () => former.addMandate(mandate(), event),
        () => former.updateDevice({ ...at, suspect: true }, event),
        () => former.recordModules(at.id, { at: 1, findings: [] }),
        () => former.bindFirst([{ deviceId: at.id, rows: [module(0)], history: [] }], event),
        () => former.recordModules(at.id, { at: 1, findings: [] }, { device: { ...at, suspect: true }, event }),
        () => former.saveKeyUpdate(update(at.id), undefined, event),
      ])
        await expect(write()).rejects.toThrow(FencedError)
      expect(await next.people()).not.toContainEqual(who)
      expect(await next.ticketUse(one.ticketId, one.dispersion)).toBeUndefined()
      expect(await next.openKeyUpdates([at.id])).toEqual([])
      expect(await next.devices([at.address])).toEqual([at])
    })

    it('tells its events in order, also those of others than the owner', async () => {
      const store = await owner()
      const before = (await store.events(0, 100_000)).at(-1)?.id ?? 0
      await store.addEvent(event)
      await (await open()).note({ kind: 'noted', subject: 'ceremony' })
      expect(await store.events(before, 10)).toMatchObject([event, { kind: 'noted', subject: 'ceremony', detail: {} }])
      expect(await store.events(before, 1)).toHaveLength(1)
    })

    it('begins a new epoch: nobody owns it, and every report window is unknown', async () => {
      const store = await owner()
      await store.identity(() => ({ epoch: randomBytes(8), salt: randomBytes(16), keyCheck: randomBytes(40) }))
      const [one, two] = [await device(store), await device(store)]
      await store.setReportHigh({ deviceId: one.id, known: Buffer.alloc(0) }, { highest: 9, uncheckedTo: -1 }, event)
      const epoch = randomBytes(8)
      await store.newEpoch(epoch, Buffer.from('check'), event)
      expect(await store.owned()).toBe(false)
      await expect(store.addEvent(event)).rejects.toThrow(FencedError)
      const again = await owner()
      expect(await again.identity(() => ({ epoch: randomBytes(8), salt: mac(), keyCheck: mac() }))).toMatchObject({ epoch, keyCheck: Buffer.from('check') })
      const windows = await again.keptWindows([one.id, two.id])
      expect([windows.get(one.id)?.high, windows.get(two.id)?.high]).toEqual([
        { known: false, highest: 9, uncheckedTo: -1 },
        { known: false, highest: -1, uncheckedTo: -1 },
      ])
    })
  })
}
