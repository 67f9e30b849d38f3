import { HesError } from '@zhuzhan/core'
import type { Clock } from '@zhuzhan/core'
import { STANDARD_READ } from '@zhuzhan/contracts'
import type { CommandAction, CommandState, ControllableLoad, LoadObjects, SetPoint } from '@zhuzhan/contracts'
import { mayBeControlled, protectorOf, supplyPreserved } from '@zhuzhan/dispatch'
import type { Delivery, ModuleStates } from '@zhuzhan/dispatch'
import { createCostProtections, findMeter } from '@zhuzhan/persistence'
import type { ControlAction } from '@zhuzhan/dlt698'
import type { CommandRecord, CommandStore } from '@zhuzhan/persistence'
import { currentTraceparent, withSpan } from '@zhuzhan/telemetry'
import type pg from 'pg'
import { mustHave } from '../auth/guard.js'
import type { Operator } from '../auth/people.js'
import type { Proof, Tickets, Unsigned } from './tickets.js'

export interface NewRequest {
  meter: string
  action: CommandAction
  reason?: string | undefined
  expiresInSeconds: number
  oads?: readonly string[] | undefined
  setPoint?: SetPoint | undefined
  /** A charging pile when absent. */
  load?: ControllableLoad | undefined
  /** Control: user who must approve, and (laboratories) the requester's password, which signs at once. */
  approver?: string | undefined
  password?: string | undefined
}

export interface CommandService {
  /** @throws HesError NOT_FOUND, RIGHT_MISSING, TICKET_REFUSED, STATE_CONFLICT, and what signing throws */
  submit(request: NewRequest, operator: Operator): Promise<CommandRecord>
  /** The requester's signature. @throws HesError NOT_FOUND, RIGHT_MISSING, COMMAND_EXPIRED, STATE_CONFLICT, and what signing throws */
  sign(id: string, operator: Operator, proof: Proof): Promise<CommandRecord>
  /** @throws HesError SAME_PERSON, RIGHT_MISSING, NOT_FOUND, COMMAND_EXPIRED, STATE_CONFLICT, and what signing throws */
  approve(id: string, operator: Operator, proof: Proof, reason: string | undefined): Promise<CommandRecord>
  /** @throws HesError SAME_PERSON, RIGHT_MISSING, NOT_FOUND, COMMAND_EXPIRED, STATE_CONFLICT */
  reject(id: string, operator: Operator, reason: string | undefined): Promise<CommandRecord>
}

export interface CommandServiceDeps {
  pool: pg.Pool
  store: CommandStore
  delivery: Delivery
  tickets: Tickets
  loadObjects: LoadObjects
  clock: Clock
  /** For a word before two people sign; the machine refuses a suspect device in any case. */
  modules?: ModuleStates | undefined
}

/** States in which nothing has been decided. */
const UNDECIDED: readonly CommandState[] = ['accepted', 'awaiting_approval']

/**
 * Takes commands in and lets people decide on them. What moves supply goes by a ticket: the requester signs it, the second person
 * named in it signs both, and the crypto machine judges it when it is sent; roles here come on top. A read goes on at once. Every
 * step is a row with its audit entry before anything is handed on, so a crash leaves a command behind that the sweeper finishes or
 * lets expire, never one that was sent without a record.
 */
