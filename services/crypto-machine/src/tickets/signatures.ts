import { SM2_DEFAULT_ID, sm3 } from '@zhuzhan/gm-crypto'
import type { Sm2Engine } from '@zhuzhan/gm-crypto'
import { approverInput, decodeTicket, operatorInput } from '@zhuzhan/osp1'
import type { Ticket } from '@zhuzhan/osp1'
import type { People } from '../authority/people.js'
import type { PersonRow } from '../store/authority-store.js'

/** A ticket whose signatures were made by these people. */
export interface SignedTicket {
  ticket: Ticket
  operator: PersonRow
  /** Absent when there is one signature only. */
  approver: PersonRow | undefined
}

export interface SignedRequest {
  tkt: Uint8Array
  sigOperator: Uint8Array
  sigApprover?: Uint8Array | undefined
}

/** A day's list is used thousands of times: its two signatures are checked once, its people every time. */
const REMEMBERED = 64

export interface TicketSignaturesCheck {
  /** `undefined` when a signature is not genuine or a signer unknown: the same work either way. @throws HesError TICKET_REFUSED for what is no ticket */
  read(request: SignedRequest): Promise<SignedTicket | undefined>
}

export function createTicketSignatures({ engine, people }: { engine: Sm2Engine; people: People }): TicketSignaturesCheck {
  const genuine = new Map<string, { ticket: Ticket; operatorKey: Buffer; approverKey: Buffer | undefined }>()
  let nobody: Promise<Buffer> | undefined
  /** A key nobody has, for signers we do not know. */
  const nobodysKey = (): Promise<Buffer> => (nobody ??= engine.generateKeyPair().then(({ publicKey }) => publicKey))

  const verify = async (person: PersonRow | undefined, input: Buffer, signature: Uint8Array): Promise<boolean> => {
    const right = await engine.verify(person?.publicKey ?? (await nobodysKey()), SM2_DEFAULT_ID, input, signature)
    return right && person !== undefined
  }

  return {
    async read({ tkt, sigOperator, sigApprover }) {
      const name = sm3(tkt, sigOperator, sigApprover ?? Buffer.alloc(0)).toString('hex')
      const known = genuine.get(name)
      const ticket = known?.ticket ?? decodeTicket(tkt)
      const [operator, approver] = await Promise.all([people.get(ticket.operatorId), sigApprover && people.get(ticket.approverId)])
      // A person may have another key by now: what was genuine then is not now.
      if (known && operator?.publicKey.equals(known.operatorKey) && (!sigApprover || approver?.publicKey.equals(known.approverKey ?? Buffer.alloc(0))))
        return { ticket, operator, approver }
      const right = await Promise.all([
        verify(operator, operatorInput(tkt), sigOperator),
        sigApprover ? verify(approver, approverInput(tkt, sigOperator), sigApprover) : true,
      ])
      if (!operator || (sigApprover && !approver) || right.includes(false)) return undefined
      genuine.set(name, { ticket, operatorKey: operator.publicKey, approverKey: approver?.publicKey })
      if (genuine.size > REMEMBERED) for (const oldest of [...genuine.keys()].slice(0, 1)) genuine.delete(oldest)
      return { ticket, operator, approver }
    },
  }
}
