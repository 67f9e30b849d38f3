import type { CryptoRequest, CryptoResult, KEY_UPDATE_OPERATIONS } from '@zhuzhan/contracts'
import { RootKeyStatus } from '@zhuzhan/contracts'
import { each } from '../batch.js'
import type { HandlersOf } from '../batch.js'
import type { MachineStore } from '../store/store.js'
import { rootFingerprint } from './root-versions.js'
import type { KeyUpdates } from './updates.js'
import type { Vault } from './vault.js'

const PAGE = 1_000
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex').toUpperCase()

/** Key updates as operations of the port. */
export function createKeyUpdateHandlers({ store, vault, updates }: { store: MachineStore; vault: Vault; updates: KeyUpdates }): HandlersOf<keyof typeof KEY_UPDATE_OPERATIONS> {
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
  const withFingerprints = async (): Promise<CryptoResult<'rootKeys'>['versions']> => {
    const [versions, rows] = await Promise.all([store.rootKeyUse(), store.rootKeys()])
    return versions.map((one) => {
      const own = rows.filter((row) => row.keyState === one.keyState && row.keyVersion === one.keyVersion && row.status !== 'destroyed')
      return { ...one, status: RootKeyStatus.parse(one.status), fingerprints: Object.fromEntries(own.map((row) => [row.purpose, rootFingerprint(vault, row)])) }
    })
  }
  const roots = async (): Promise<CryptoResult<'rootKeys'>> => ({
    versions: await withFingerprints(),
  })
  return {
    keyUpdates: (_owner, batch) => each(batch, page),
    keyUpdateStep: (owner, batch) => each(batch, (request) => updates.step(owner, request)),
    keyDevices: (_owner, batch) => each(batch, async ({ after = '', limit = PAGE }) => ({ devices: await store.keyDevicePage(after, limit) })),
    rootKeys: (_owner, batch) => each(batch, roots),
  }
}
