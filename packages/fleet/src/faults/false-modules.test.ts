import { randomBytes } from 'node:crypto'
import { decodeManifest, encodeManifest } from '@zhuzhan/osp1'
import type { DeviceModule } from '@zhuzhan/osp1'
import { falseModules } from './false-modules.js'
import { createFaults } from './faults.js'

const METER = '200000001001'
const module = (slot: number): DeviceModule => ({ slot, serial: randomBytes(8), model: Buffer.from('ZZ-TST-1'), version: 1, firmware: randomBytes(32), key: 'own' })
const OWN = [module(0), module(1)]
const manifest = (): Buffer => encodeManifest(OWN.map(({ key: _key, ...entry }) => ({ ...entry, mac: randomBytes(16) })))

function rig() {
  const faults = createFaults()
  const { modules, manifest: shown } = falseModules(METER, OWN, faults, randomBytes)
  return { set: (name: string, on = true) => faults.set(METER, name, on), modules: () => modules!(), shown: (honest: Buffer) => shown!(honest) }
}

test('a swapped module is another one, the same as long as it is in, and gone with the fault', () => {
  const { set, modules } = rig()
  expect(modules()).toEqual(OWN)
  set('module-swapped')
  const [first, stranger] = modules()
  expect(first).toEqual(OWN[0])
  expect(stranger?.serial.equals(OWN[1]!.serial)).toBe(false)
  expect(modules()[1]).toEqual(stranger)
  set('module-swapped', false)
  expect(modules()).toEqual(OWN)
})

test('an old manifest comes again, a slot comes twice, one bit of a MAC is wrong', () => {
  const { set, shown } = rig()
  const [one, two] = [manifest(), manifest()]
  expect(shown(one)).toEqual(one)
  set('manifest-replay')
  expect(shown(two)).toEqual(one)
  set('manifest-replay', false)
  set('manifest-repeats')
  expect(() => decodeManifest(shown(one))).toThrow(expect.objectContaining({ context: { reason: 'slots' } }))
  set('manifest-repeats', false)
  set('manifest-mac')
  const [left, right] = [decodeManifest(shown(one)), decodeManifest(one)]
  expect(left.map((entry, i) => entry.mac.equals(right[i]!.mac))).toEqual([true, false])
})
