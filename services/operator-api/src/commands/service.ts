import { HesError } from '@zhuzhan/core'
import type { Clock } from '@zhuzhan/core'
import { CONTROL_ACTIONS, STANDARD_READ } from '@zhuzhan/contracts'
import type { CommandAction } from '@zhuzhan/contracts'
import { findMeter } from '@zhuzhan/persistence'
import type { CommandRecord, CommandStore, MeterView } from '@zhuzhan/persistence'
import { currentTraceparent, withSpan } from '@zhuzhan/telemetry'
import type pg from 'pg'
import { mustHave } from '../auth/guard.js'
import type { Operator } from '../auth/people.js'
import type { Delivery } from './delivery.js'

export interface NewRequest {
  meter: string
  action: CommandAction
  reason?: string | undefined
  expiresInSeconds: number
  oads?: readonly string[] | undefined
}

export interface CommandService {
  /** @throws HesError NOT_FOUND, RIGHT_MISSING, TICKET_REFUSED, STATE_CONFLICT */
  submit(request: NewRequest, operator: Operator): Promise<CommandRecord>
  /** @throws HesError SAME_PERSON, RIGHT_MISSING, NOT_FOUND, COMMAND_EXPIRED, STATE_CONFLICT */
  decide(id: string, decision: 'approve' | 'reject', operator: Operator, reason: string | undefined): Promise<CommandRecord>
}

export interface CommandServiceDeps {
  pool: pg.Pool
  store: CommandStore
  delivery: Delivery
  clock: Clock
}

/**
 * Takes commands in and lets people decide on them; this is where a relay command is decided. What moves supply waits for
 * a second person; a read goes on at once. Every step is a row with its audit entry before anything is handed on, so a
 * crash leaves a command behind that the sweeper finishes or lets expire, never one that was sent without a record.
 */
export function createCommandService({ pool, store, delivery, clock }: CommandServiceDeps): CommandService {
  const submit = async (request: NewRequest, operator: Operator): Promise<CommandRecord> => {
    const control = CONTROL_ACTIONS.has(request.action)
    mustHave(operator, control ? 'command.control' : 'command.submit')
    const meter = await findMeter(pool, request.meter)
    if (!meter) throw new HesError('NOT_FOUND', `There is no meter ${request.meter}.`)
    if (control) mayBeControlled(meter, request.action)

    const traceParent = currentTraceparent()
    const { id } = await store.create({
      meterAddress: meter.address,
      terminalAddress: meter.terminal,
      action: request.action,
      parameters: control ? {} : { oads: request.oads ?? STANDARD_READ },
      requestedBy: operator.username,
      expiresAt: new Date(clock.now() + request.expiresInSeconds * 1_000),
      ...(request.reason === undefined ? {} : { reason: request.reason }),
      ...(traceParent === undefined ? {} : { traceParent }),
    })
    const moved = await store.move(id, { from: ['accepted'], to: control ? 'awaiting_approval' : 'queued', who: operator.username })
    if (!moved) throw new HesError('STATE_CONFLICT', 'The command was moved by somebody else.', { object: `command/${id}` })
    if (!control) await delivery.handOver(moved)
    return moved
  }

  const decide = async (id: string, decision: 'approve' | 'reject', operator: Operator, reason: string | undefined): Promise<CommandRecord> => {
    const command = await store.find(id)
    // Before rights and state: whoever asked is never the second person, whatever his roles.
    if (command?.requestedBy === operator.username) throw new HesError('SAME_PERSON', undefined, { object: `command/${id}` })
    mustHave(operator, 'command.decide')
    if (!command) throw new HesError('NOT_FOUND', 'There is no such command.')
    const who = { who: operator.username, decidedBy: operator.username, ...(reason === undefined ? {} : { why: reason }) }
    if (command.state === 'awaiting_approval' && command.expiresAt.getTime() <= clock.now()) {
      await store.move(id, { from: ['awaiting_approval'], to: 'expired', who: 'operator-api', code: 'COMMAND_EXPIRED' })
      throw new HesError('COMMAND_EXPIRED', undefined, { object: `command/${id}` })
    }
    const decided = await store.move(id, { from: ['awaiting_approval'], to: decision === 'approve' ? 'approved' : 'rejected', ...who })
    if (!decided) throw new HesError('STATE_CONFLICT', `The command is ${(await store.find(id))?.state ?? 'gone'}; nobody can decide on it now.`)
    if (decision === 'reject') return decided
    return (await delivery.release(decided)) ?? decided
  }

  return {
    submit: (request, operator) => withSpan('api.command.submit', () => submit(request, operator), { attributes: { 'zhuzhan.action': request.action, 'zhuzhan.meter': request.meter } }),
    decide,
  }
}

/** Devices that check tickets take no control command without one, and tickets are not issued yet. */
function mayBeControlled(meter: MeterView, action: CommandAction): void {
  const object = `meter/${meter.address}`
  if (meter.securityProfile !== 'plain' || meter.terminalSecurityProfile !== 'plain') {
    throw new HesError('TICKET_REFUSED', `${action} of a device protected by ${meter.securityProfile !== 'plain' ? meter.securityProfile : meter.terminalSecurityProfile} needs a ticket of the crypto machine.`, { object })
  }
  if (meter.kind === 'terminal') throw new HesError('STATE_CONFLICT', `${meter.address} is a terminal, it has no relay.`, { object })
}
