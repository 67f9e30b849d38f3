import type { CryptoMachine } from '@zhuzhan/contracts'
import { HesError } from '@zhuzhan/core'
import { controlRequest, decodeApdu, encodeApdu } from '@zhuzhan/dlt698'
import type { ControlAction } from '@zhuzhan/dlt698'
import { fakeMachine } from './fake-machine.js'
import { METER, TERMINAL } from './records.js'

/* To a front end a ticket is bytes that the crypto machine makes a request of: here they are that request. */

export const SIGNATURES = { sigOperator: Buffer.alloc(64, 0x0a), sigApprover: Buffer.alloc(64, 0x0b) }

export const testTicket = (action: ControlAction): Buffer =>
  encodeApdu(controlRequest(action, { terminal: TERMINAL, meter: METER }, { number: 0, priority: false, acd: false }, 0))

/** Gives tickets free in clear, for a plain terminal, however often. */
export function ticketMachine(): CryptoMachine {
  return fakeMachine({
    releasePlain: ({ tkt, sigOperator, sigApprover, piid }) => {
      if (!SIGNATURES.sigOperator.equals(sigOperator) || !SIGNATURES.sigApprover.equals(sigApprover ?? Buffer.alloc(0))) throw new HesError('TICKET_REFUSED')
      const apdu = decodeApdu(Buffer.from(tkt))
      return { apdu: encodeApdu({ ...apdu, piid: { number: piid, priority: false, acd: false } } as typeof apdu) }
    },
  })
}
