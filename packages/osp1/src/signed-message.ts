import { HesError } from '@zhuzhan/core'
import { describeMandate, describeOrder, describeTicket } from './describe.js'
import type { Described } from './describe.js'
import { decodeMandate, mandateApproverInput, mandateOperatorInput } from './mandate.js'
import { decodeOrder, firstOrderInput, secondOrderInput } from './order.js'
import { approverInput, decodeTicket, operatorInput } from './ticket.js'

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex').toUpperCase()

const labelOf = (message: Uint8Array): string => Buffer.from(message.subarray(0, 8)).toString('latin1')
const nothingElse = (): HesError => new HesError('BODY_INVALID', 'only tickets, mandates and orders are signed')

/**
 * What a person signs of a message, and who when the message says so. `after`: the first signature, where the second is made.
 * Nothing but these three messages is ever signed. @throws HesError BODY_INVALID
 */
export function signedInput(message: Uint8Array, after: Uint8Array | undefined): { input: Buffer; signer?: string } {
  switch (labelOf(message)) {
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
      throw nothingElse()
  }
}

/** What a message says that people sign, read from its bytes. @throws HesError BODY_INVALID, TICKET_REFUSED or ORDER_REFUSED for bytes that are none */
export function describeSigned(message: Uint8Array): Described {
  switch (labelOf(message)) {
    case 'OSP1-TKT':
      return describeTicket(message)
    case 'OSP1-TKM':
      return describeMandate(message)
    case 'ZZ-ORDER':
      return describeOrder(message)
    default:
      throw nothingElse()
  }
}
