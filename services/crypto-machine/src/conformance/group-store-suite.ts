import { randomBytes } from 'node:crypto'
import type { OrderChanges } from '../store/authority-store.js'
import { FencedError } from '../store/store.js'
import type { DeviceRow, MachineStore } from '../store/store.js'
import { newDevice } from './store-suite.js'

const event = { kind: 'test', subject: 'groups', detail: {} }
const order = (store: MachineStore, changes: OrderChanges): Promise<boolean> =>
  store.commitOrder({ orderId: randomBytes(16), bytes: Buffer.alloc(1), sigFirst: randomBytes(64), sigSecond: undefined, appliedAt: 1 }, changes, event)
const member = (row: DeviceRow, since = 1_000) => ({ deviceId: row.id, since, rowMac: randomBytes(16) })

/** Groups of clock broadcasts: what every store must do alike. `open` gives a new process on the same data. */
export function describeGroupStore(name: string, open: () => Promise<MachineStore>): void {
  describe(`groups in the store ${name}`, () => {
    const made = async (count = 2) => {
      const store = await open()
      await store.takeOver('a')
      const rows = await store.enrol(Array.from({ length: count }, () => newDevice()), 'test')
      const groupId = randomBytes(8)
      await order(store, { groups: { joined: { groupId, agseq: 7, members: rows.map((row) => member(row)) } } })
      return { store, rows: rows as [DeviceRow, ...DeviceRow[]], groupId }
    }

    it('keeps members; one group a device; a group outlives its members with its counter', async () => {
      const { store, rows, groupId } = await made()
      expect(await store.group(groupId)).toEqual({ groupId, agseq: 7, known: true, notBefore: 0 })
      expect((await store.groupMembers(groupId)).map(({ device }) => device)).toEqual(rows)
      // Again: the counter and the time stay as they are.
      await order(store, { groups: { joined: { groupId, agseq: 1, members: [member(rows[0], 5_000)] } } })
      expect((await store.memberships([rows[0].id]))[0]?.since).toBe(1_000)
      const other = randomBytes(8)
      await order(store, { groups: { joined: { groupId: other, agseq: 3, members: [member(rows[0], 5_000)] } } })
      expect(await store.memberships([rows[0].id])).toMatchObject([{ groupId: other, since: 5_000 }])
      await order(store, { groups: { left: rows.map((row) => row.id) } })
      expect(await store.memberships(rows.map((row) => row.id))).toEqual([])
      expect(await store.group(groupId)).toMatchObject({ agseq: 7 })
      expect((await store.groups()).find((one) => one.groupId.equals(groupId))).toEqual({ groupId, agseq: 7, known: true, notBefore: 0, members: 0, last: undefined })
    })

    it('raises AGSEQ once for each value, with its broadcast, and never lowers it', async () => {
      const { store, rows, groupId } = await made(1)
      const first = { agseq: 8, at: 50_000, shift: -20 }
      expect(await store.commitBroadcast(groupId, 7, first, 90_000, event)).toBe(true)
      // Another who read the same counter comes too late.
      expect(await store.commitBroadcast(groupId, 7, { ...first, shift: 5 }, 1, event)).toBe(false)
      expect(await store.group(groupId)).toEqual({ groupId, agseq: 8, known: true, notBefore: 90_000 })
      const second = { agseq: 0xffff_ffff, at: 60_000, shift: 3 }
      expect(await store.commitBroadcast(groupId, 8, second, 100_000, event)).toBe(true)
      const next = await open()
      expect(await next.broadcastsSince(groupId, 0)).toEqual([first, second])
      expect(await next.broadcastsSince(groupId, 50_001)).toEqual([second])
      expect((await next.groups()).find((one) => one.groupId.equals(groupId))).toMatchObject({ members: 1, last: second })
      await store.healGroup(groupId, 3, 4, event)
      expect(await store.group(groupId)).toMatchObject({ agseq: 0xffff_ffff, notBefore: 100_000 })
      await store.clockWasSet(rows[0].id, 70_000)
      await store.clockWasSet(rows[0].id, 2)
      expect((await store.memberships([rows[0].id]))[0]?.since).toBe(70_000)
    })

    it('after a restore no AGSEQ is known, and none is taken until it is healed', async () => {
      const { store, groupId } = await made(1)
      await store.identity(() => ({ epoch: randomBytes(8), salt: randomBytes(16), keyCheck: randomBytes(40) }))
      await store.newEpoch(randomBytes(8), randomBytes(40), event)
      await store.takeOver('restored')
      expect(await store.group(groupId)).toMatchObject({ agseq: 7, known: false })
      expect(await store.commitBroadcast(groupId, 7, { agseq: 8, at: 1, shift: 0 }, 1, event)).toBe(false)
      await store.healGroup(groupId, 20, 500, event)
      expect(await store.group(groupId)).toEqual({ groupId, agseq: 20, known: true, notBefore: 500 })
      expect(await store.commitBroadcast(groupId, 20, { agseq: 21, at: 1, shift: 0 }, 1_000, event)).toBe(true)
    })

    it('a former owner changes nothing', async () => {
      const { store, rows, groupId } = await made(1)
      const owner = await open()
      await owner.takeOver('b')
      for (const write of [
        () => store.commitBroadcast(groupId, 7, { agseq: 8, at: 1, shift: 0 }, 1, event),
        () => store.healGroup(groupId, 9, 1, event),
        () => store.clockWasSet(rows[0].id, 9_999),
        () => order(store, { groups: { left: [rows[0].id] } }),
      ])
        await expect(write()).rejects.toThrow(FencedError)
      expect(await owner.group(groupId)).toMatchObject({ agseq: 7 })
      expect(await owner.memberships([rows[0].id])).toMatchObject([{ since: 1_000 }])
    })
  })
}
