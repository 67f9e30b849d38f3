import { HesError } from '@zhuzhan/core'
import type { Clock } from '@zhuzhan/core'
import type { CryptoMachine, NewMandateBody } from '@zhuzhan/contracts'
import { areaCode, askMachine } from '@zhuzhan/dispatch'
import type { MandateRecord, MandateRowState, MandateStore } from '@zhuzhan/persistence'
import type { Office } from '../authority/office.js'
import { mustHave } from '../auth/guard.js'
import type { Operator } from '../auth/people.js'
import type { Proof, Tickets } from '../commands/tickets.js'

/** Standing mandates: drafted by the crypto machine, signed by two people, then known to it. OSP-1 §7.6 */
export interface Mandates {
  /** @throws HesError RIGHT_MISSING, TICKET_REFUSED without a service or people with keys, and what signing throws */
  draft(request: NewMandateBody, operator: Operator): Promise<MandateRecord>
  /** @throws HesError NOT_FOUND */
  find(mandate: string): Promise<MandateRecord>
  /** The first signature. @throws HesError NOT_FOUND, RIGHT_MISSING, STATE_CONFLICT, and what signing throws */
  sign(mandate: string, operator: Operator, proof: Proof): Promise<MandateRecord>
  /** The second; the machine takes the mandate in. @throws HesError as `sign`, SAME_PERSON, TICKET_REFUSED */
  approve(mandate: string, operator: Operator, proof: Proof): Promise<MandateRecord>
  /** @throws HesError as `approve` */
  reject(mandate: string, operator: Operator): Promise<MandateRecord>
  /** From now on the station does not use it; the machine forgets it by order of an administrator, in a laboratory at once. */
  stop(mandate: string, operator: Operator): Promise<{ record: MandateRecord; carriedOut: boolean }>
}

export interface MandatesDeps {
  store: MandateStore
  machine: Pick<CryptoMachine, 'prepareMandate' | 'submitMandate' | 'mandates' | 'people'>
  tickets: Pick<Tickets, 'peopleFor' | 'sign'>
  /** Laboratories. */
  office: Office | undefined
  clock: Clock
}

const DAY_SECONDS = 86_400
const UNDECIDED: readonly MandateRowState[] = ['drafted', 'awaiting_approval']

export function createMandates({ store, machine, tickets, office, clock }: MandatesDeps): Mandates {
  const objectOf = (mandate: string): string => `mandate/${mandate}`
  const find = async (mandate: string): Promise<MandateRecord> => {
    const found = await store.find(mandate)
    if (!found) throw new HesError('NOT_FOUND', 'There is no such mandate.')
    return found
  }
  const conflict = async (mandate: string): Promise<HesError> => new HesError('STATE_CONFLICT', `The mandate is ${(await store.find(mandate))?.state ?? 'gone'}.`, { object: objectOf(mandate) })

  const onlyService = async (named: string | undefined): Promise<string> => {
    const services = (await askMachine(machine, 'people', {})).people.filter(({ roles, state }) => roles.includes('service') && state === 'active').map(({ person }) => person)
    const found = named ?? (services.length === 1 ? services[0] : undefined)
    if (found !== undefined && services.includes(found)) return found
    throw new HesError('TICKET_REFUSED', services.length === 0 ? 'No service is entered in the crypto machine: administrators must enter one (docs/security/service.md).' : `Name one of the services ${services.join(', ')}.`)
  }

  const sign: Mandates['sign'] = async (mandate, operator, proof) => {
    const record = await find(mandate)
    if (record.requestedBy !== operator.username) throw new HesError('RIGHT_MISSING', `Only ${record.requestedBy}, who drafted it, signs first.`, { object: objectOf(mandate) })
    mustHave(operator, 'command.control')
    if (record.state !== 'drafted') throw await conflict(mandate)
    const sigOperator = await tickets.sign({ object: objectOf(mandate), ticket: record.tkm, sigOperator: null, person: record.operatorPerson }, operator, proof)
    return (await store.move(mandate, ['drafted'], 'awaiting_approval', operator.username, { sigOperator })) ?? Promise.reject(await conflict(mandate))
  }

  const second = async (mandate: string, operator: Operator): Promise<MandateRecord> => {
    const record = await store.find(mandate)
    if (record?.requestedBy === operator.username) throw new HesError('SAME_PERSON', undefined, { object: objectOf(mandate) })
    mustHave(operator, 'command.decide')
    return record ?? find(mandate)
  }
  const known = async (mandate: string): Promise<boolean> => (await askMachine(machine, 'mandates', {})).mandates.some((one) => one.mandate === mandate && !one.revoked)

  return {
    find,
    sign,
    draft: async ({ area, validDays, perHour, perDay, service: named, approver: wanted, password }, operator) => {
      mustHave(operator, 'command.control')
      const [service, { person, approver }] = await Promise.all([onlyService(named), tickets.peopleFor(operator, wanted)])
      const notBefore = Math.floor(clock.now() / 1_000)
      const terms = { service, area: areaCode(area ?? null), notBefore, validSeconds: validDays * DAY_SECONDS, perHour, perDay }
      const { tkm, mandate } = await askMachine(machine, 'prepareMandate', terms)
      const record = await store.create({
        mandate, tkm, service, area: terms.area, areaName: area ?? 'DEFAULT', notBefore: new Date(notBefore * 1_000), notAfter: new Date((notBefore + terms.validSeconds) * 1_000), perHour, perDay,
        requestedBy: operator.username, approver: approver.username, operatorPerson: person, approverPerson: approver.person,
      })
      return password === undefined ? record : sign(mandate, operator, { password })
    },
    approve: async (mandate, operator, proof) => {
      const record = await second(mandate, operator)
      if (record.state !== 'awaiting_approval' || !record.sigOperator) throw await conflict(mandate)
      if (record.approver !== operator.username) throw new HesError('RIGHT_MISSING', `${record.approver} must approve it; ${record.requestedBy} can draft another with "approver": "${operator.username}".`, { object: objectOf(mandate) })
      const sigApprover = await tickets.sign({ object: objectOf(mandate), ticket: record.tkm, sigOperator: record.sigOperator, person: record.approverPerson }, operator, proof)
      await askMachine(machine, 'submitMandate', { tkm: record.tkm, operator: record.operatorPerson, approver: record.approverPerson, sigOperator: record.sigOperator, sigApprover }).catch(async (error: unknown) => {
        // Taken in before, and we were cut off before our row knew.
        if (!(error instanceof HesError) || error.code !== 'TICKET_REFUSED' || !(await known(mandate))) throw error
      })
      return (await store.move(mandate, ['awaiting_approval'], 'in-force', operator.username)) ?? Promise.reject(await conflict(mandate))
    },
    reject: async (mandate, operator) => {
      await second(mandate, operator)
      return (await store.move(mandate, UNDECIDED, 'rejected', operator.username)) ?? Promise.reject(await conflict(mandate))
    },
    stop: async (mandate, operator) => {
      await find(mandate)
      const record = await store.move(mandate, ['drafted', 'awaiting_approval', 'in-force', 'stopped'], 'stopped', operator.username)
      if (!record) throw await conflict(mandate)
      if (!office || !(await known(mandate))) return { record, carriedOut: false }
      await office.order({ kind: 'mandate-revoke', mandate })
      return { record, carriedOut: true }
    },
  }
}
