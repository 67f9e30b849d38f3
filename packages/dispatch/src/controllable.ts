import { HesError } from '@zhuzhan/core'
import type { CommandAction } from '@zhuzhan/contracts'
import type { MeterView } from '@zhuzhan/persistence'

/** Power-preserve beats everything, whoever asks for the trip (analytics §8). */
export const supplyPreserved = (address: string, evidence: string): HesError =>
  new HesError('STATE_CONFLICT', `The supply of ${address} is preserved: ${evidence}.`, { object: `meter/${address}` })

/** @throws HesError TICKET_REFUSED, STATE_CONFLICT for what has no relay that this station moves */
export function mayBeControlled(meter: MeterView, action: CommandAction): void {
  const object = `meter/${meter.address}`
  if (meter.terminalSecurityProfile === 'hardware') throw new HesError('TICKET_REFUSED', `${action} of a device protected by hardware ciphers needs a cipher device.`, { object })
  if (meter.kind === 'terminal') throw new HesError('STATE_CONFLICT', `${meter.address} is a terminal, it has no relay.`, { object })
}
