import { HesError } from '@zhuzhan/core'
import {
  approverInput,
  decodeMandate,
  decodeOrder,
  decodeTicket,
  firstOrderInput,
  mandateApproverInput,
  mandateOperatorInput,
  operatorInput,
  secondOrderInput,
} from '@zhuzhan/osp1'

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex').toUpperCase()

/**
 * What a person signs of a message, and who when the message says so. `after`: the first signature, where the second is made.
 * Nothing but these three messages is ever signed. @throws HesError BODY_INVALID
 */
export function signedInput(message: Uint8Array, after: Uint8Array | undefined): { input: Buffer; signer?: string } {
  switch (Buffer.from(message.subarray(0, 8)).toString('latin1')) {
    case 'OSP1-TKT': {
      const { operatorId, approverId } = decodeTicket(message)
      return after ? { input: approverInput(message, after), signer: hex(approverId) } : { input: operatorInput(message), signer: hex(operatorId) }
    }
    case 'OSP1-TKM':
      decodeMandate(message)
      return { input: after ? mandateApproverInput(message, after) : mandateOperatorInput(message) }
    case 'ZZ-ORDER': {
      const { firstId, secondId } = decodeOrder(message)
      return after ? { input: secondOrderInput(message, after), signer: hex(secondId) } : { input: firstOrderInput(message), signer: hex(firstId) }
    }
    default:
      throw new HesError('BODY_INVALID', 'only tickets, mandates and orders are signed')
  }
}
