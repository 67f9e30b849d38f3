import { randomUUID } from 'node:crypto'
import { HesError } from '@zhuzhan/core'
import { outcomeValue } from '@zhuzhan/contracts'
import type { CryptoMachine, NewRotationBody } from '@zhuzhan/contracts'
import type { Enqueue } from '@zhuzhan/dispatch'
import type { RotationRecord, RotationStore } from '@zhuzhan/persistence'
import type { Operator } from '../auth/people.js'
import { planRotation, prepareOrders, signWithPasswords } from './orders.js'
import type { SignaturePair } from './orders.js'

/** Rotations of device keys: planned and noted here, ordered by two administrators, carried out by front ends. */
export interface Rotations {
  /** @throws HesError NOT_FOUND, STATE_CONFLICT, ORDER_REFUSED, UNAVAILABLE */
  ask(body: NewRotationBody, operator: Operator): Promise<RotationRecord>
  /** @throws HesError NOT_FOUND, BODY_INVALID, ORDER_REFUSED */
  sign(id: string, signatures: readonly SignaturePair[], operator: Operator): Promise<RotationRecord>
}

export interface RotationsDeps {
  store: RotationStore
  machine: CryptoMachine
  enqueue: Enqueue
}

/** Words for reasons of the machine that an operator can do something about. */
const HELP: Record<string, string> = {
  'update-open': 'Another key update of one of these devices is open; ask again and it is left out.',
  suspect: 'One of these devices became suspect; ask again and it is left out.',
  'two-administrators': 'This takes two different administrators.',
  'root-keys-withdrawn': 'Root keys of this version were withdrawn; choose a higher version.',
  'no-such-root-keys': 'There are no root keys of this version, and this key provider makes none by order: run its key ceremony first.',
  provider: 'This key provider makes no root keys by order: run its key ceremony first, then ask with that version.',
}

export function createRotations({ store, machine, enqueue }: RotationsDeps): Rotations {
  const find = async (id: string): Promise<RotationRecord> => {
    const found = await store.find(id)
    if (!found) throw new HesError('NOT_FOUND', 'There is no such rotation.')
    return found
  }

  const submit = async (rotation: RotationRecord, pairs: readonly SignaturePair[], who: string): Promise<void> => {
    const waiting = rotation.orders.filter(({ submitted }) => !submitted)
    if (pairs.length !== waiting.length) throw new HesError('BODY_INVALID', `${waiting.length} orders wait for signatures, not ${pairs.length}.`)
    for (const [i, { order, message }] of waiting.entries()) {
      const { first, second } = pairs[i] as SignaturePair
      const [outcome] = await machine.submitOrder([{ order: Buffer.from(message, 'base64'), sigFirst: first, sigSecond: second }])
      const reason = outcome?.ok === false ? String(outcome.context?.['reason'] ?? '') : ''
      // Carried out before: an answer was lost, or somebody made these root keys meanwhile.
      if (!['carried-out-before', 'exists'].includes(reason)) {
        if (outcome?.ok === false && outcome.code === 'ORDER_REFUSED')
          throw new HesError('ORDER_REFUSED', HELP[reason] ?? `The crypto machine did not carry the order out${reason ? ` (${reason})` : ': a signature, its signer or its time was not accepted'}.`, { ...(reason && { reason }) })
        outcomeValue<'submitOrder'>(outcome)
      }
      await store.submitted(rotation.id, order, who)
    }
    // At once, not at the next tick; if the queue is away the tick does it.
    await enqueue('keys.tick', {}).catch(() => undefined)
  }

  return {
    async ask(body, operator) {
      const scope = await store.scope({ addresses: body.devices, area: body.area })
      const unprotected = body.devices?.find((address) => !scope.includes(address))
      if (unprotected !== undefined) throw new HesError('NOT_FOUND', `${unprotected} is no registered device with profile sm; only those have keys of their own.`)
      const plan = await planRotation(machine, scope, body.keyVersion)
      if (plan.devices.length === 0) {
        const first = plan.skipped[0]
        throw new HesError('STATE_CONFLICT', first ? `No device is left to rotate. ${first.address}: ${first.why}.` : 'No registered device with profile sm is in this scope.')
      }
      const orders = await prepareOrders(machine, plan, body.signers)
      const [first, second] = body.signers
      const passwords = first.password !== undefined && second.password !== undefined
        ? ([{ person: first.person, password: first.password }, { person: second.person, password: second.password }] as const)
        : undefined
      // Before anything is noted: a wrong password leaves nothing behind.
      const pairs: SignaturePair[] = []
      for (const { message } of passwords ? orders : []) if (passwords) pairs.push(await signWithPasswords(machine, Buffer.from(message, 'base64'), passwords))
      const rotation = await store.add({
        id: randomUUID(), requestedBy: operator.username, reason: body.reason ?? null, keyVersion: plan.keyVersion, devices: plan.devices.length, skipped: plan.skipped, orders,
      })
      if (passwords) await submit(rotation, pairs, operator.username)
      return find(rotation.id)
    },
    async sign(id, signatures, operator) {
      await submit(await find(id), signatures, operator.username)
      return find(id)
    },
  }
}
