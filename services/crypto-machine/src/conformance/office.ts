import type { CryptoMachine, CryptoRequest, CryptoResult, OrderBody, PersonRole } from '@zhuzhan/contracts'
import { HesError } from '@zhuzhan/core'
import { encodeApdu, epochToDateTimeS } from '@zhuzhan/dlt698'
import type { Apdu, Data } from '@zhuzhan/dlt698'
import { SM2_DEFAULT_ID } from '@zhuzhan/gm-crypto'
import type { Sm2KeyPair } from '@zhuzhan/gm-crypto'
import { approverInput, firstOrderInput, mandateApproverInput, mandateOperatorInput, operatorInput, secondOrderInput } from '@zhuzhan/osp1'
import { GET_CLOCK, ask, connect, exchange, testEngine } from './rig.js'
import type { MachineRig, TestDevice } from './rig.js'

/** People around a machine: two administrators, and whoever they enter; each with a key of their own. */

export const NORTH = '4E4F525448000000'
export const SOUTH = '534F555448000000'
export const EVERYWHERE = 'F'.repeat(16)

export interface TestPerson {
  id: string
  key: Sm2KeyPair
}

export type Signed = Pick<CryptoRequest<'sealTicket'>, 'tkt' | 'sigOperator' | 'sigApprover'>

export interface Office {
  administrators: [TestPerson, TestPerson]
  /** Carry out an order of both administrators, or of the first alone. */
  order(body: OrderBody, by?: { first?: TestPerson; second?: TestPerson | null }): Promise<CryptoResult<'submitOrder'>>
  enter(roles: PersonRole[], areas?: string[], key?: Sm2KeyPair): Promise<TestPerson>
  place(addresses: string[], more?: Partial<Extract<OrderBody, { kind: 'place' }>>): Promise<void>
  /** A ticket signed by both; see SignOptions for what may be different. */
  ticket(options: TicketOptions): Promise<Signed>
}

export interface TicketOptions {
  operator: TestPerson
  approver?: TestPerson
  apdu?: Apdu
  devices: string[]
  area?: string
  notBefore?: number
  validSeconds?: number
  mandate?: string
  /** Changes the bytes before they are signed. */
  change?: (tkt: Buffer) => Buffer
}

const sign = (person: TestPerson, input: Buffer): Promise<Buffer> => testEngine().sign(person.key.privateKey, SM2_DEFAULT_ID, input)

let nextPerson = 1
const personId = (): string => (nextPerson++).toString(16).toUpperCase().padStart(16, '0')
const PASSWORD = 'a laboratory password'

/** Found the station as its laboratory file does, then give the administrators keys the test holds. */
export async function openOffice(rig: Pick<MachineRig, 'machine' | 'port'>): Promise<Office> {
  const { port } = rig
  const ids = [personId(), personId()] as const
  const founded = await rig.machine.found(async () =>
    JSON.stringify({ administrators: ids.map((person, i) => ({ person, name: `Administrator ${i + 1}`, password: PASSWORD })) }),
  )
  if (!founded) throw new Error('the station has people already')
  const keys = [await testEngine().generateKeyPair(), await testEngine().generateKeyPair()] as const
  for (const [i, person] of ids.entries()) {
    const body: OrderBody = {
      kind: 'person',
      person,
      name: `Administrator ${i + 1}`,
      roles: ['administrator'],
      areas: [EVERYWHERE],
      publicKey: (keys[i] as Sm2KeyPair).publicKey.toString('hex').toUpperCase(),
    }
    const { order } = await ask(port, 'prepareOrder', { first: ids[0], second: ids[1], body })
    const signWith = async (who: string, after?: Uint8Array): Promise<Uint8Array> => {
      // The first one has the new key already when the second is changed.
      if (i === 1 && who === ids[0]) return sign({ id: who, key: keys[0] }, after ? secondOrderInput(order, after) : firstOrderInput(order))
      return (await ask(port, 'signWithPassword', { person: who, password: PASSWORD, message: order, ...(after && { after }) })).signature
    }
    const sigFirst = await signWith(ids[0])
    await ask(port, 'submitOrder', { order, sigFirst, sigSecond: await signWith(ids[1], sigFirst) })
  }
  return officeOf(port, [
    { id: ids[0], key: keys[0] },
    { id: ids[1], key: keys[1] },
  ])
}

