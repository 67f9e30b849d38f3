import { decodeManifest, encodeManifest } from '@zhuzhan/osp1'
import type { DeviceModule, Osp1DeviceOptions } from '@zhuzhan/osp1'
import type { Random } from '../run/random.js'
import type { Faults } from './faults.js'

/**
 * What a meter with exchanged or lying modules shows (OSP-1 §7.7): another chip in a slot, an old manifest again, a slot twice, a
 * MAC that is wrong. Well, it shows the modules it was made with.
 */
export function falseModules(address: string, own: readonly DeviceModule[] | undefined, faults: Faults, random: Random): Pick<Osp1DeviceOptions, 'modules' | 'manifest'> {
  if (!own) return {}
  /** The stranger stays the same while it is in. */
  let stranger: DeviceModule | undefined
  let old: Buffer | undefined
  return {
    modules: () => {
      const swapped = faults.get(address, 'module-swapped')
      if (!swapped) {
        stranger = undefined
        return own
      }
      return own.map((module) => {
        if (module.slot !== swapped.slot) return module
        return (stranger ??= { ...module, serial: random(8), key: random(16) })
      })
    },
    manifest: (honest) => {
      const before = old ?? honest
      if (faults.get(address, 'manifest-replay')) return before
      old = honest
      if (faults.get(address, 'manifest-repeats')) return Buffer.concat([honest.subarray(0, 1), Buffer.of((honest[1] ?? 0) + 1), honest.subarray(2, 2 + ENTRY), honest.subarray(2)])
      const wrong = faults.get(address, 'manifest-mac')
      if (!wrong) return honest
      return encodeManifest(decodeManifest(honest).map((entry) => (entry.slot === wrong.slot ? { ...entry, mac: Buffer.from(entry.mac.map((byte, i) => (i === 0 ? byte ^ 1 : byte))) } : entry)))
    },
  }
}

/** Bytes of one entry of a manifest. */
const ENTRY = 69
