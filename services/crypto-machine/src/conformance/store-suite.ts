import { randomBytes } from 'node:crypto'
import { FencedError } from '../store/store.js'
import type { DeviceRow, MachineStore, NewDevice } from '../store/store.js'

let next = 1
/** A device row of its own. */
export function newDevice(more: Partial<NewDevice> = {}): NewDevice {
  const address = String(next++).padStart(12, '0')
  return {
    address,
    dispersion: Buffer.from(`0000${address}`, 'hex'),
    ad: Buffer.from(`0006${address}`, 'hex'),
    chipSerial: randomBytes(8),
    mode: 'S',
    keyState: 1,
    keyVersion: 1,
    status: 'active',
    certificate: undefined,
    issuedKey: undefined,
    suspect: false,
    rowMac: randomBytes(16),
    ...more,
  }
}

const event = { kind: 'test', subject: 'suite', detail: { n: 1 } }
const entry = (deviceId: number, rspctr: number) => ({ deviceId, rspctr, rn: randomBytes(12), mac: randomBytes(8) })

const NONE = { asctr: 0, entries: [], high: undefined }
const countersOf = async (store: MachineStore, id: number) => (await store.counters([id])).get(id) ?? NONE
type One = [DeviceRow, ...DeviceRow[]]
const enrolled = async (store: MachineStore, count: number): Promise<One> =>
  (await store.enrol(
    Array.from({ length: count }, () => newDevice()),
    'test',
  )) as One

/** What every store of the machine must do alike. `open` gives a new process on the same data. */
export function describeStore(name: string, open: () => Promise<MachineStore>): void {
  describe(`the machine store ${name}`, () => {
    it('draws its identity once, and is not asked to again', async () => {
      const make = () => ({ epoch: randomBytes(8), salt: randomBytes(16), keyCheck: randomBytes(40) })
      const first = await (await open()).identity(make)
      // Making one costs a start 190 ms of scrypt.
      expect(await (await open()).identity(() => Promise.reject(new Error('asked again')))).toEqual(first)
    })

    it('keeps keys, devices and counters', async () => {
      const store = await open()
      const fencing = await store.takeOver('a')
      expect(fencing).toBeGreaterThan(0)
      if ((await store.rootKeys()).length === 0) {
        await store.addRootKeys([{ keyState: 1, keyVersion: 1, purpose: 'session', wrapped: Buffer.from('wrapped') }], event)
      }
      expect(await store.rootKeys()).toEqual([
        { keyState: 1, keyVersion: 1, purpose: 'session', wrapped: Buffer.from('wrapped'), status: 'active' },
      ])
      const key = {
        name: `key-${randomBytes(4).toString('hex')}`,
        wrapped: Buffer.from('w'),
        publicKey: Buffer.alloc(65, 4),
        certificate: undefined,
      }
      await store.addOwnKey(key, event)
      expect(await store.ownKeys()).toContainEqual(key)

      const made = newDevice({ mode: 'F', certificate: Buffer.from('cert'), issuedKey: Buffer.from('key') })
      const others = [newDevice(), newDevice()]
      const [device, second] = await store.enrol([made, ...others], 'test')
      expect(await store.devices([made.address, '999999999999'])).toEqual([device])
      expect(device).toEqual({ ...made, id: device?.id })
      expect(await store.devices(others.map((row) => row.address))).toHaveLength(2)
      expect(await countersOf(store, device?.id ?? 0)).toEqual({ asctr: 0, entries: [], high: undefined })
      const unborn = newDevice()
      await expect(store.enrol([unborn, made], 'test')).rejects.toThrow()
      expect(await store.devices([unborn.address])).toEqual([])
      expect(second?.id).not.toBe(device?.id)
      expect(await store.deviceCount()).toBeGreaterThan(0)
    })

    it('raises ASCTR and never lowers it', async () => {
      const store = await open()
      await store.takeOver('a')
      const [one, two] = (await enrolled(store, 2)) as [DeviceRow, DeviceRow]
      await store.reserveAsctr([
        { deviceId: one.id, asctr: 8 },
        { deviceId: two.id, asctr: 0xffff_ffff },
      ])
      await store.reserveAsctr([{ deviceId: one.id, asctr: 3 }])
      expect((await countersOf(store, one.id)).asctr).toBe(8)
      expect((await countersOf(store, two.id)).asctr).toBe(0xffff_ffff)
    })

    it('keeps the newest report of each slot, and H as it was set', async () => {
      const store = await open()
      await store.takeOver('a')
      const [{ id }] = await enrolled(store, 1)
      const [old, young, other] = [entry(id, 5), entry(id, 69), entry(id, 6)]
      await store.markReports([young, old, other])
      await store.markReports([old])
      const { entries } = await countersOf(store, id)
      expect(entries).toHaveLength(2)
      expect(entries).toEqual(expect.arrayContaining([young, other]))
      await store.setReportHigh(id, { highest: 6, uncheckedTo: -1 }, event)
      expect(await countersOf(store, id)).toEqual({ asctr: 0, entries: [other], high: { known: true, highest: 6, uncheckedTo: -1 } })
      const again = await store.replaceDevice(id, newDevice(), event)
      expect(again.id).toBe(id)
      expect(await countersOf(store, id)).toMatchObject({ entries: [], high: undefined })
    })

    it('fences every write of a former owner off, whole', async () => {
      const [former, owner] = [await open(), await open()]
      await former.takeOver('former')
      const [{ id }] = await enrolled(former, 1)
      expect(await former.owned()).toBe(true)
      await owner.takeOver('owner')
      expect([await former.owned(), await owner.owned()]).toEqual([false, true])
      const late = newDevice()
      for (const write of [
        () => former.reserveAsctr([{ deviceId: id, asctr: 100 }]),
        () => former.markReports([entry(id, 1)]),
        () => former.setReportHigh(id, { highest: 0, uncheckedTo: -1 }, event),
        () => former.enrol([late], 'test'),
        () => former.replaceDevice(id, late, event),
        () => former.addEvent(event),
        () => former.addRootKeys([{ keyState: 0, keyVersion: 9, purpose: 'group', wrapped: Buffer.alloc(1) }], event),
        () => former.addOwnKey({ name: 'late', wrapped: Buffer.alloc(1), publicKey: Buffer.alloc(65), certificate: undefined }, event),
      ])
        await expect(write()).rejects.toThrow(FencedError)
      expect(await countersOf(owner, id)).toEqual({ asctr: 0, entries: [], high: undefined })
      expect(await owner.devices([late.address])).toEqual([])
      expect((await owner.ownKeys()).map((key) => key.name)).not.toContain('late')
      await owner.reserveAsctr([{ deviceId: id, asctr: 8 }])
    })

    it('a store that never took over writes nothing', async () => {
      const store = await open()
      await expect(store.addEvent(event)).rejects.toThrow(FencedError)
    })
  })
}
