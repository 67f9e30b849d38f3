import { outcomeValue } from '@zhuzhan/contracts'
import type { CryptoMachine, CryptoOperation, CryptoOutcome, CryptoRequest, CryptoResult, OrderBody, PersonRole } from '@zhuzhan/contracts'
import { encodeApdu } from '@zhuzhan/dlt698'
import type { Apdu } from '@zhuzhan/dlt698'
import { SM2_DEFAULT_ID } from '@zhuzhan/gm-crypto'
import type { Sm2Engine, Sm2KeyPair } from '@zhuzhan/gm-crypto'
import { approverInput, operatorInput } from '@zhuzhan/osp1'

/** People around a running crypto machine: two administrators with passwords, and whoever they enter with keys of their own. */

export const NORTH = '4E4F525448000000'
export const SOUTH = '534F555448000000'

/** Ask for one thing. @throws HesError with the machine's code */
export async function ask<O extends CryptoOperation>(port: CryptoMachine, op: O, request: CryptoRequest<O>): Promise<CryptoResult<O>> {
  const [outcome] = await (port[op] as (batch: readonly CryptoRequest<O>[]) => Promise<readonly CryptoOutcome<O>[]>)([request])
  return outcomeValue<O>(outcome)
}

const PASSWORD = 'a laboratory password'
const IDS = ['00000000000000A1', '00000000000000A2'] as const
/** What ZHUZHAN_ADMINISTRATORS_FILE holds. */
export const ADMINISTRATORS = JSON.stringify({ administrators: IDS.map((person, i) => ({ person, name: `Administrator ${i + 1}`, password: PASSWORD })) })

export interface Person {
  id: string
  key: Sm2KeyPair
}
export type Signed = Pick<CryptoRequest<'sealTicket'>, 'tkt' | 'sigOperator' | 'sigApprover'>
export interface TicketTerms {
  operator: Person
  approver?: Person
  /** Who is named as approver, when that is not who signs. */
  named?: Person
  apdu: Apdu
  devices: string[]
  area?: string
  notBefore?: number
  validSeconds?: number
}

export interface Office {
  order(body: OrderBody): Promise<void>
  enter(roles: PersonRole[], area?: string): Promise<Person>
  place(addresses: string[], area?: string): Promise<void>
  ticket(terms: TicketTerms): Promise<Signed>
}

export function openOffice(port: CryptoMachine, engine: Sm2Engine): Office {
  let next = 0xb0
  const order: Office['order'] = async (body) => {
    const { order: bytes } = await ask(port, 'prepareOrder', { first: IDS[0], second: IDS[1], body })
    const signed = async (person: string, after?: Uint8Array) =>
      (await ask(port, 'signWithPassword', { person, password: PASSWORD, message: bytes, ...(after && { after }) })).signature
    const sigFirst = await signed(IDS[0])
    await ask(port, 'submitOrder', { order: bytes, sigFirst, sigSecond: await signed(IDS[1], sigFirst) })
  }
  const sign = (person: Person, input: Buffer): Promise<Buffer> => engine.sign(person.key.privateKey, SM2_DEFAULT_ID, input)
  return {
    order,
    async enter(roles, area = NORTH) {
      const person = { id: (next++).toString(16).toUpperCase().padStart(16, '0'), key: await engine.generateKeyPair() }
      await order({ kind: 'person', person: person.id, name: `Person ${person.id}`, roles, areas: [area], publicKey: person.key.publicKey.toString('hex').toUpperCase() })
      return person
    },
    place: (addresses, area = NORTH) => order({ kind: 'place', area, profile: 'sm', offsetMinutes: 480, terminal: null, addresses }),
    async ticket({ operator, approver, named = approver, apdu, devices, area = NORTH, notBefore, validSeconds }) {
      const { tkt } = await ask(port, 'prepareTicket', {
        operator: operator.id, approver: named?.id ?? null, area, apdu: encodeApdu(apdu), devices,
        ...(notBefore !== undefined && { notBefore }), ...(validSeconds !== undefined && { validSeconds }),
      })
      const sigOperator = await sign(operator, operatorInput(tkt))
      return { tkt, sigOperator, ...(approver && { sigApprover: await sign(approver, approverInput(tkt, sigOperator)) }) }
    },
  }
}
