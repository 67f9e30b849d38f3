import { HesError } from '@zhuzhan/core'
import { equalBytes } from '@zhuzhan/gm-crypto'
import type { Purpose } from '@zhuzhan/osp1'
import type { Vault } from '../../keys/vault.js'
import type { MachineStore, RootKeyName } from '../../store/store.js'
import type { SdfKeys } from './keys-file.js'
import type { SdfModel } from './model.js'
import type { KeySource, SdfSession } from './session.js'

export interface RootOptions {
  model: SdfModel
  keys: SdfKeys
  store: MachineStore
  vault: Vault
}

export const rootName = ({ keyState, keyVersion, purpose }: RootKeyName): string => `sdf-root-key/${keyState}/${keyVersion}/${purpose}`
export const workingName = (name: string): string => `sdf-working-key/${name}`

/**
 * Where each root key comes from, as far as it exists already. The wrapped form lies in the database, wrapped once more
 * under its name: a device's wrap says nothing of which key it is, so that rows could be swapped.
 * @throws HesError CONFIG_INVALID for a database of another provider, or when a key of the configuration is not the stored one
 */
export async function storedRoots({ model, keys, store, vault }: RootOptions): Promise<Map<string, KeySource>> {
  const sources = new Map<string, KeySource>()
  if (model.rootKeys === 'stored') {
    for (const { index, ...root } of keys.roots) sources.set(rootName(nameOf(root)), { stored: index })
    return sources
  }
  const rows = new Map((await store.rootKeys()).filter(({ status }) => status !== 'destroyed').map((row) => [rootName(row), row.wrapped]))
  for (const { index, wrapped: given, ...root } of keys.roots) {
    const name = rootName(nameOf(root))
    const row = rows.get(name)
    const stored = row && openRow(vault, name, row)
    // Every device key hangs on its root: one that changed under a running database would silence all meters.
    if (stored && given && !equalBytes(stored, given))
      throw new HesError('CONFIG_INVALID', `the keys file gives another ${name} than this database was made with`)
    const wrapped = stored ?? given
    if (wrapped) sources.set(name, { kek: index, wrapped })
  }
  return sources
}

/** Let the device make root keys that do not exist yet, and keep them and those the configuration brought. */
export async function addMissingRoots(options: RootOptions, sources: Map<string, KeySource>, session: SdfSession): Promise<void> {
  const { model, keys, store, vault } = options
  if (model.rootKeys === 'stored') return
  const known = new Set((await store.rootKeys()).map(rootName))
  const fresh: { root: RootKeyName; wrapped: Buffer }[] = []
  for (const { index, wrapped: given, ...row } of keys.roots) {
    const root = nameOf(row)
    if (known.has(rootName(root))) continue
    const wrapped = given ?? (await makeRoot(session, index))
    sources.set(rootName(root), { kek: index, wrapped })
    fresh.push({ root, wrapped })
  }
  if (fresh.length === 0) return
  await store.addRootKeys(
    fresh.map(({ root, wrapped }) => ({ ...root, wrapped: vault.wrap(rootName(root), wrapped) })),
    { kind: 'root-keys-made', subject: `${fresh.length} in the cipher device` },
  )
}

async function makeRoot(session: SdfSession, kek: number): Promise<Buffer> {
  const { handle, wrapped } = await session.newWrappedKey(kek)
  await session.destroyKey(handle)
  return wrapped
}

function openRow(vault: Vault, name: string, wrapped: Buffer): Buffer {
  try {
    return vault.unwrap(name, wrapped)
  } catch (error) {
    throw new HesError('CONFIG_INVALID', 'the root keys of this database are not those of a cipher device, or were changed', {}, { cause: error })
  }
}

function nameOf(row: { keyState: number; keyVersion: number; purpose: string }): RootKeyName {
  return { keyState: row.keyState, keyVersion: row.keyVersion, purpose: row.purpose as Purpose }
}
