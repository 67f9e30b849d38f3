import type { OrderBody } from '@zhuzhan/contracts'
import type { FreshData } from './fresh-store.js'
import { MASTER_KEY, ask, makeDevice, startMachine } from './rig.js'
import { number, station } from './ticket-station.js'

/** Versions of root keys over their life; for every store alike. §7.1 */

const reasonOf = async (work: Promise<unknown>): Promise<unknown> => work.then(() => 'carried out', (error: { context?: { reason?: string } }) => error.context?.reason)

export function describeRootKeys(name: string, fresh: FreshData): void {
  describe(`root keys, ${name}`, () => {
    it('are pending, active, withdrawn and destroyed, each by order, and destroyed only when nothing uses them', async () => {
      const { rig, office, open } = await station(fresh)
      const peer = await makeDevice(rig, 'S', number())
      const versions = async (port = rig.port) => (await ask(port, 'rootKeys', {})).versions.filter(({ keyState }) => keyState === 1)
      const states = async () => (await versions()).map(({ keyVersion, status }) => `${keyVersion} ${status}`)
      const order = (kind: 'root-keys' | 'root-keys-withdraw' | 'root-keys-destroy', keyVersion: number) => office.order({ kind, keyState: 1, keyVersion } as OrderBody)

      expect(await reasonOf(order('root-keys-withdraw', 1))).toBe('last-active-version')
      expect(await reasonOf(order('root-keys-destroy', 1))).toBe('active')
      await order('root-keys', 2)
      expect(await states()).toEqual(['1 active', '2 pending'])
      await office.order({ kind: 'key-update', keyState: 1, keyVersion: 2, addresses: [peer.keys.address] })
      expect(await states()).toEqual(['1 active', '2 active'])
      await office.order({ kind: 'root-keys-withdraw', keyState: 1, keyVersion: 1 }, { second: null })
      expect(await states()).toEqual(['1 withdrawn', '2 active'])
      // The device still has keys of it. Switched off, its keys are gone and nobody reaches it again.
      expect(await reasonOf(order('root-keys-destroy', 1))).toBe('in-use')
      expect(await reasonOf(order('root-keys-destroy', 2))).toBe('active')
      await order('root-keys', 3)
      expect(await reasonOf(office.order({ kind: 'root-keys-destroy', keyState: 1, keyVersion: 3 }, { second: null }))).toBe('two-administrators')
      await order('root-keys-destroy', 3)
      expect(await states()).toEqual(['1 withdrawn', '2 active', '3 destroyed'])
      for (const kind of ['root-keys-withdraw', 'root-keys-destroy'] as const) expect(await reasonOf(order(kind, 3))).toBe('destroyed')
      // A number is used once.
      expect(await reasonOf(order('root-keys', 3))).toBe('exists')
      expect(await reasonOf(office.order({ kind: 'key-update', keyState: 1, keyVersion: 3, addresses: [peer.keys.address] }))).toBe('no-such-root-keys')
      const destroyed = (await open().rootKeys()).filter(({ keyVersion }) => keyVersion === 3)
      expect(destroyed.map(({ wrapped }) => wrapped.length)).toEqual([0, 0, 0, 0, 0, 0])
      const kinds = (await open().events(0, 10_000)).map(({ kind }) => kind)
      for (const kind of ['order-root-keys', 'order-root-keys-withdraw', 'order-root-keys-destroy']) expect(kinds).toContain(kind)

      const again = await startMachine({ store: open(), clock: rig.clock })
      expect((await versions(again.port)).map(({ status }) => status)).toEqual(['withdrawn', 'active', 'destroyed'])
    })

    it('a version a device is on its way to is not destroyed, and neither is one of a module', async () => {
      const { rig, office } = await station(fresh)
      const peer = await makeDevice(rig, 'S', number())
      const at = (keyVersion: number) => ({ keyState: 1 as const, keyVersion })
      await office.order({ kind: 'root-keys', ...at(2) })
      await office.order({ kind: 'key-update', ...at(2), addresses: [peer.keys.address] })
      await office.order({ kind: 'root-keys-withdraw', ...at(2) })
      expect(await reasonOf(office.order({ kind: 'root-keys-destroy', ...at(2) }))).toBe('update-open')
      await office.order({ kind: 'key-update-abort', addresses: [peer.keys.address] })
      const module = { slot: 0, serial: '01'.repeat(8), model: '5A5A000000000000', chip: true, ...at(2) }
      await office.order({ kind: 'bind-modules', address: peer.keys.address, modules: [module] })
      expect(await reasonOf(office.order({ kind: 'root-keys-destroy', ...at(2) }))).toBe('in-use-by-modules')
      await office.order({ kind: 'bind-modules', address: peer.keys.address, modules: [{ ...module, keyVersion: 1 }] })
      await office.order({ kind: 'root-keys-destroy', ...at(2) })
    })

    it('have fingerprints that tell them apart, stay over a restart, and are nothing of the key', async () => {
      const { rig, open } = await station(fresh)
      const prints = async (port = rig.port) => (await ask(port, 'rootKeys', {})).versions.flatMap(({ fingerprints }) => Object.values(fingerprints))
      const before = await prints()
      expect(new Set(before).size).toBe(12)
      const again = await startMachine({ store: open(), clock: rig.clock })
      expect(await prints(again.port)).toEqual(before)
      // Of another master key the same root key would show another one: they come from the vault.
      const other = await startMachine({ masterKey: Buffer.concat([MASTER_KEY, Buffer.of(1)]) })
      expect((await prints(other.port)).some((one) => before.includes(one))).toBe(false)
    })
  })
}
