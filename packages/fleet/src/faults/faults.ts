import { HesError } from '@zhuzhan/core'
import { fraction, seedOf } from '../meter/hash.js'
import { FAULTS, FAULT_NAMES, isFault } from './table.js'
import type { FaultName, FaultOptions } from './table.js'

/** Which device has which faults now. */
export interface Faults {
  /** Options of an active fault; `undefined` when the device does not have it. */
  get<N extends FaultName>(address: string, name: N): FaultOptions<N> | undefined
  of(address: string): Partial<Record<FaultName, FaultOptions>>
  /** @throws HesError BODY_INVALID for a fault or option nobody knows */
  set(address: string, name: string, on: boolean, options?: Readonly<Record<string, number>>): void
  readonly count: number
}

export function createFaults(onChange: (address: string, name: FaultName) => void = () => {}): Faults {
  // Almost every device is well, so an absent entry is the usual answer.
  const active = new Map<string, Map<FaultName, FaultOptions>>()
  return {
    get: <N extends FaultName>(address: string, name: N) => active.get(address)?.get(name) as FaultOptions<N> | undefined,
    of: (address) => Object.fromEntries(active.get(address) ?? []) as Partial<Record<FaultName, FaultOptions>>,
    set: (address, name, on, options = {}) => {
      if (!isFault(name)) throw new HesError('BODY_INVALID', `'${name}' is no fault; there are ${FAULT_NAMES.join(', ')}`)
      const known: Readonly<Record<string, number>> = FAULTS[name].options
      for (const key of Object.keys(options)) {
        if (!Object.hasOwn(known, key)) throw new HesError('BODY_INVALID', `fault '${name}' has no option '${key}'`)
        if (!Number.isFinite(options[key])) throw new HesError('BODY_INVALID', `option '${key}' is a number`)
      }
      const mine = active.get(address) ?? new Map<FaultName, FaultOptions>()
      if (on) active.set(address, mine.set(name, { ...known, ...options } as FaultOptions))
      else if (mine.delete(name) && mine.size === 0) active.delete(address)
      onChange(address, name)
    },
    get count() {
      let count = 0
      for (const mine of active.values()) count += mine.size
      return count
    },
  }
}

/** One entry of `--faults kind:share,...`: this share (0 to 1) of the terminals has the fault. */
export interface FaultShare {
  name: FaultName
  share: number
}

/** @throws HesError BODY_INVALID */
export function parseFaultShares(text: string): FaultShare[] {
  return text.split(',').filter((part) => part.trim() !== '').map((part) => {
    const [name = '', share = '1'] = part.trim().split(':')
    const value = share.endsWith('%') ? Number(share.slice(0, -1)) / 100 : Number(share)
    if (!isFault(name)) throw new HesError('BODY_INVALID', `'${name}' is no fault; there are ${FAULT_NAMES.join(', ')}`)
    if (!(value >= 0 && value <= 1)) throw new HesError('BODY_INVALID', `the share of '${name}' is between 0 and 1, or a percentage`)
    return { name, share: value }
  })
}

/** The same terminals each time: who has a fault follows from address and fault. */
export function drawFaults(faults: Faults, addresses: Iterable<string>, shares: readonly FaultShare[]): void {
  for (const address of addresses) {
    for (const { name, share } of shares) {
      if (fraction(seedOf(address), seedOf(name)) < share) faults.set(address, name, true)
    }
  }
}
