import { HesError, fromHex } from '@zhuzhan/core'
import { MAX_BATCH_TICKETS } from '@zhuzhan/contracts'
import type { CryptoMachine, Described } from '@zhuzhan/contracts'
import { askMachine, protectorOf, ticketRequest } from '@zhuzhan/dispatch'
import type { TicketAction } from '@zhuzhan/dispatch'
import type { ControlAction } from '@zhuzhan/dlt698'
import { findUser, listUsers } from '@zhuzhan/persistence'
import type { MeterView, UserRecord } from '@zhuzhan/persistence'
import type pg from 'pg'
import type { Persons } from '../authority/persons.js'
import type { Operator } from '../auth/people.js'
import { hasRight } from '../auth/rights.js'

/** How somebody signs: with a key of his own, or (laboratories) with the password under which the machine keeps his key. */
export interface Proof {
  /** r || s, hex. */
  signature?: string | undefined
  password?: string | undefined
}

export interface PreparedTicket {
  ticket: Buffer
  /** User name of the one who must approve. */
  approver: string
}

export interface PreparedBatch {
  approver: string
  tickets: { tkt: Buffer; devices: { meter: string; terminal: string }[] }[]
  skipped: Skipped[]
}

/** A meter of a batch that gets no command. */
export interface Skipped {
  meter: string
  code: string
  message: string
}

/** What somebody is to sign; with a first signature it is the second that is asked for. */
export interface Unsigned {
  /** Name in the audit log. */
  object: string
  ticket: Uint8Array
  sigOperator: Uint8Array | null
  /** Person who signs, of a mandate, which does not say. */
  person?: string
}

/** Tickets of control commands: made for two people, signed by them; judged by the crypto machine when they are used. OSP-1 §7.6 */
export interface Tickets {
  /** @throws HesError TICKET_REFUSED when somebody or something is not known to the machine; BODY_INVALID, RIGHT_MISSING for the approver */
  prepare(request: { meter: MeterView; action: TicketAction; operator: Operator; approver: string | undefined; validSeconds: number }): Promise<PreparedTicket>
  /** The same for one request to one device, whatever it asks. */
  prepareFor(request: { device: string; apdu: Uint8Array; operator: Operator; approver: string | undefined; validSeconds: number }): Promise<PreparedTicket>
  /** One ticket for all devices that can share one, at most 4096. @throws HesError as `prepare`, LIMIT */
  prepareBatch(request: { meters: readonly MeterView[]; action: ControlAction; operator: Operator; approver: string | undefined; validSeconds: number }): Promise<PreparedBatch>
  /** The operator's signature, or the approver's over both. @throws HesError BODY_INVALID, TICKET_REFUSED, LOGIN_REFUSED */
  sign(unsigned: Unsigned, operator: Operator, proof: Proof): Promise<Buffer>
  /** The person behind who asks, and who must approve. @throws HesError as `prepare` */
  peopleFor(operator: Operator, approver: string | undefined): Promise<{ person: string; approver: { username: string; person: string } }>
  /** What a ticket says, read from its bytes; null while the machine is away. */
  words(ticket: Uint8Array): Promise<Described | null>
}

export interface TicketsOptions {
  pool: pg.Pool
  machine: Pick<CryptoMachine, 'prepareTicket' | 'place' | 'policies' | 'checkSignature' | 'signWithPassword' | 'describe'>
  persons: Persons | undefined
  proxySeconds: number
}

/** Longest validity of a control ticket without a policy entry `scheduled`. §7.6 */
export const CONTROL_SECONDS = 900
const CONTROL_TASK = 8

