import { HesError } from '@zhuzhan/core'
import type { Clock } from '@zhuzhan/core'
import type { CommandState, DeviceModulesState, NewCommandBatchBody } from '@zhuzhan/contracts'
import { mayBeControlled, protectorOf, supplyPreserved } from '@zhuzhan/dispatch'
import type { Delivery, ModuleStates } from '@zhuzhan/dispatch'
import type { ControlAction } from '@zhuzhan/dlt698'
import { createCostProtections, findMeters } from '@zhuzhan/persistence'
import type { BatchRecord, BatchSignatures, BatchStore, MeterView } from '@zhuzhan/persistence'
import type pg from 'pg'
import { mustHave } from '../auth/guard.js'
import type { Operator } from '../auth/people.js'
import type { Skipped, Tickets } from './tickets.js'

/** A signature for each ticket, or the password that makes them. */
export interface BatchProof {
  signatures?: readonly { ticket: string; signature: string }[] | undefined
  password?: string | undefined
}

/** Control commands that two people decide on together: one ticket for all devices that can share one. OSP-1 §7.6 */
export interface CommandBatches {
  /** @throws HesError RIGHT_MISSING, NOT_FOUND when no meter is left, and what preparing and signing throw */
  create(request: NewCommandBatchBody, operator: Operator): Promise<{ batch: BatchRecord; skipped: Skipped[] }>
  /** @throws HesError NOT_FOUND */
  find(id: string): Promise<BatchRecord>
  /** @throws HesError NOT_FOUND, RIGHT_MISSING, COMMAND_EXPIRED, STATE_CONFLICT, and what signing throws */
  sign(id: string, operator: Operator, proof: BatchProof): Promise<BatchRecord>
  /** @throws HesError SAME_PERSON and as `sign` */
  approve(id: string, operator: Operator, proof: BatchProof, reason: string | undefined): Promise<BatchRecord>
  /** @throws HesError SAME_PERSON and as `sign` */
  reject(id: string, operator: Operator, reason: string | undefined): Promise<BatchRecord>
}

export interface CommandBatchesDeps {
  pool: pg.Pool
  store: BatchStore
  delivery: Delivery
  tickets: Tickets
  clock: Clock
  modules?: ModuleStates | undefined
  /** Cost control judges its proposals again before a second person's signature counts. */
  beforeApproval?: ((batch: string) => Promise<void>) | undefined
}

const UNDECIDED: readonly CommandState[] = ['accepted', 'awaiting_approval']
/** Jobs added at a time. */
const HANDED_AT_ONCE = 64

