import type { Clock } from '@zhuzhan/core'
import { DecodeError, decodeApdu } from '@zhuzhan/dlt698'
import type { Ticket } from '@zhuzhan/osp1'
import type { Request, Session } from '../sessions/session-table.js'
import type { MachineStore } from '../store/store.js'

/** SET of the clock in a session starts a meter's allowance of broadcasts anew (§7.5). */

const SET = 6
const CLOCK = Buffer.from('40000200', 'hex')

export function setsClock({ service, target }: Pick<Ticket, 'service' | 'target'>): boolean {
  return service === SET && CLOCK.equals(target)
}

/** The device said that it set its clock. */
export async function hearClockSet(store: MachineStore, session: Session, request: Request | undefined, apdu: Uint8Array, clock: Clock): Promise<void> {
  if (request?.purpose?.kind !== 'clock-set' || !succeeded(apdu)) return
  await store.clockWasSet(session.device.row.id, clock.now())
}

function succeeded(apdu: Uint8Array): boolean {
  try {
    const response = decodeApdu(apdu)
    return response.apdu === 'set-response' && response.choice === 'normal' && response.dar === 0
  } catch (error) {
    if (error instanceof DecodeError) return false
    throw error
  }
}
