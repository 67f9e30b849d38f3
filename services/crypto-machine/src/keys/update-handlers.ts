import type { CryptoRequest, CryptoResult, KEY_UPDATE_OPERATIONS } from '@zhuzhan/contracts'
import { RootKeyStatus } from '@zhuzhan/contracts'
import { each } from '../batch.js'
import type { HandlersOf } from '../batch.js'
import type { MachineStore } from '../store/store.js'
import type { KeyUpdates } from './updates.js'

const PAGE = 1_000
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex').toUpperCase()

/** Key updates as operations of the port. */
export function createKeyUpdateHandlers({ store, updates }: { store: MachineStore; updates: KeyUpdates }): HandlersOf<keyof typeof KEY_UPDATE_OPERATIONS> {
  const page = async ({ order, after = '', limit = PAGE }: CryptoRequest<'keyUpdates'>): Promise<CryptoResult<'keyUpdates'>> => ({
    updates: (await store.keyUpdatePage({ orderId: order === undefined ? undefined : Buffer.from(order, 'hex'), after, limit })).map(({ address, status, suspect, update }) => ({
      address,
      order: hex(update.orderId),
      update: hex(update.updateId),
      state: update.state,
      keyState: update.newState,
      keyVersion: update.newVersion,
      changedAt: update.changedAt,
      unreachable: status === 'unreachable-key',
      suspect: suspect || status === 'suspect',
    })),
  })
  const roots = async (): Promise<CryptoResult<'rootKeys'>> => ({
    versions: (await store.rootKeyUse()).map((one) => ({ ...one, status: RootKeyStatus.parse(one.status) })),
  })
  return {
    keyUpdates: (_owner, batch) => each(batch, page),
    keyUpdateStep: (owner, batch) => each(batch, (request) => updates.step(owner, request)),
    keyDevices: (_owner, batch) => each(batch, async ({ after = '', limit = PAGE }) => ({ devices: await store.keyDevicePage(after, limit) })),
    rootKeys: (_owner, batch) => each(batch, roots),
  }
}