export function createCommandBatches({ pool, store, delivery, tickets, clock, modules, beforeApproval }: CommandBatchesDeps): CommandBatches {
  const find = async (id: string): Promise<BatchRecord> => {
    const batch = await store.find(id)
    if (!batch) throw new HesError('NOT_FOUND', 'There is no such batch.')
    return batch
  }
  const objectOf = ({ id }: BatchRecord): string => `command-batch/${id}`

  /** @throws HesError COMMAND_EXPIRED; its commands lapse with the sweep */
  const inTime = (batch: BatchRecord): void => {
    if (batch.expiresAt.getTime() <= clock.now()) throw new HesError('COMMAND_EXPIRED', undefined, { object: objectOf(batch) })
  }
  const needed = (batch: BatchRecord, state: CommandState): void => {
    if ((batch.states[state] ?? 0) > 0) return
    const where = Object.entries(batch.states).map(([name, count]) => `${count} ${name}`).join(', ')
    throw new HesError('STATE_CONFLICT', `No command of this batch is ${state}: ${where}.${state === 'awaiting_approval' && batch.states.accepted ? ' Its requester must sign first.' : ''}`)
  }

  /** A signature over every ticket, or none at all. */
  const signed = async (batch: BatchRecord, by: BatchSignatures['by'], operator: Operator, { password, signatures = [] }: BatchProof): Promise<BatchSignatures> => {
    const given = new Map(signatures.map(({ ticket, signature }) => [ticket, signature]))
    const missing = password === undefined ? batch.tickets.filter(({ id }) => !given.has(id)) : []
    if (missing.length > 0) throw new HesError('BODY_INVALID', `Signatures are missing for ${missing.length} of ${batch.tickets.length} tickets, the first is ${missing[0]?.id}.`)
    const of = new Map<string, Uint8Array>()
    // One after another: trying a password is dear on purpose.
    for (const { id, ticket, sigOperator } of batch.tickets) {
      const proof = password === undefined ? { signature: given.get(id) } : { password }
      of.set(id, await tickets.sign({ object: objectOf(batch), ticket, sigOperator: by === 'operator' ? null : sigOperator }, operator, proof))
    }
    return { by, of }
  }

  const second = async (id: string, operator: Operator): Promise<BatchRecord> => {
    const batch = await store.find(id)
    if (batch?.requestedBy === operator.username) throw new HesError('SAME_PERSON', undefined, { object: objectOf(batch) })
    mustHave(operator, 'command.decide')
    if (!batch) throw new HesError('NOT_FOUND', 'There is no such batch.')
    inTime(batch)
    return batch
  }

  const sign: CommandBatches['sign'] = async (id, operator, proof) => {
    const batch = await find(id)
    if (batch.requestedBy !== operator.username) throw new HesError('RIGHT_MISSING', `Only ${batch.requestedBy}, who asked for it, signs first; who approves signs with "approve".`, { object: objectOf(batch) })
    mustHave(operator, 'command.control')
    inTime(batch)
    needed(batch, 'accepted')
    await store.move(id, { from: ['accepted'], to: 'awaiting_approval', who: operator.username }, await signed(batch, 'operator', operator, proof))
    return find(id)
  }

  return {
    create: async (request, operator) => {
      mustHave(operator, 'command.control')
      const wanted = [...new Set(request.meters)]
      const known = new Map((await findMeters(pool, wanted)).map((meter) => [meter.address, meter]))
      const skipped: Skipped[] = []
      const meters: MeterView[] = []
      const states = await modules?.of([...known.values()].map(protectorOf))
      const preserved = request.action === 'trip' ? await createCostProtections(pool).preserved(wanted, new Date(clock.now())) : undefined
      for (const address of wanted) {
        const meter = known.get(address)
        const why = meter ? refusalOf(meter, request.action, states?.get(protectorOf(meter)), preserved?.get(address)) : new HesError('NOT_FOUND', 'There is no such meter.')
        if (meter && !why) meters.push(meter)
        else if (why) skipped.push({ meter: address, code: why.code, message: why.message })
      }
      if (meters.length === 0) throw new HesError(skipped[0]?.code as 'NOT_FOUND', `None of the ${wanted.length} meters can take it; the first: ${skipped[0]?.meter} ${skipped[0]?.message}`)
      const prepared = await tickets.prepareBatch({ meters, action: request.action as ControlAction, operator, approver: request.approver, validSeconds: request.expiresInSeconds })
      if (prepared.tickets.length === 0) throw new HesError('TICKET_REFUSED', `No ticket can be made; the first: ${prepared.skipped[0]?.meter} ${prepared.skipped[0]?.message}`)
      const id = await store.create({
        action: request.action, requestedBy: operator.username, approver: prepared.approver, tickets: prepared.tickets, expiresAt: new Date(clock.now() + request.expiresInSeconds * 1_000),
        ...(request.reason === undefined ? {} : { reason: request.reason }),
      })
      const batch = request.password === undefined ? await find(id) : await sign(id, operator, { password: request.password })
      return { batch, skipped: [...skipped, ...prepared.skipped] }
    },
    find,
    sign,
    approve: async (id, operator, proof, reason) => {
      await second(id, operator)
      await beforeApproval?.(id)
      const batch = await find(id)
      needed(batch, 'awaiting_approval')
      if (batch.approver !== operator.username) {
        throw new HesError('RIGHT_MISSING', `The tickets name ${batch.approver} as their approver; ${batch.requestedBy} can ask anew with "approver": "${operator.username}".`, { object: objectOf(batch) })
      }
      await store.move(id, { from: ['awaiting_approval'], to: 'approved', who: operator.username, decidedBy: operator.username, ...(reason === undefined ? {} : { why: reason }) }, await signed(batch, 'approver', operator, proof))
      const queued = await store.move(id, { from: ['approved'], to: 'queued', who: 'operator-api' })
      // What a crash leaves behind here, the sweeper hands over.
      for (let at = 0; at < queued.length; at += HANDED_AT_ONCE) await Promise.all(queued.slice(at, at + HANDED_AT_ONCE).map((command) => delivery.handOver(command)))
      return find(id)
    },
    reject: async (id, operator, reason) => {
      const batch = await second(id, operator)
      if (UNDECIDED.every((state) => !batch.states[state])) needed(batch, 'awaiting_approval')
      await store.move(id, { from: UNDECIDED, to: 'rejected', who: operator.username, decidedBy: operator.username, ...(reason === undefined ? {} : { why: reason }) })
      return find(id)
    },
  }
}

/** Why this meter takes no such command. */
function refusalOf(meter: MeterView, action: NewCommandBatchBody['action'], modules: DeviceModulesState | undefined, preserved: string | undefined): HesError | undefined {
  if (preserved !== undefined) return supplyPreserved(meter.address, preserved)
  if (modules === 'suspect') return new HesError('DEVICE_SUSPECT')
  try {
    mayBeControlled(meter, action)
    return undefined
  } catch (error) {
    if (error instanceof HesError) return error
    throw error
  }
}
