import { KEY_UPDATE_STATES, OPEN_KEY_UPDATE_STATES, outcomeValue } from '@zhuzhan/contracts'
import type { CryptoMachine, KeyUpdateState, KeyUpdateView, RotationAnswer } from '@zhuzhan/contracts'
import type { RotationRecord } from '@zhuzhan/persistence'

const PAGE = 4_096

/** Every device of a rotation as the crypto machine has it, by order and address. */
export async function updatesOf(machine: CryptoMachine, rotation: RotationRecord): Promise<KeyUpdateView[]> {
  const found: KeyUpdateView[] = []
  for (const { order, kind, submitted } of rotation.orders) {
    if (kind !== 'key-update' || !submitted) continue
    for (let after = ''; ;) {
      const { updates } = outcomeValue<'keyUpdates'>((await machine.keyUpdates([{ order, limit: PAGE, ...(after === '' ? {} : { after }) }]))[0])
      found.push(...updates)
      after = updates.at(-1)?.address ?? ''
      if (updates.length < PAGE) break
    }
  }
  return found
}

const isOpen = ({ state }: KeyUpdateView): boolean => OPEN_KEY_UPDATE_STATES.includes(state)

export function rotationAnswer(rotation: RotationRecord, updates: readonly KeyUpdateView[]): RotationAnswer {
  const { id, requestedBy, reason, keyVersion, devices, skipped, orders } = rotation
  const progress = Object.fromEntries(KEY_UPDATE_STATES.map((state) => [state, updates.filter((one) => one.state === state).length])) as Record<KeyUpdateState, number>
  const stuck = (one: KeyUpdateView): boolean => one.unreachable || one.suspect
  const state = (): RotationAnswer['state'] => {
    if (orders.some(({ submitted }) => !submitted)) return 'unsigned'
    if (updates.some((one) => isOpen(one) && !stuck(one))) return 'running'
    return progress.done === devices ? 'done' : 'attention'
  }
  return {
    id, requestedBy, reason, keyVersion, devices, skipped, progress, createdAt: rotation.createdAt.toISOString(), state: state(),
    unreachable: updates.filter((one) => isOpen(one) && one.unreachable).length, suspect: updates.filter((one) => isOpen(one) && one.suspect).length,
  }
}

/** What a person can do about a device that does not go on by itself. */
export function adviceOf(update: KeyUpdateView): string | null {
  if (isOpen(update) && update.suspect) return 'Its modules are in doubt. Look at the device; when administrators bind its modules anew (order bind-modules), the update goes on by itself.'
  if (isOpen(update) && update.unreachable) return 'It refused both its old and its new keys. Both are kept and tried on at each connection. If it stays so, the device was replaced or its keys are lost: look at it on site.'
  if (update.state === 'refused') return 'It refused the new keys (DAR 22) and works on with the old ones. Ask for another rotation to a higher version.'
  if (update.state === 'aborted') return 'The update was taken back; the device works on with the old keys.'
  if (update.state === 'ordered') return 'Nothing was sent yet: it begins when the terminal is connected.'
  return null
}
