import { outcomeValue } from '@zhuzhan/contracts'
import type { CryptoMachine } from '@zhuzhan/contracts'
import { errorText } from '@zhuzhan/core'
import type { Logger } from '@zhuzhan/service-kit'
import type { SecureChannel } from './secure-channel.js'

export interface MachineBackOptions {
  machine: Pick<CryptoMachine, 'status'>
  /** Every secured terminal of this front end. */
  channels(): Iterable<Pick<SecureChannel, 'machineBack'>>
  log: Logger
}

/**
 * To be called whenever the crypto machine can be reached again. A machine that began anew (another fencing number) knows none of our
 * sessions: they are made anew now, in the turnstile's order, and not one by one when a command finds its session gone.
 */
export function createMachineBack({ machine, channels, log }: MachineBackOptions): () => Promise<void> {
  let fencing: number | undefined
  return async () => {
    let anew = false
    try {
      const now = outcomeValue<'status'>((await machine.status([{}]))[0]).fencing
      anew = fencing !== undefined && now !== fencing
      fencing = now
    } catch (error) {
      // Sealed, or gone again: whoever waits finds out by asking.
      log.debug({ err: errorText(error) }, 'the crypto machine does not say who it is')
    }
    for (const channel of channels()) channel.machineBack(anew)
  }
}
