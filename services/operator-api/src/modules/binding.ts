import { HesError } from '@zhuzhan/core'
import { outcomeValue } from '@zhuzhan/contracts'
import type { BindModulesAnswer, BindModulesBody, BoundModule, CryptoMachine, CryptoResult } from '@zhuzhan/contracts'
import { signWithPasswords } from '../keys/orders.js'
import type { SignaturePair } from '../keys/orders.js'

/** The order `bind-modules`: from what is bound and what changed. docs/security/modules.md */

const VALID_SECONDS = 24 * 3_600
const FIRST_VERSION = 1

/** Words for reasons of the machine that an operator can do something about. */
const HELP: Record<string, string> = {
  'serial-bound-elsewhere': 'One of these modules is bound to another device; bind that one without it first.',
  'one-serial-twice': 'A module is in one slot only.',
  'chip-needed': 'Only the carrier module (slot 2) may be without a chip.',
  'two-administrators': 'This takes two different administrators.',
  'not-enrolled': 'The crypto machine has no keys of this device.',
}

export interface Binding {
  /** @throws HesError BODY_INVALID, DEVICE_NOT_ENROLLED, ORDER_REFUSED */
  ask(address: string, body: BindModulesBody): Promise<BindModulesAnswer>
  /** @throws HesError BODY_INVALID for an order about anything else, ORDER_REFUSED */
  submit(address: string, order: Uint8Array, pair: SignaturePair): Promise<void>
}

export function createBinding(machine: CryptoMachine): Binding {
  const submit: Binding['submit'] = async (address, order, { first, second }) => {
    // Who may bind modules may not hand in whatever else administrators signed.
    const { title, lines } = outcomeValue<'describe'>((await machine.describe([{ message: order }]))[0])
    if (title.en !== TITLE || !lines.some(({ value }) => value.en === address)) throw new HesError('BODY_INVALID', `This is no order that binds modules of ${address}.`)
    const [outcome] = await machine.submitOrder([{ order, sigFirst: first, sigSecond: second }])
    if (outcome?.ok === false && outcome.code === 'ORDER_REFUSED') {
      const reason = String(outcome.context?.['reason'] ?? '')
      throw new HesError('ORDER_REFUSED', HELP[reason] ?? `The crypto machine did not carry the order out${reason ? ` (${reason})` : ': a signature, its signer or its time was not accepted'}.`, { object: `device/${address}` })
    }
    outcomeValue<'submitOrder'>(outcome)
  }

  return {
    submit,
    ask: async (address, { changes, signers }) => {
      const [first, second] = signers
      const { modules } = outcomeValue<'deviceModules'>((await machine.deviceModules([{ address, history: 1 }]))[0])
      const body = { kind: 'bind-modules' as const, address, modules: boundAfter(modules, changes) }
      if (body.modules.length === 0) throw new HesError('BODY_INVALID', 'A device has one module at least.')
      const [prepared] = await machine.prepareOrder([{ first: first.person, second: second.person, body, validSeconds: VALID_SECONDS }])
      const { order, words } = outcomeValue<'prepareOrder'>(prepared)
      const known = first.password !== undefined && second.password !== undefined
        ? ([{ person: first.person, password: first.password }, { person: second.person, password: second.password }] as const)
        : undefined
      if (known) await submit(address, order, await signWithPasswords(machine, order, known))
      return {
        carriedOut: known !== undefined, order: Buffer.from(order).toString('base64'),
        words: { title: words.title.en, lines: words.lines.map(({ label, value }) => `${label.en}: ${value.en}`) },
      }
    },
  }
}

/** Title of such an order, as the machine reads it out (describe-order.ts of packages/osp1). */
const TITLE = 'Bind modules to a meter; it counts as trusted again'

/** @throws HesError BODY_INVALID for a new module without its model */
export function boundAfter(modules: CryptoResult<'deviceModules'>['modules'], changes: BindModulesBody['changes']): BoundModule[] {
  const bound = new Map(
    modules.filter(({ registered }) => registered).map(({ slot, serial, model, chip, keyState, keyVersion }): [number, BoundModule] => [slot, { slot, serial, model, chip, keyState: keyState ?? 1, keyVersion: keyVersion ?? FIRST_VERSION }]),
  )
  for (const { slot, serial, model, chip, keyState, keyVersion = FIRST_VERSION } of changes) {
    const before = bound.get(slot)
    bound.delete(slot)
    if (serial === undefined) continue
    const name = model === undefined ? before?.model : Buffer.from(model.padEnd(8, '\0'), 'latin1').toString('hex').toUpperCase()
    if (name === undefined) throw new HesError('BODY_INVALID', `Say the model of the module in slot ${slot}: none was bound there.`, { path: 'changes' })
    bound.set(slot, { slot, serial, model: name, chip, keyState, keyVersion })
  }
  return [...bound.values()].sort((a, b) => a.slot - b.slot)
}
