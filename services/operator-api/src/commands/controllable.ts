import { HesError } from '@zhuzhan/core'
import type { CommandAction } from '@zhuzhan/contracts'
import type { MeterView } from '@zhuzhan/persistence'

/** @throws HesError TICKET_REFUSED, STATE_CONFLICT for what has no relay that this station moves */
export function mayBeControlled(meter: MeterView, action: CommandAction): void {
  const object = `meter/${meter.address}`
  if (meter.terminalSecurityProfile === 'hardware') throw new HesError('TICKET_REFUSED', `${action} of a device protected by hardware ciphers needs a cipher device.`, { object })
  if (meter.kind === 'terminal') throw new HesError('STATE_CONFLICT', `${meter.address} is a terminal, it has no relay.`, { object })
}
