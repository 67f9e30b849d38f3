import { HesError } from '@zhuzhan/core'
import { outcomeValue } from '@zhuzhan/contracts'
import type { CryptoMachine, DeviceModulesState } from '@zhuzhan/contracts'

/** What the crypto machine says of the modules of many devices. */
export interface ModuleStates {
  /** Devices without keys are left out. While the machine is away nothing is known, and lists go on without. */
  of(addresses: readonly string[]): Promise<ReadonlyMap<string, DeviceModulesState>>
}

export function createModuleStates(machine: Pick<CryptoMachine, 'moduleStates'> | undefined): ModuleStates {
  return {
    of: async (addresses) => {
      if (!machine || addresses.length === 0) return new Map()
      try {
        const { devices } = outcomeValue<'moduleStates'>((await machine.moduleStates([{ addresses: [...new Set(addresses)] }]))[0])
        return new Map(devices.map(({ address, state }) => [address, state]))
      } catch (error) {
        if (error instanceof HesError) return new Map()
        throw error
      }
    },
  }
}