export function createCommandService({ pool, store, delivery, tickets, loadObjects, clock, modules }: CommandServiceDeps): CommandService {
  const ask = async (request: NewRequest, operator: Operator): Promise<CommandRecord> => {
    mustHave(operator, request.action === 'read' ? 'command.submit' : 'command.control')
    const meter = await findMeter(pool, request.meter)
    if (!meter) throw new HesError('NOT_FOUND', `There is no meter ${request.meter}.`)
    if (request.action !== 'read') {
      mayBeControlled(meter, request.action)
      const preserved = request.action === 'trip' ? (await createCostProtections(pool).preserved([meter.address], new Date(clock.now()))).get(meter.address) : undefined
      if (preserved !== undefined) throw supplyPreserved(meter.address, preserved)
      const protector = protectorOf(meter)
      if ((await modules?.of([protector]))?.get(protector) === 'suspect') throw new HesError('DEVICE_SUSPECT', undefined, { object: `meter/${meter.address}` })
    }
    const setPoint = request.action === 'set-power' && request.setPoint ? { object: loadObjects[request.load ?? 'pile'], setPoint: request.setPoint } : undefined
    if (request.action === 'set-power' && !setPoint) throw new HesError('BODY_INVALID', 'A set-power command needs its set-point.')
    const prepared = request.action === 'read' ? undefined : await tickets.prepare({
      meter, action: setPoint ?? request.action as ControlAction, operator, approver: request.approver, validSeconds: request.expiresInSeconds,
    })
    const traceParent = currentTraceparent()
    return store.create({
      meterAddress: meter.address,
      terminalAddress: meter.terminal,
      action: request.action,
      parameters: setPoint ?? (prepared ? {} : { oads: request.oads ?? STANDARD_READ }),
      requestedBy: operator.username,
      expiresAt: new Date(clock.now() + request.expiresInSeconds * 1_000),
      ...prepared,
      ...(request.reason === undefined ? {} : { reason: request.reason }),
      ...(traceParent === undefined ? {} : { traceParent }),
    })
  }

  const submit = async (request: NewRequest, operator: Operator): Promise<CommandRecord> => {
    const command = await ask(request, operator)
    if (request.password !== undefined) return sign(command.id, operator, { password: request.password })
    if (command.ticket) return command
    const queued = await store.move(command.id, { from: ['accepted'], to: 'queued', who: operator.username })
    if (!queued) throw movedByOthers(command.id)
    await delivery.handOver(queued)
    return queued
  }

  /** @throws HesError COMMAND_EXPIRED, with the row expired as well */
  const inTime = async ({ id, state, expiresAt }: CommandRecord): Promise<void> => {
    if (!UNDECIDED.includes(state) || expiresAt.getTime() > clock.now()) return
    await store.move(id, { from: [state], to: 'expired', who: 'operator-api', code: 'COMMAND_EXPIRED' })
    throw new HesError('COMMAND_EXPIRED', undefined, { object: `command/${id}` })
  }
  const undecidable = async (id: string): Promise<HesError> => {
    const state = (await store.find(id))?.state ?? 'gone'
    return new HesError('STATE_CONFLICT', `The command is ${state}; ${state === 'accepted' ? 'its requester must sign it first' : 'nobody can decide on it now'}.`)
  }

  const sign: CommandService['sign'] = async (id, operator, proof) => {
    const command = await found(id)
    const object = `command/${id}`
    if (command.requestedBy !== operator.username) throw new HesError('RIGHT_MISSING', `Only ${command.requestedBy}, who asked for it, signs first; who approves signs with "approve".`, { object })
    mustHave(operator, 'command.control')
    await inTime(command)
    if (command.state !== 'accepted') throw await undecidable(id)
    const sigOperator = await tickets.sign(unsigned(command), operator, proof)
    const signed = await store.move(id, { from: ['accepted'], to: 'awaiting_approval', who: operator.username, sigOperator })
    if (!signed) throw await undecidable(id)
    return signed
  }

  /** Before rights and state: whoever asked is never the second person, whatever his roles. */
  const secondPerson = async (id: string, operator: Operator): Promise<CommandRecord> => {
    const command = await store.find(id)
    if (command?.requestedBy === operator.username) throw new HesError('SAME_PERSON', undefined, { object: `command/${id}` })
    mustHave(operator, 'command.decide')
    if (!command) throw new HesError('NOT_FOUND', 'There is no such command.')
    await inTime(command)
    return command
  }
  const found = async (id: string): Promise<CommandRecord> => {
    const command = await store.find(id)
    if (!command) throw new HesError('NOT_FOUND', 'There is no such command.')
    return command
  }

  return {
    submit: (request, operator) => withSpan('api.command.submit', () => submit(request, operator), { attributes: { 'zhuzhan.action': request.action, 'zhuzhan.meter': request.meter } }),
    sign,
    approve: async (id, operator, proof, reason) => {
      const command = await secondPerson(id, operator)
      if (command.state !== 'awaiting_approval') throw await undecidable(id)
      if (command.approver !== operator.username) {
        throw new HesError('RIGHT_MISSING', `The ticket names ${command.approver ?? 'nobody'} as its approver; ${command.requestedBy} can ask anew with "approver": "${operator.username}".`, { object: `command/${id}` })
      }
      const sigApprover = await tickets.sign(unsigned(command), operator, proof)
      const approved = await store.move(id, { from: ['awaiting_approval'], to: 'approved', who: operator.username, decidedBy: operator.username, sigApprover, ...why(reason) })
      if (!approved) throw await undecidable(id)
      return (await delivery.release(approved)) ?? approved
    },
    reject: async (id, operator, reason) => {
      await secondPerson(id, operator)
      const rejected = await store.move(id, { from: UNDECIDED, to: 'rejected', who: operator.username, decidedBy: operator.username, ...why(reason) })
      if (!rejected) throw await undecidable(id)
      return rejected
    },
  }
}

/** @throws HesError STATE_CONFLICT for a command without a ticket of its own */
function unsigned({ id, ticket, sigOperator, batch }: CommandRecord): Unsigned {
  if (!ticket) throw new HesError('STATE_CONFLICT', batch === null ? 'This command has no ticket to sign.' : `This command is decided with batch ${batch}: sign and approve it there.`)
  return { object: `command/${id}`, ticket, sigOperator }
}

const why = (reason: string | undefined): { why?: string } => (reason === undefined ? {} : { why: reason })
const movedByOthers = (id: string): HesError => new HesError('STATE_CONFLICT', 'The command was moved by somebody else.', { object: `command/${id}` })
