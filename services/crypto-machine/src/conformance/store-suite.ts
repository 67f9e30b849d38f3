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
const asctrOf = async (store: MachineStore, id: number) => (await store.asctrOf([id])).get(id)
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
      expect(await asctrOf(store, device?.id ?? 0)).toBeUndefined()
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
      expect(await asctrOf(store, one.id)).toBe(8)
      expect(await asctrOf(store, two.id)).toBe(0xffff_ffff)
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
        () => former.enrol([late], 'test'),
        () => former.replaceDevice(id, late, event),
        () => former.addEvent(event),
        () => former.addRootKeys([{ keyState: 0, keyVersion: 9, purpose: 'group', wrapped: Buffer.alloc(1) }], event),
        () => former.addOwnKey({ name: 'late', wrapped: Buffer.alloc(1), publicKey: Buffer.alloc(65), certificate: undefined }, event),
      ])
        await expect(write()).rejects.toThrow(FencedError)
      expect(await asctrOf(owner, id)).toBeUndefined()
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
