import { randomBytes } from 'node:crypto'
import { FencedError } from '../store/store.js'
import type { MachineStore, NewDevice } from '../store/store.js'

let next = 1
/** A device row of its own. */
export function newDevice(more: Partial<NewDevice> = {}): NewDevice {
  const address = String(next++).padStart(12, '0')
  return {
    address, dispersion: Buffer.from(`0000${address}`, 'hex'), ad: Buffer.from(`0006${address}`, 'hex'), chipSerial: randomBytes(8), mode: 'S', keyState: 1, keyVersion: 1,
    status: 'active', certificate: undefined, issuedKey: undefined, rowMac: randomBytes(16), ...more,
  }
}

const event = { kind: 'test', subject: 'suite', detail: { n: 1 } }
const entry = (deviceId: number, rspctr: number) => ({ deviceId, rspctr, rn: randomBytes(12), mac: randomBytes(8) })

/** What every store of the machine must do alike. `open` gives a new process on the same data. */
export function describeStore(name: string, open: () => Promise<MachineStore>): void {
  describe(`the machine store ${name}`, () => {
    it('draws its identity once', async () => {
      const make = () => ({ epoch: randomBytes(8), salt: randomBytes(16), keyCheck: randomBytes(40) })
      const first = await (await open()).identity(make)
      expect(await (await open()).identity(make)).toEqual(first)
    })

    it('keeps keys, devices and counters', async () => {
      const store = await open()
      const fencing = await store.takeOver('a')
      expect(fencing).toBeGreaterThan(0)
      if ((await store.rootKeys()).length === 0) {
        await store.addRootKeys([{ keyState: 1, keyVersion: 1, purpose: 'session', wrapped: Buffer.from('wrapped') }], event)
      }
      expect(await store.rootKeys()).toEqual([{ keyState: 1, keyVersion: 1, purpose: 'session', wrapped: Buffer.from('wrapped'), status: 'active' }])
      const key = { name: `key-${randomBytes(4).toString('hex')}`, wrapped: Buffer.from('w'), publicKey: Buffer.alloc(65, 4), certificate: undefined }
      await store.addOwnKey(key, event)
      expect(await store.ownKeys()).toContainEqual(key)

      const made = newDevice({ mode: 'F', certificate: Buffer.from('cert'), issuedKey: Buffer.from('key') })
      const device = await store.putDevice(made, event)
      expect(await store.device(made.address)).toEqual(device)
      expect(device).toEqual({ ...made, id: device.id })
      expect(await store.device('999999999999')).toBeUndefined()
      expect(await store.counters(device.id)).toEqual({ asctr: 0, entries: [], high: undefined })
      await expect(store.putDevice(made, event)).rejects.toThrow()
      expect(await store.deviceCount()).toBeGreaterThan(0)
    })

    it('raises ASCTR and never lowers it', async () => {
      const store = await open()
      await store.takeOver('a')
      const [one, two] = [await store.putDevice(newDevice(), event), await store.putDevice(newDevice(), event)]
      await store.reserveAsctr([{ deviceId: one.id, asctr: 8 }, { deviceId: two.id, asctr: 0xffff_ffff }])
      await store.reserveAsctr([{ deviceId: one.id, asctr: 3 }])
      expect((await store.counters(one.id)).asctr).toBe(8)
      expect((await store.counters(two.id)).asctr).toBe(0xffff_ffff)
    })

    it('keeps the newest report of each slot, and H as it was set', async () => {
      const store = await open()
      await store.takeOver('a')
      const { id } = await store.putDevice(newDevice(), event)
      const [old, young, other] = [entry(id, 5), entry(id, 69), entry(id, 6)]
      await store.markReports([young, old, other])
      await store.markReports([old])
      const { entries } = await store.counters(id)
      expect(entries).toHaveLength(2)
      expect(entries).toEqual(expect.arrayContaining([young, other]))
      await store.setReportHigh(id, 6, event)
      expect(await store.counters(id)).toEqual({ asctr: 0, entries: [other], high: { known: true, highest: 6 } })
      const again = await store.putDevice(newDevice(), event, id)
      expect(again.id).toBe(id)
      expect(await store.counters(id)).toMatchObject({ entries: [], high: undefined })
    })

    it('fences every write of a former owner off, whole', async () => {
      const [former, owner] = [await open(), await open()]
      await former.takeOver('former')
      const { id } = await former.putDevice(newDevice(), event)
      expect(await former.owned()).toBe(true)
      await owner.takeOver('owner')
      expect([await former.owned(), await owner.owned()]).toEqual([false, true])
      const late = newDevice()
      for (const write of [
        () => former.reserveAsctr([{ deviceId: id, asctr: 100 }]), () => former.markReports([entry(id, 1)]), () => former.setReportHigh(id, 0, event),
        () => former.putDevice(late, event), () => former.putDevice(newDevice(), event, id), () => former.addEvent(event),
        () => former.addRootKeys([{ keyState: 0, keyVersion: 9, purpose: 'group', wrapped: Buffer.alloc(1) }], event),
        () => former.addOwnKey({ name: 'late', wrapped: Buffer.alloc(1), publicKey: Buffer.alloc(65), certificate: undefined }, event),
      ]) await expect(write()).rejects.toThrow(FencedError)
      expect(await owner.counters(id)).toEqual({ asctr: 0, entries: [], high: undefined })
      expect(await owner.device(late.address)).toBeUndefined()
      expect((await owner.ownKeys()).map((key) => key.name)).not.toContain('late')
      await owner.reserveAsctr([{ deviceId: id, asctr: 8 }])
    })

    it('a store that never took over writes nothing', async () => {
      const store = await open()
      await expect(store.addEvent(event)).rejects.toThrow(FencedError)
    })
  })
}