export function createTickets({ pool, machine, persons, proxySeconds }: TicketsOptions): Tickets {
  const refused = (why: string, object?: string): HesError => new HesError('TICKET_REFUSED', why, object === undefined ? {} : { object })

  /** The person behind a user, whose key may just be in the making. */
  const personOf = async (id: string, username: string): Promise<string> => {
    await persons?.settled(id)
    const user = await findUser(pool, { id })
    if (user?.person) return user.person
    throw refused(`${username} has no signing key in the crypto machine: ${persons ? 'log in once more, or set a password' : 'an administrator must enter the person and link it to the user'}.`, `user/${username}`)
  }

  /** Who may be the second person; those who hold no other duty first. */
  const candidates = async (operator: Operator): Promise<UserRecord[]> =>
    (await listUsers(pool))
      .filter((user) => user.id !== operator.id && !user.disabled && user.person !== null && hasRight(user.roles, 'command.decide'))
      .sort((a, b) => a.roles.length - b.roles.length || (a.username < b.username ? -1 : 1))

  const approverOf = async (operator: Operator, named: string | undefined): Promise<UserRecord> => {
    if (named === operator.username) throw new HesError('SAME_PERSON')
    const able = await candidates(operator)
    const found = named === undefined ? able[0] : able.find((user) => user.username === named)
    if (found) return found
    if (named === undefined) throw refused('There is nobody else who may approve: a second user with the role approver and a signing key is needed.')
    throw new HesError('BODY_INVALID', `${named} cannot approve; ${able.length === 0 ? 'nobody can' : `there are ${able.map(({ username }) => username).join(', ')}`}.`)
  }

  const mayLast = async (validSeconds: number): Promise<void> => {
    if (validSeconds <= CONTROL_SECONDS) return
    const { policies } = await askMachine(machine, 'policies', {})
    if (policies.some(({ task, allows }) => task === CONTROL_TASK && allows === 'scheduled')) return
    throw new HesError('BODY_INVALID', `A control command may wait ${CONTROL_SECONDS} seconds at most; more needs a policy entry "scheduled" by two administrators.`)
  }

  const areaOf = async (address: string): Promise<string> => {
    try {
      return (await askMachine(machine, 'place', { address })).area
    } catch (error) {
      if (!(error instanceof HesError) || error.code !== 'NOT_FOUND') throw error
      throw refused(`The crypto machine does not know where ${address} is${persons ? ' yet; try again in a moment' : ': administrators must place it'}.`, `meter/${address}`)
    }
  }

  const peopleOf = async (operator: Operator, named: string | undefined): Promise<{ person: string; approver: UserRecord }> => {
    const [person, approver] = await Promise.all([personOf(operator.id, operator.username), approverOf(operator, named)])
    return { person, approver }
  }

  const prepareFor: Tickets['prepareFor'] = async ({ device, apdu, operator, approver: named, validSeconds }) => {
    const [{ person, approver }, area] = await Promise.all([peopleOf(operator, named), areaOf(device)])
    const { tkt } = await askMachine(machine, 'prepareTicket', { operator: person, approver: approver.person, area, validSeconds, apdu, devices: [device] })
    return { ticket: Buffer.from(tkt), approver: approver.username }
  }

  return {
    prepareFor,
    prepare: async ({ meter, action, operator, approver: named, validSeconds }) => {
      await mayLast(validSeconds)
      return prepareFor({ device: protectorOf(meter), apdu: ticketRequest(meter, action, proxySeconds), operator, approver: named, validSeconds })
    },
    prepareBatch: async ({ meters, action, operator, approver: named, validSeconds }) => {
      await mayLast(validSeconds)
      const { person, approver } = await peopleOf(operator, named)
      const places = await machine.place(meters.map((meter) => ({ address: protectorOf(meter) })))
      const skipped: Skipped[] = []
      /** By area and by what is asked: devices of one ticket share both. */
      const groups = new Map<string, { area: string; apdu: Buffer; meters: MeterView[] }>()
      for (const [at, meter] of meters.entries()) {
        const place = places[at]
        if (!place?.ok) {
          skipped.push({ meter: meter.address, code: 'TICKET_REFUSED', message: `The crypto machine does not know where ${protectorOf(meter)} is.` })
          continue
        }
        const apdu = ticketRequest(meter, action, proxySeconds)
        const key = `${place.value.area} ${apdu.toString('hex')}`
        const group = groups.get(key) ?? { area: place.value.area, apdu, meters: [] }
        groups.set(key, group)
        group.meters.push(meter)
      }
      if (groups.size > MAX_BATCH_TICKETS) {
        throw new HesError('LIMIT', `This would take ${groups.size} tickets, and a batch has ${MAX_BATCH_TICKETS} at most: meters without keys of their own take one each. Split the list.`)
      }
      const asked = [...groups.values()]
      const made = await machine.prepareTicket(asked.map(({ area, apdu, meters: of }) => ({ operator: person, approver: approver.person, area, validSeconds, apdu, devices: of.map(protectorOf) })))
      const tickets = asked.flatMap(({ meters: of }, at) => {
        const outcome = made[at]
        if (outcome?.ok) return [{ tkt: Buffer.from(outcome.value.tkt), devices: of.map(({ address, terminal }) => ({ meter: address, terminal })) }]
        skipped.push(...of.map(({ address }) => ({ meter: address, code: outcome?.code ?? 'INTERNAL', message: 'The crypto machine makes no ticket for it.' })))
        return []
      })
      return { approver: approver.username, tickets, skipped }
    },
    peopleFor: async (operator, named) => {
      const { person, approver } = await peopleOf(operator, named)
      return { person, approver: { username: approver.username, person: approver.person as string } }
    },
    sign: async ({ object, ticket, sigOperator, person: signer }, operator, { signature, password }) => {
      const after = sigOperator === null ? {} : { after: sigOperator }
      if (password !== undefined) {
        const person = await personOf(operator.id, operator.username)
        return Buffer.from((await askMachine(machine, 'signWithPassword', { person, password, message: ticket, ...after })).signature)
      }
      if (signature === undefined) throw new HesError('BODY_INVALID', 'Send {signature}, made over the ticket with your own key, or {password} in a laboratory.')
      const bytes = fromHex(signature)
      const { genuine } = await askMachine(machine, 'checkSignature', { message: ticket, signature: bytes, ...after, ...(signer === undefined ? {} : { person: signer }) })
      if (!genuine) throw new HesError('TICKET_REFUSED', 'This is not a signature over the ticket by the person it names.', { object })
      return Buffer.from(bytes)
    },
    words: (ticket) => askMachine(machine, 'describe', { message: ticket }).catch((error: unknown) => {
      if (error instanceof HesError) return null
      throw error
    }),
  }
}