/** The same office at another machine process over the same store. */
export function officeOf(port: CryptoMachine, administrators: [TestPerson, TestPerson]): Office {
  const order: Office['order'] = async (body, { first = administrators[0], second = administrators[1] } = {}) => {
    const made = await ask(port, 'prepareOrder', { first: first.id, second: second?.id ?? null, body })
    return ask(port, 'submitOrder', await signOrder(made.order, first, second))
  }
  return {
    administrators,
    order,
    async enter(roles, areas = roles.includes('administrator') ? [EVERYWHERE] : [NORTH], key) {
      const person = { id: personId(), key: key ?? (await testEngine().generateKeyPair()) }
      await order({ kind: 'person', person: person.id, name: `Person ${person.id}`, roles, areas, publicKey: person.key.publicKey.toString('hex').toUpperCase() })
      return person
    },
    async place(addresses, more = {}) {
      await order({ kind: 'place', area: NORTH, profile: 'sm', offsetMinutes: 480, terminal: null, addresses, ...more })
    },
    async ticket({ operator, approver, apdu = TRIP, devices, area = NORTH, notBefore, validSeconds, mandate, change }) {
      const made = await ask(port, 'prepareTicket', {
        operator: operator.id,
        approver: approver?.id ?? null,
        area,
        apdu: encodeApdu(apdu),
        devices,
        ...(mandate !== undefined && { mandate }),
        ...(notBefore !== undefined && { notBefore }),
        ...(validSeconds !== undefined && { validSeconds }),
      })
      const tkt = change ? change(Buffer.from(made.tkt)) : made.tkt
      const sigOperator = await sign(operator, operatorInput(tkt))
      return { tkt, sigOperator, ...(approver && { sigApprover: await sign(approver, approverInput(tkt, sigOperator)) }) }
    },
  }
}

export async function signOrder(order: Uint8Array, first: TestPerson, second: TestPerson | null): Promise<CryptoRequest<'submitOrder'>> {
  const sigFirst = await sign(first, firstOrderInput(order))
  return { order, sigFirst, ...(second && { sigSecond: await sign(second, secondOrderInput(order, sigFirst)) }) }
}

export async function giveMandate(
  port: CryptoMachine,
  terms: CryptoRequest<'prepareMandate'>,
  operator: TestPerson,
  approver: TestPerson,
): Promise<CryptoRequest<'submitMandate'>> {
  const { tkm } = await ask(port, 'prepareMandate', terms)
  const sigOperator = await sign(operator, mandateOperatorInput(tkm))
  return { tkm, operator: operator.id, approver: approver.id, sigOperator, sigApprover: await sign(approver, mandateApproverInput(tkm, sigOperator)) }
}

const piid = { number: 1, priority: false, acd: false }
const RELAY: Data = { type: 'oad', oad: 'F2050201' }
export const TRIP: Apdu = {
  apdu: 'action-request',
  choice: 'normal',
  piid,
  omd: '80008100',
  parameter: {
    type: 'array',
    items: [{ type: 'structure', items: [RELAY, { type: 'unsigned', value: 0 }, { type: 'long-unsigned', value: 0 }, { type: 'bool', value: false }] }],
  },
}
/** 0 allow closing, 1 close directly. */
export const closing = (how: 0 | 1): Apdu => ({
  apdu: 'action-request',
  choice: 'normal',
  piid,
  omd: '80008200',
  parameter: { type: 'array', items: [{ type: 'structure', items: [RELAY, { type: 'enum', value: how }] }] },
})
export const SET_GROUP: Apdu = { apdu: 'set-request', choice: 'normal', piid, oad: '40050200', data: { type: 'array', items: [] } }

/** Make the device answer its clock honestly, `offMs` away from the rig's, and everything else with `dar` 0. */
export function honestClock(rig: Pick<MachineRig, 'clock'>, peer: TestDevice, offMs = 0): void {
  peer.answerWith((apdu) =>
    apdu[0] === 0x05
      ? encodeApdu({
          apdu: 'get-response',
          choice: 'normal',
          piid,
          result: { oad: '40000200', data: { type: 'date-time-s', value: epochToDateTimeS(rig.clock.now() + offMs, 480) } },
        })
      : apdu[0] === 0x06
        ? encodeApdu({ apdu: 'set-response', choice: 'normal', piid, oad: '40050200', dar: 0 })
        : encodeApdu({ apdu: 'action-response', choice: 'normal', piid, omd: '80008100', dar: 0 }),
  )
}

/** A session whose first record read the device's clock. */
export async function commandable(rig: Pick<MachineRig, 'port' | 'clock'>, peer: TestDevice, offMs = 0): Promise<string> {
  honestClock(rig, peer, offMs)
  const handle = await connect(rig, peer)
  await exchange(rig, peer, handle, GET_CLOCK)
  return handle
}

/** The code of a refusal; the test fails when there is none. */
export async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work
  } catch (error) {
    if (error instanceof HesError) return error.code
    throw error
  }
  throw new Error('it was not refused')
}
